/** Questions about segments, by the catalogue in force: previews of conditions, members, sizes. */
import { type Catalogue, type CatalogueFault, type DefinitionKind, parseCatalogue } from '@attrium/catalogue';
import { type ConditionFault, type ConditionScope, parseCondition } from '@attrium/condition';
import { parseExactJson } from '@attrium/event';
import type { CatalogueKeeper } from './catalogue-keeper.js';
import type { Member, Preview, SegmentTables } from './clients/segment-tables.js';
import { ControlError } from './errors.js';
import type { Telemetry } from './telemetry.js';

export type PreviewOutcome =
  | { readonly kind: 'counted'; readonly revision: number; readonly preview: Preview }
  | { readonly kind: 'faulty'; readonly revision: number; readonly faults: readonly ConditionFault[] };

export interface MemberPage {
  readonly members: readonly Member[];
  /** The id to go on after; undefined: there are no more. */
  readonly next: string | undefined;
}

export interface SegmentSizes {
  readonly revision: number;
  /** In the order of the catalogue. */
  readonly sizes: readonly { readonly segment: string; readonly members: number }[];
}

export class SegmentReader {
  constructor(
    private readonly options: {
      readonly catalogues: Pick<CatalogueKeeper, 'current'>;
      readonly tables: SegmentTables;
      readonly clock: { now(): number; monotonic(): number };
      readonly telemetry: Pick<Telemetry, 'segmentPreviewed'>;
    },
  ) {}

  /** `json` is the condition as parsed JSON. Throws what SegmentTables throws. */
  async preview(
    workspace: string,
    json: unknown,
    { of, sampleMax }: { readonly of: DefinitionKind; readonly sampleMax: number },
  ): Promise<PreviewOutcome> {
    const { clock, tables, telemetry } = this.options;
    const { revision, catalogue } = await this.catalogueOf(workspace);
    const parsed = parseCondition(json, { over: 'entity', path: 'where', scope: scopeOf(catalogue, of) });
    if (parsed.kind === 'invalid') {
      telemetry.segmentPreviewed('faulty', 0);
      return { kind: 'faulty', revision, faults: parsed.faults };
    }
    const start = clock.monotonic();
    try {
      const preview = await tables.preview(workspace, parsed.condition, { now: clock.now(), sampleMax, of });
      telemetry.segmentPreviewed('counted', clock.monotonic() - start);
      return { kind: 'counted', revision, preview };
    } catch (error) {
      telemetry.segmentPreviewed('failed', clock.monotonic() - start);
      throw error;
    }
  }

  /** Throws ATR-CONTROL-054, and what SegmentTables throws. */
  async members(
    workspace: string,
    segment: string,
    page: { readonly after: string; readonly limit: number },
  ): Promise<MemberPage> {
    const { catalogue } = await this.catalogueOf(workspace);
    if (!catalogue.segments.some(({ name }) => name === segment)) throw new ControlError('noSegment');
    const found = await this.options.tables.members(workspace, segment, { ...page, limit: page.limit + 1 });
    const members = found.slice(0, page.limit);
    return { members, next: found.length > page.limit ? members.at(-1)?.profileId : undefined };
  }

  /** Throws what SegmentTables throws. */
  async sizes(workspace: string): Promise<SegmentSizes> {
    const { revision, catalogue } = await this.catalogueOf(workspace);
    const sizes = await this.options.tables.sizes(workspace);
    return {
      revision,
      sizes: catalogue.segments.map(({ name: segment }) => ({ segment, members: sizes.get(segment) ?? 0 })),
    };
  }

  private async catalogueOf(workspace: string): Promise<{ revision: number; catalogue: Catalogue }> {
    const { revision, json } = await this.options.catalogues.current(workspace);
    const outcome = parseCatalogue(parseExactJson(json));
    if (outcome.kind === 'invalid') throw invalid(revision, outcome.faults);
    return { revision, catalogue: outcome.catalogue };
  }
}

/** What is in the log was valid when it was put. */
function invalid(revision: number, faults: readonly CatalogueFault[]): Error {
  return new Error(`catalogue ${revision} is invalid at ${faults[0]?.path}: ${faults[0]?.message}`);
}

/** What conditions over one kind of entity may read. */
function scopeOf({ attributes, segments }: Catalogue, kind: DefinitionKind): ConditionScope {
  const types = new Map(attributes.filter(({ of }) => of === kind).map(({ name, type }) => [name, type]));
  const names = new Set(segments.filter(({ of }) => of === kind).map(({ name }) => name));
  return { attributeType: (name) => types.get(name), hasSegment: (name) => names.has(name) };
}
