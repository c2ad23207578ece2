/**
 * Imports identifiers into static lists. Each profile or account that a row names becomes one event `$list:<name>` at the head of the
 * line, so that merges, transfers and replays carry memberships as they carry any attribute. All events of one import have the same time;
 * a replacement sends the opposite for those that were imported before and are not named any more.
 */
import { type Catalogue, DEFAULT_IDENTITY, parseCatalogue, type SegmentDefinition } from '@attrium/catalogue';
import { parseExactJson } from '@attrium/event';
import type { Clock } from '@attrium/processor';
import type { CatalogueKeeper } from './catalogue-keeper.js';
import { type ImportMode, type ListBucket, ListHold, type ListImport, lastImport } from './clients/list-store.js';
import { ControlError } from './errors.js';
import { ImportRun, type ImportSink, type Matcher } from './import-run.js';
import type { Telemetry } from './telemetry.js';

export interface ImportRequest {
  readonly workspace: string;
  readonly list: string;
  readonly mode: ImportMode;
  /** UTF-8, cut anywhere. */
  readonly csv: AsyncIterable<Uint8Array>;
}

export interface ListImporterOptions {
  readonly bucket: ListBucket;
  readonly catalogues: Pick<CatalogueKeeper, 'current'>;
  readonly match: Matcher;
  readonly sink: ImportSink;
  readonly clock: Clock;
  readonly telemetry: Pick<Telemetry, 'listImported' | 'listRows'>;
  /** Rows that an import takes a second. */
  readonly rowsPerSecond: number;
  /** Imports of this instance at the same time. */
  readonly atOnceMax: number;
}

export class ListImporter {
  private underWay = 0;

  constructor(private readonly options: ListImporterOptions) {}

  /**
   * Throws ATR-CONTROL-054 and 058 (no such list), 059 (another import), 056 (too many imports), 010 and 011 (no CSV with identifiers, or
   * too large), 014 (the list is full), 061 (the log does not take it), and OwnerSilentError. What was read until then is imported; the
   * same import once more does no harm.
   */
  async import(request: ImportRequest): Promise<ListImport> {
    const { atOnceMax } = this.options;
    if (this.underWay >= atOnceMax) {
      const message = `${atOnceMax} imports are under way; this instance takes no more at a time.`;
      throw new ControlError('tooManyAtOnce', { message });
    }
    this.underWay++;
    try {
      return await this.run(request);
    } finally {
      this.underWay--;
    }
  }

  /** The import under way, or the last one; undefined when nothing was ever imported. Throws ATR-CONTROL-054 and 058. */
  async last(workspace: string, list: string): Promise<ListImport | undefined> {
    await this.listOf(workspace, list);
    return lastImport(this.options.bucket, { workspace, list }, this.options.clock.now());
  }

  private async run(request: ImportRequest): Promise<ListImport> {
    const { workspace, list, mode, csv } = request;
    const { bucket, clock, match, sink, rowsPerSecond, telemetry } = this.options;
    const { segment, types } = await this.listOf(workspace, list);
    const hold = await ListHold.take(bucket, { workspace, list }, { mode, now: () => clock.now() });
    const before = hold.parts;
    const head = { workspace, list, mode, of: segment.of, types };
    const run = new ImportRun(head, { hold, match, sink, clock, rowsPerSecond, telemetry });
    try {
      await run.read(csv);
      if (mode === 'replace') await run.takeOff(before);
    } catch (error) {
      telemetry.listImported('broken_off');
      await hold.end('broken_off', run.told(), []).catch(() => undefined);
      throw error;
    }
    const done = await hold.end('finished', run.told(), mode === 'replace' ? before : []);
    telemetry.listImported('finished');
    return done;
  }

  private async listOf(
    workspace: string,
    list: string,
  ): Promise<{ readonly segment: SegmentDefinition; readonly types: ReadonlySet<string> }> {
    const { revision, json } = await this.options.catalogues.current(workspace);
    const outcome = parseCatalogue(parseExactJson(json));
    if (outcome.kind === 'invalid') throw new Error(`catalogue ${revision} is invalid at ${outcome.faults[0]?.path}`);
    const segment = outcome.catalogue.segments.find(({ name }) => name === list);
    if (segment === undefined) throw new ControlError('noSegment');
    if (segment.static !== true) throw new ControlError('notStatic');
    return { segment, types: typesOf(outcome.catalogue, segment.of) };
  }
}

/** Names that columns of identifiers may have. */
function typesOf({ identity = DEFAULT_IDENTITY }: Catalogue, of: SegmentDefinition['of']): ReadonlySet<string> {
  if (of === 'account') return new Set(['group_id', 'account_id']);
  return new Set(['profile_id', ...identity.types.flatMap(({ name, externalIds }) => [name, ...externalIds])]);
}
