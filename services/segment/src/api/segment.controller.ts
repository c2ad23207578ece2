/** Memberships over gRPC: `attrium.segment.v1.SegmentService`. */
import { Access, authorizationOf, PROFILE_ID, ProfileLocator } from '@attrium/host';
import { segmentV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { NoSegmentError, SegmentNamesError } from '../errors.js';
import type { EvaluateAnswer, MembershipsAnswer } from '../question.js';

const EVALUATE_MAX = 100;
/** Definitions have shorter names. */
const NAME_LENGTH_MAX = 200;

@Controller()
@segmentV1.SegmentServiceControllerMethods()
export class SegmentController implements segmentV1.SegmentServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ProfileLocator) private readonly locator: ProfileLocator,
  ) {}

  async getMemberships(
    { workspace, profileId }: segmentV1.GetMembershipsRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.GetMembershipsResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const { answer, at, merging } = await this.ask<MembershipsAnswer>(profileId, { kind: 'memberships', workspace });
    const memberships = Object.entries(answer.segments)
      .map(([segment, since]) => ({ segment, since }))
      .sort((a, b) => (a.segment < b.segment ? -1 : 1));
    return { profileId: at.profileId, memberships, merging };
  }

  async evaluate(
    { workspace, profileId, segments }: segmentV1.EvaluateRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.EvaluateResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    if (segments.length === 0 || segments.length > EVALUATE_MAX) {
      throw new SegmentNamesError(`A request has 1 to ${EVALUATE_MAX} segments.`);
    }
    const long = segments.find((name) => name.length > NAME_LENGTH_MAX);
    if (long !== undefined) throw new NoSegmentError([`${long.slice(0, NAME_LENGTH_MAX)}…`]);
    const { answer, merging } = await this.ask<EvaluateAnswer>(profileId, { kind: 'evaluate', workspace, segments });
    const members = new Map(Object.entries(answer.segments));
    const since = new Map(Object.entries(answer.since));
    const missing = segments.filter((name) => !members.has(name));
    if (missing.length > 0) throw new NoSegmentError(missing);
    return {
      evaluations: segments.map((segment) => ({
        segment,
        member: members.get(segment) === true,
        since: since.get(segment),
      })),
      merging,
    };
  }

  private async ask<T extends MembershipsAnswer | EvaluateAnswer>(
    profileId: string,
    question: { readonly kind: string; readonly workspace: string; readonly segments?: readonly string[] },
  ) {
    const place = await this.locator.require(question.workspace, { type: PROFILE_ID, value: profileId });
    const { answer, at } = await this.locator.followed<T>('segment', place, {
      question,
      mergedInto: (given) => given.mergedInto,
    });
    // Where this stage knows of a merge that identity did not answer by yet, the merge is under way.
    return { answer, at, merging: answer.merging || at.profileId !== place.profileId };
  }
}
