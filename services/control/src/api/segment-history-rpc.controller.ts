/** The history of memberships over gRPC: `attrium.segment.v1.SegmentAnalyticsService`. */
import { Access, authorizationOf, PROFILE_ID, ProfileLocator } from '@attrium/host';
import { segmentV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { intervalAt } from '../domain/membership-intervals.js';
import { ControlError } from '../errors.js';
import { SegmentHistory } from '../segment-history.js';
import { checkedIdentifier } from './identifier-text.js';
import {
  EXPORT_ATTRIBUTES_MAX,
  instantsOf,
  namesOf,
  OVERLAP_SEGMENTS_MAX,
  placeOfToken,
  TIMELINE_SEGMENTS_MAX,
  tokenOfPlace,
} from './segment-history-request.js';
import { countOf, PAGE_DEFAULT, PAGE_MAX, tokenOf } from './segment-request.js';

@Controller()
@segmentV1.SegmentAnalyticsServiceControllerMethods()
export class SegmentHistoryRpcController implements segmentV1.SegmentAnalyticsServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ProfileLocator) private readonly locator: ProfileLocator,
    @Inject(SegmentHistory) private readonly history: SegmentHistory,
  ) {}

  async wasMember(request: segmentV1.WasMemberRequest, metadata?: Metadata): Promise<segmentV1.WasMemberResponse> {
    const { workspace, segment, at } = request;
    this.mayRead(workspace, metadata);
    if (segment === '') throw new ControlError('misshapenBody', { message: 'segment is missing.' });
    const profileId = await this.profileOf(request);
    const intervals = (await this.history.intervals(workspace, profileId, segment)).get(segment) ?? [];
    const interval = intervalAt(intervals, at);
    return { profileId, member: interval !== undefined, interval };
  }

  async getMembershipHistory(
    request: segmentV1.GetMembershipHistoryRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.GetMembershipHistoryResponse> {
    const { workspace, segment } = request;
    this.mayRead(workspace, metadata);
    const profileId = await this.profileOf(request);
    const bySegment = await this.history.intervals(workspace, profileId, segment);
    return {
      profileId,
      memberships: [...bySegment].map(([name, intervals]) => ({ segment: name, intervals: [...intervals] })),
    };
  }

  async getSegmentOverlap(
    { workspace, segments }: segmentV1.GetSegmentOverlapRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.GetSegmentOverlapResponse> {
    this.mayRead(workspace, metadata);
    const names = namesOf(segments, { what: 'segments', least: 2, most: OVERLAP_SEGMENTS_MAX });
    const overlaps = await this.history.overlaps(workspace, names);
    return { overlaps: overlaps.map((overlap) => ({ ...overlap, segments: [...overlap.segments] })) };
  }

  async getSegmentTimeline(
    { workspace, segments, from, to, stepMs }: segmentV1.GetSegmentTimelineRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.GetSegmentTimelineResponse> {
    this.mayRead(workspace, metadata);
    const names = namesOf(segments, { what: 'segments', least: 1, most: TIMELINE_SEGMENTS_MAX });
    const timeline = await this.history.timeline(workspace, names, instantsOf(from, to, stepMs));
    return {
      at: [...timeline.at],
      timelines: timeline.segments.map(({ segment, members }) => ({ segment, members: [...members] })),
    };
  }

  async listMembershipChanges(
    { workspace, segment, pageSize, pageToken, from }: segmentV1.ListMembershipChangesRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.ListMembershipChangesResponse> {
    this.mayRead(workspace, metadata);
    const page = { before: placeOfToken(pageToken), from, limit: pageSizeOf(pageSize) };
    const { entries, next } = await this.history.feed(workspace, segment, page);
    return { changes: entries.map(({ place: _place, ...entry }) => entry), nextPageToken: tokenOfPlace(next) };
  }

  async listMemberValues(
    { workspace, segment, attributes, pageSize, pageToken }: segmentV1.ListMemberValuesRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.ListMemberValuesResponse> {
    this.mayRead(workspace, metadata);
    const names = namesOf(attributes, { what: 'attributes', least: 0, most: EXPORT_ATTRIBUTES_MAX });
    const page = { after: tokenOf(pageToken), limit: pageSizeOf(pageSize) };
    const { members, next } = await this.history.members(workspace, segment, names, page);
    return {
      members: members.map(({ profileId, since, values }) => ({
        ...{ profileId, since, valuesJson: Object.fromEntries(values) },
      })),
      nextPageToken: next ?? '',
    };
  }

  private mayRead(workspace: string, metadata: Metadata | undefined): void {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
  }

  private async profileOf({ workspace, profileId: value }: { workspace: string; profileId: string }): Promise<string> {
    const found = await this.locator.find(workspace, checkedIdentifier({ type: PROFILE_ID, value }));
    if (found === undefined) throw new ControlError('noProfile', { message: 'There is no such profile.' });
    return found.profileId;
  }
}

function pageSizeOf(given: number): number {
  return countOf(given || undefined, { name: 'page_size', byDefault: PAGE_DEFAULT, most: PAGE_MAX });
}
