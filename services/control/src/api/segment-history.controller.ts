/** The history of memberships over REST. */
import { Readable } from 'node:stream';
import { Access, ProfileLocator } from '@attrium/host';
import { systemClock } from '@attrium/processor';
import { Controller, Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Interval, intervalAt } from '../domain/membership-intervals.js';
import { ControlError } from '../errors.js';
import { SegmentHistory } from '../segment-history.js';
import { identifierOf } from './identifier-text.js';
import {
  EXPORT_ATTRIBUTES_MAX,
  instantOf,
  instantsOf,
  namesInText,
  namesOf,
  OVERLAP_SEGMENTS_MAX,
  placeOfToken,
  stepOf,
  TIMELINE_SEGMENTS_MAX,
  tokenOfPlace,
} from './segment-history-request.js';
import { countOf, PAGE_DEFAULT, PAGE_MAX } from './segment-request.js';

type Queries = Readonly<Record<string, string | undefined>>;

@Controller('v1/workspaces/:workspace')
export class SegmentHistoryController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ProfileLocator) private readonly locator: ProfileLocator,
    @Inject(SegmentHistory) private readonly history: SegmentHistory,
  ) {}

  @Get('segments/overlap')
  async overlap(
    @Param('workspace') workspace: string,
    @Query() { segments }: Queries,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const limits = { what: 'segments', least: 2, most: OVERLAP_SEGMENTS_MAX };
    return { overlaps: await this.history.overlaps(workspace, namesOf(namesInText(segments), limits)) };
  }

  @Get('segments/timeline')
  async timeline(
    @Param('workspace') workspace: string,
    @Query() { segments, from = '', to, step }: Queries,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const names = namesOf(namesInText(segments), { what: 'segments', least: 1, most: TIMELINE_SEGMENTS_MAX });
    const end = to === undefined ? systemClock.now() : instantOf(to, 'to');
    const instants = instantsOf(instantOf(from, 'from'), end, stepOf(step));
    const { at, segments: timelines } = await this.history.timeline(workspace, names, instants);
    return {
      at: at.map(isoText),
      segments: timelines.map(({ segment: name, members }) => ({ name, members })),
    };
  }

  @Get('segments/:segment/changes')
  async changes(
    @Param() { workspace, segment }: { workspace: string; segment: string },
    @Query() { limit, after, from }: Queries,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const { entries, next } = await this.history.feed(workspace, segment, {
      before: placeOfToken(after),
      from: from === undefined ? 0 : instantOf(from, 'from'),
      limit: countOf(limit, { name: 'limit', byDefault: PAGE_DEFAULT, most: PAGE_MAX }),
    });
    return {
      changes: entries.map(({ profileId, change, before, after: since, effectiveAt, recordedAt, reason, cause }) => ({
        ...{ profileId, change },
        ...(before === undefined ? {} : { before: isoText(before) }),
        ...(since === undefined ? {} : { after: isoText(since) }),
        ...{ effectiveAt: isoText(effectiveAt), recordedAt: isoText(recordedAt), reason, cause },
      })),
      ...(next === undefined ? {} : { next: tokenOfPlace(next) }),
    };
  }

  /** Streamed; when ClickHouse fails on the way, the connection is broken off, so that a part is not taken for the whole. */
  @Get('segments/:segment/members.csv')
  async csv(
    @Param() { workspace, segment }: { workspace: string; segment: string },
    @Query() { attributes }: Queries,
    @Headers('authorization') authorization: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.access.require(authorization, { workspace, role: 'read' });
    const limits = { what: 'attributes', least: 0, most: EXPORT_ATTRIBUTES_MAX };
    const lines = this.history.csv(workspace, segment, namesOf(namesInText(attributes), limits));
    // What is refused is refused before the first line.
    const first = await lines.next();
    const all = async function* (): AsyncGenerator<string> {
      if (first.done !== true) yield first.value;
      yield* lines;
    };
    await reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${segment}.csv"`)
      .send(Readable.from(all()));
  }

  @Get('profiles/:identifier/memberships')
  async memberships(
    @Param() { workspace, identifier }: { workspace: string; identifier: string },
    @Query() { segment = '', at }: Queries,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const instant = at === undefined ? undefined : instantOf(at, 'at');
    const found = await this.locator.find(workspace, identifierOf(identifier));
    if (found === undefined) throw new ControlError('noProfile');
    const { profileId } = found;
    const bySegment = [...(await this.history.intervals(workspace, profileId, segment))];
    if (instant === undefined) {
      const memberships = bySegment.map(([name, of]) => ({ segment: name, intervals: of.map(intervalJson) }));
      return { profileId, memberships };
    }
    const memberships = bySegment.flatMap(([name, of]) => {
      const interval = intervalAt(of, instant);
      return interval === undefined ? [] : [{ segment: name, ...intervalJson(interval) }];
    });
    return { profileId, at: isoText(instant), memberships };
  }
}

const isoText = (ms: number): string => new Date(ms).toISOString();

function intervalJson({ from, to }: Interval): { from: string; to?: string } {
  return { from: isoText(from), ...(to === undefined ? {} : { to: isoText(to) }) };
}
