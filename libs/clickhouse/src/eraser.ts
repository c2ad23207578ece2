/**
 * Removes the rows of erased profiles from the tables of one service: at an interval, many profiles in one mutation. A mutation rewrites the
 * parts that hold such rows, so that they are gone from the disk once it is done.
 *
 * It removes only what a projector has brought up to the record of the erasure: rows that stand before that record in the log cannot
 * come afterwards. A table that is filled anew from an older place is cleared anew.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from './connection.js';
import { quoteName } from './connection.js';
import { type ErasedId, EraserLedger } from './eraser-ledger.js';
import type { Projection } from './projection.js';
import type { Range } from './range-ledger.js';
import { fillTemplate } from './schema-template.js';

/** How far tables that are filled from one stream can be cleared now. */
export interface ErasableUntil {
  /** Of the log that tells of erasures; 0: not now. */
  readonly sequence: number;
  /** Only what was erased before, ms. */
  readonly erasedBefore: number;
}

export interface ErasableTables {
  readonly projections: readonly Projection[];
  readonly until: () => ErasableUntil;
}

export interface EraserOptions {
  readonly clickhouse: ClickHouse;
  /** The stream that tells of erasures: rows of `erasures` with this name. */
  readonly log: string;
  readonly sources: readonly ErasableTables[];
  /** Between two removals, ms. */
  readonly intervalMs: number;
  /** One line an outage and a removal. */
  readonly report?: ((level: 'info' | 'warn', message: string) => void) | undefined;
}

export interface EraserStatus {
  /** Ids of erased profiles that some table is not cleared of, as of the last look. */
  readonly waiting: number;
  /** Ids that tables were cleared of since the start, once for each table. */
  readonly removed: number;
  readonly failures: number;
}

/** Ids in one mutation: its text has them all. */
const BATCH_IDS = 1_000;
const POLL_MS_MIN = 50;
const POLL_MS_MAX = 2_000;

export class Eraser {
  private readonly ledger: EraserLedger;
  private readonly aborted = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private waiting = 0;
  private removed = 0;
  private failures = 0;
  private isOpen = false;

  constructor(private readonly options: EraserOptions) {
    this.ledger = new EraserLedger(options.clickhouse, options.log);
  }

  get status(): EraserStatus {
    const { waiting, removed, failures } = this;
    return { waiting, removed, failures };
  }

  /** A projector calls it before it fills its tables. `ranges`: what was projected before; a table without any is filled anew. Throws. */
  async opened(projections: readonly Projection[], ranges: ReadonlyMap<string, Range>): Promise<void> {
    const reached = await this.ledger.reached();
    const anew = projections.filter(isErasable).filter(({ table }) => {
      const known = reached.get(table);
      return known === undefined || (known > 0 && !ranges.has(table));
    });
    if (anew.length > 0) {
      await this.ledger.note(
        anew.map(({ table }) => table),
        0,
        0,
      );
    }
    this.isOpen = true;
  }

  start(): void {
    this.running = this.run();
  }

  /** What is under way in ClickHouse goes on there, and is looked after at the next start. */
  async stop(): Promise<void> {
    this.aborted.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.aborted;
    let failed = false;
    while (!signal.aborted) {
      await sleep(this.options.intervalMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || !this.isOpen) continue;
      try {
        await this.removeAll();
        failed = false;
      } catch (error) {
        if (signal.aborted) return;
        this.failures++;
        const reason = error instanceof Error ? error.message : String(error);
        if (!failed) this.options.report?.('warn', `rows of erased profiles are removed later: ${reason}`);
        failed = true;
      }
    }
  }

  private async removeAll(): Promise<void> {
    const reached = await this.ledger.reached();
    let least = Number.POSITIVE_INFINITY;
    for (const { projections, until } of this.options.sources) {
      for (const projection of projections.filter(isErasable)) {
        const from = reached.get(projection.table) ?? 0;
        least = Math.min(least, await this.removeFrom(projection, from, until()));
      }
    }
    this.waiting = least === Number.POSITIVE_INFINITY ? 0 : await this.ledger.waiting(least);
  }

  /** Returns how far the table is cleared. */
  private async removeFrom(projection: Projection, from: number, until: ErasableUntil): Promise<number> {
    const { table } = projection;
    let reached = from;
    while (reached < until.sequence) {
      const found = await this.ledger.erased(reached, BATCH_IDS);
      const end = found.findIndex(
        ({ sequence, erasedAt }) => sequence > until.sequence || erasedAt >= until.erasedBefore,
      );
      // What stands in one message is noted as a whole.
      const ids = end < 0 ? found : found.filter(({ sequence }) => sequence < found[end]!.sequence);
      if (ids.length === 0) return reached;
      await this.remove(projection, ids);
      reached = ids.at(-1)!.sequence;
      await this.ledger.note([table], reached, ids.length);
      this.removed += ids.length;
      this.options.report?.('info', `rows of ${ids.length} ids of erased profiles are removed from ${table}`);
    }
    return reached;
  }

  private async remove(projection: Projection, ids: readonly ErasedId[]): Promise<void> {
    const { clickhouse } = this.options;
    const local = fillTemplate(`{{local:${projection.table}}}`, clickhouse);
    // One that an earlier start began: waiting costs less than doing it twice at a time.
    await this.finished(local);
    const statement = `ALTER TABLE ${quoteName(local)} {{on_cluster}} DELETE WHERE ${conditionOf(projection, ids)}`;
    await clickhouse.client.command({
      query: fillTemplate(statement, clickhouse),
      clickhouse_settings: { mutations_sync: '0' },
    });
    await this.finished(local);
  }

  /** Until the table has no mutation under way. Throws what one of them fails with; ClickHouse goes on trying. */
  private async finished(table: string): Promise<void> {
    const { signal } = this.aborted;
    for (let pollMs = POLL_MS_MIN; ; pollMs = Math.min(2 * pollMs, POLL_MS_MAX)) {
      const { left, failure } = await this.ledger.mutations(table);
      if (left === 0) return;
      if (failure !== '') throw new Error(`a mutation of ${table} fails: ${failure}`);
      await sleep(pollMs, undefined, { signal });
    }
  }
}

function isErasable({ profileColumns }: Projection): boolean {
  return profileColumns !== undefined;
}

function conditionOf({ profileColumns = [] }: Projection, ids: readonly ErasedId[]): string {
  const unique = [...new Set(ids.map(({ workspace, profileId }) => `(${textOf(workspace)}, ${textOf(profileId)})`))];
  return profileColumns.map((column) => `(workspace_id, ${quoteName(column)}) IN (${unique.join(', ')})`).join(' OR ');
}

/** Text in SQL. */
function textOf(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
