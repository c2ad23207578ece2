/** Segments over gRPC: `attrium.segment.v1.SegmentTableService`. */
import { Access, authorizationOf } from '@attrium/host';
import { segmentV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { SegmentReader } from '../segment-reader.js';
import { bodyText } from './request-body.js';
import {
  conditionOf,
  countOf,
  kindOf,
  PAGE_DEFAULT,
  PAGE_MAX,
  SAMPLE_DEFAULT,
  SAMPLE_MAX,
  tokenOf,
} from './segment-request.js';

@Controller()
@segmentV1.SegmentTableServiceControllerMethods()
export class SegmentRpcController implements segmentV1.SegmentTableServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(SegmentReader) private readonly segments: SegmentReader,
  ) {}

  async previewSegment(
    request: segmentV1.PreviewSegmentRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.PreviewSegmentResponse> {
    const { workspace, conditionJson, sampleMax, of } = request;
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const where = conditionOf(bodyText(conditionJson), 'json');
    const most = { name: 'sample_max', byDefault: SAMPLE_DEFAULT, most: SAMPLE_MAX };
    const outcome = await this.segments.preview(workspace, where, {
      of: kindOf(of),
      sampleMax: countOf(sampleMax || undefined, most),
    });
    const { revision } = outcome;
    if (outcome.kind === 'faulty') {
      return { revision, members: 0, profiles: 0, sample: [], faults: [...outcome.faults] };
    }
    const { members, profiles, sample } = outcome.preview;
    return { revision, members, profiles, sample: [...sample], faults: [] };
  }

  async listMembers(
    request: segmentV1.ListMembersRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.ListMembersResponse> {
    const { workspace, segment, pageSize, pageToken } = request;
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const limit = countOf(pageSize || undefined, { name: 'page_size', byDefault: PAGE_DEFAULT, most: PAGE_MAX });
    const { members, next } = await this.segments.members(workspace, segment, { limit, after: tokenOf(pageToken) });
    return { members: [...members], nextPageToken: next ?? '' };
  }

  async getSegmentSizes(
    { workspace }: segmentV1.GetSegmentSizesRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.GetSegmentSizesResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const { revision, sizes } = await this.segments.sizes(workspace);
    return { revision, sizes: [...sizes] };
  }
}
