/** Questions about the history of memberships: who was in what and when, how segments overlap and grow, who enters and leaves. */
import { parseCatalogue } from '@attrium/catalogue';
import { parseExactJson } from '@attrium/event';
import type { CatalogueKeeper } from './catalogue-keeper.js';
import type { FeedEntry, FeedPlace, Instants, MembershipTables } from './clients/membership-tables.js';
import type { SegmentTables } from './clients/segment-tables.js';
import { csvLine, csvTextOfJson } from './domain/csv.js';
import { type Interval, intervalsOf } from './domain/membership-intervals.js';
import { ControlError } from './errors.js';

export interface Overlap {
  readonly segments: readonly string[];
  /** Profiles that are in all of them. */
  readonly members: number;
  /** Those of them that are in none of the other segments asked for. */
  readonly only: number;
}

export interface Timeline {
  readonly at: readonly number[];
  readonly segments: readonly { readonly segment: string; readonly members: readonly number[] }[];
}

export interface MemberValues {
  readonly profileId: string;
  readonly since: number;
  /** JSON, by name of the attribute. */
  readonly values: ReadonlyMap<string, string>;
}

interface Page {
  /** The id to go on after. */
  readonly after: string;
  readonly limit: number;
}

const EXPORT_PAGE = 1_000;
/** Later than everything. */
const END: FeedPlace = [8_640_000_000_000, 0, 0, 0, 0];

export class SegmentHistory {
  constructor(
    private readonly options: {
      readonly catalogues: Pick<CatalogueKeeper, 'current'>;
      readonly memberships: MembershipTables;
      readonly segments: SegmentTables;
    },
  ) {}

  /** By segment, in order; `segment` '' for all. All methods throw what `Tables` throws. */
  async intervals(workspace: string, profileId: string, segment: string): Promise<ReadonlyMap<string, Interval[]>> {
    const { memberships } = this.options;
    const family = await memberships.family(workspace, profileId);
    const changes = await memberships.changes(workspace, [profileId, ...family.mergedInto.keys()], segment);
    return intervalsOf(family, changes);
  }

  /** For every combination of them. Throws ATR-CONTROL-054. */
  async overlaps(workspace: string, segments: readonly string[]): Promise<Overlap[]> {
    await this.require(workspace, segments, []);
    const regions = await this.options.memberships.regions(workspace, segments);
    return Array.from({ length: 2 ** segments.length - 1 }, (_, index) => {
      const combination = index + 1;
      let members = 0;
      for (const [mask, count] of regions) if ((mask & combination) === combination) members += count;
      const names = segments.filter((_, bit) => (combination & (1 << bit)) !== 0);
      return { segments: names, members, only: regions.get(combination) ?? 0 };
    });
  }

  /** How many members each had at instants a step apart, as history is known now. Throws ATR-CONTROL-054. */
  async timeline(workspace: string, segments: readonly string[], instants: Instants): Promise<Timeline> {
    await this.require(workspace, segments, []);
    const { memberships } = this.options;
    const { from, stepMs, count } = instants;
    const moves = await memberships.moves(workspace, segments, instants);
    const move = (segment: string, at: number, by: number): void => {
      const index = Math.max(0, Math.ceil((at - from) / stepMs));
      if (index < count) moves.get(segment)![index]! += by;
    };
    for await (const { family, changes } of memberships.families(workspace, segments)) {
      for (const [segment, intervals] of intervalsOf(family, changes)) {
        for (const { from: start, to } of intervals) {
          move(segment, start, 1);
          if (to !== undefined) move(segment, to, -1);
        }
      }
    }
    const sizes = (segment: string): number[] => {
      let members = 0;
      return moves.get(segment)!.map((by) => {
        members += by;
        return members;
      });
    };
    return {
      at: Array.from({ length: count }, (_, index) => from + index * stepMs),
      segments: segments.map((segment) => ({ segment, members: sizes(segment) })),
    };
  }

  /** The latest first; `before`: the place to go on after. Throws ATR-CONTROL-054. */
  async feed(
    workspace: string,
    segment: string,
    page: { readonly before: FeedPlace | undefined; readonly from: number; readonly limit: number },
  ): Promise<{ readonly entries: readonly FeedEntry[]; readonly next: FeedPlace | undefined }> {
    await this.require(workspace, [segment], []);
    const { before = END, from, limit } = page;
    const found = await this.options.memberships.feed(workspace, segment, { before, from, limit: limit + 1 });
    const entries = found.slice(0, limit);
    return { entries, next: found.length > limit ? entries.at(-1)?.place : undefined };
  }

  /** Members with the values of attributes, in order of their ids. Throws ATR-CONTROL-054, and 011 for an unknown attribute. */
  async members(
    workspace: string,
    segment: string,
    attributes: readonly string[],
    page: Page,
  ): Promise<{ readonly members: readonly MemberValues[]; readonly next: string | undefined }> {
    await this.require(workspace, [segment], attributes);
    return await this.page(workspace, segment, attributes, page);
  }

  /** All members as lines of CSV, a page at a time; what is held is one page. Throws as `members` does, before the first line. */
  async *csv(workspace: string, segment: string, attributes: readonly string[]): AsyncGenerator<string> {
    await this.require(workspace, [segment], attributes);
    let page = await this.page(workspace, segment, attributes, { after: '', limit: EXPORT_PAGE });
    yield csvLine(['profile_id', 'since', ...attributes]);
    for (;;) {
      const lines = page.members.map(({ profileId, since, values }) =>
        csvLine([
          ...[profileId, new Date(since).toISOString()],
          ...attributes.map((name) => csvTextOfJson(values.get(name))),
        ]),
      );
      yield lines.join('');
      if (page.next === undefined) return;
      page = await this.page(workspace, segment, attributes, { after: page.next, limit: EXPORT_PAGE });
    }
  }

  private async page(workspace: string, segment: string, attributes: readonly string[], { after, limit }: Page) {
    const found = await this.options.segments.members(workspace, segment, { after, limit: limit + 1 });
    const members = found.slice(0, limit);
    const ids = members.map(({ profileId }) => profileId);
    const values = await this.options.memberships.values(workspace, ids, attributes);
    return {
      members: members.map(
        (member): MemberValues => ({ ...member, values: values.get(member.profileId) ?? new Map() }),
      ),
      next: found.length > limit ? members.at(-1)?.profileId : undefined,
    };
  }

  private async require(workspace: string, segments: readonly string[], attributes: readonly string[]): Promise<void> {
    const { revision, json } = await this.options.catalogues.current(workspace);
    const outcome = parseCatalogue(parseExactJson(json));
    if (outcome.kind === 'invalid') throw new Error(`catalogue ${revision} is invalid at ${outcome.faults[0]?.path}`);
    const { catalogue } = outcome;
    for (const segment of segments) {
      if (catalogue.segments.some(({ name }) => name === segment)) continue;
      throw new ControlError('noSegment', { message: `The catalogue in force has no segment ${segment}.` });
    }
    for (const attribute of attributes) {
      if (catalogue.attributes.some(({ name }) => name === attribute)) continue;
      throw new ControlError('misshapenBody', { message: `There is no attribute ${attribute}.` });
    }
  }
}
