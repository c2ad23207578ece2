/** Who is who over gRPC: `attrium.identity.v1.IdentityService`. */
import { Access, authorizationOf, ProfileLocator } from '@attrium/host';
import { identityV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import type { IdentifiersAnswer, MergesAnswer } from '../question.js';

const NO_IDENTIFIER = { type: '', value: '' };

@Controller()
@identityV1.IdentityServiceControllerMethods()
export class IdentityController implements identityV1.IdentityServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ProfileLocator) private readonly locator: ProfileLocator,
  ) {}

  async resolveIdentifier(
    { workspace, identifier }: identityV1.ResolveIdentifierRequest,
    metadata?: Metadata,
  ): Promise<identityV1.ResolveIdentifierResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const { profileId, identifiers } = await this.locator.require(workspace, identifier ?? NO_IDENTIFIER);
    return { profileId, identifiers: [...identifiers] };
  }

  async listIdentifiers(
    { workspace, identifier }: identityV1.ListIdentifiersRequest,
    metadata?: Metadata,
  ): Promise<identityV1.ListIdentifiersResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const answer = await this.locator.requireHistory<IdentifiersAnswer>(
      'identifiers',
      workspace,
      identifier ?? NO_IDENTIFIER,
    );
    return { profileId: answer.profileId, identifiers: [...answer.identifiers] };
  }

  async getMergeLog(
    { workspace, identifier }: identityV1.GetMergeLogRequest,
    metadata?: Metadata,
  ): Promise<identityV1.GetMergeLogResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const answer = await this.locator.requireHistory<MergesAnswer>('merges', workspace, identifier ?? NO_IDENTIFIER);
    const merges = answer.merges.map((merge) => ({ ...merge, identifiers: [...merge.identifiers] }));
    return { profileId: answer.profileId, merges };
  }
}
