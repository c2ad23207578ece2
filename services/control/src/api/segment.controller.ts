/** Segments over REST: previews, members, sizes. */
import { Access } from '@attrium/host';
import { Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { formatOf } from '../catalogue-text.js';
import { ControlError } from '../errors.js';
import { SegmentReader } from '../segment-reader.js';
import { bodyText } from './request-body.js';
import { countOf, PAGE_DEFAULT, PAGE_MAX, previewOf, tokenOf } from './segment-request.js';

@Controller('v1/workspaces/:workspace/segments')
export class SegmentController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(SegmentReader) private readonly segments: SegmentReader,
  ) {}

  @Get()
  async sizes(
    @Param('workspace') workspace: string,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const { revision, sizes } = await this.segments.sizes(workspace);
    return { revision, segments: sizes.map(({ segment: name, members }) => ({ name, members })) };
  }

  @Post('preview')
  @HttpCode(200)
  async preview(@Param('workspace') workspace: string, @Req() request: FastifyRequest): Promise<unknown> {
    this.access.require(request.headers.authorization, { workspace, role: 'read' });
    const text = bodyText(request.body);
    const { where, of, sample: sampleMax } = previewOf(text, formatOf(request.headers['content-type'], text));
    const outcome = await this.segments.preview(workspace, where, { of, sampleMax });
    const { revision } = outcome;
    if (outcome.kind === 'faulty') {
      throw new ControlError('faultyCondition', { details: { revision, faults: outcome.faults } });
    }
    return { revision, ...outcome.preview };
  }

  @Get(':segment/members')
  async members(
    @Param() { workspace, segment }: { workspace: string; segment: string },
    @Query() { limit, after }: { limit?: string; after?: string },
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const page = {
      limit: countOf(limit, { name: 'limit', byDefault: PAGE_DEFAULT, most: PAGE_MAX }),
      after: tokenOf(after),
    };
    const { members, next } = await this.segments.members(workspace, segment, page);
    return {
      members: members.map(({ profileId, since }) => ({ profileId, since: new Date(since).toISOString() })),
      ...(next === undefined ? {} : { next }),
    };
  }
}
