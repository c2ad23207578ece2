/** Runs the domain of one partition record by record, without logs, stores or the stage loop. */
import type { FactBody, LogRecord } from '@attrium/event';
import {
  type Context,
  type PartitionStage,
  rowCodec,
  type StageBinding,
  type StoreKey,
  type Table,
  type TableCodec,
} from '@attrium/processor';
import { canonicalJson } from './canonical-json.js';
import { MemoryTable } from './memory-table.js';

/** A fact that the stage appended, in order. `relayTo`: it is also sent into that partition of the stage's input. */
export interface Emitted {
  readonly fact: LogRecord;
  readonly partition?: number;
  readonly relayTo?: number;
}

export interface StageHarness {
  /** Reads one record that the log stored at `at` (ms): first the due timers of its entity, then the record. */
  read(record: LogRecord, at: number): Emitted[];
  /** Time passes: fires all timers due at or before `at`, in the order of (due, ordinal). */
  tick(at: number): Emitted[];
  answer(question: unknown): unknown;
  /** The due time of an entity's timer. */
  timerOf(ordinal: number): number | undefined;
  /** All rows, as they are stored, and timers as one text; equal for equal states. */
  dump(): string;
  /** Puts every row through its codec and opens the stage again. Facts that follow must be as without it. */
  restart(): void;
}

export interface StageHarnessOptions {
  readonly partition?: number;
  readonly partitions?: number;
  readonly shards?: number;
  readonly logicVersion?: number;
}

/** A stage that loops on its own timers is a bug: this many firings in one step end the test. */
const FIRINGS_MAX = 100_000;

export function stageHarness(binding: StageBinding, options: StageHarnessOptions = {}): StageHarness {
  return new Harness(binding, options);
}

class Harness implements StageHarness {
  private readonly tables = new Map<string, MemoryTable<StoreKey, unknown>>();
  private readonly timers = new Map<number, number>();
  private stage: PartitionStage;
  private now = 0;
  private sequence = 0;
  private emitted: Emitted[] = [];

  constructor(
    private readonly binding: StageBinding,
    private readonly options: StageHarnessOptions,
  ) {
    this.stage = this.open();
  }

  read(record: LogRecord, at: number): Emitted[] {
    if (record.kind === 'tick') return this.tick(record.dueAt);
    return this.step(at, (context) => {
      const ordinal = this.stage.timersBefore(record);
      if (ordinal !== undefined) {
        this.fire(() => {
          const dueAt = this.timers.get(ordinal);
          return dueAt === undefined || dueAt > this.now ? undefined : { ordinal, dueAt };
        }, context);
      }
      this.stage.decide(record, context);
    });
  }

  tick(at: number): Emitted[] {
    return this.step(at, (context) => this.fire(() => this.earliestDue(at), context));
  }

  answer(question: unknown): unknown {
    if (this.stage.answer === undefined) throw new Error(`${this.binding.name} answers no questions`);
    const answer = this.stage.answer(question);
    this.endStep();
    return answer;
  }

  timerOf(ordinal: number): number | undefined {
    return this.timers.get(ordinal);
  }

  dump(): string {
    const tables: Record<string, unknown> = {};
    for (const [name, table] of this.tables) {
      const entries = table.stored();
      if (entries.length > 0) tables[name] = entries.map(({ key, value }) => [key, value]);
    }
    return canonicalJson({ tables, timers: this.timers });
  }

  restart(): void {
    for (const table of this.tables.values()) table.recode();
    this.stage = this.open();
  }

  private open(): PartitionStage {
    const { partition = 0, partitions = 4, shards = 1 } = this.options;
    return this.binding.open({
      partition,
      partitions,
      shards,
      table: <K extends StoreKey, V>(name: string, codec?: TableCodec<V>): Table<K, V> => {
        let table = this.tables.get(name);
        if (table === undefined) {
          table = new MemoryTable<StoreKey, unknown>(name, (codec ?? rowCodec) as TableCodec<unknown>);
          this.tables.set(name, table);
        }
        return table as unknown as Table<K, V>;
      },
    });
  }

  private step(at: number, run: (context: Context) => void): Emitted[] {
    this.now = Math.max(this.now, at);
    this.sequence++;
    this.emitted = [];
    run(this.context());
    this.endStep();
    return this.emitted;
  }

  private endStep(): void {
    for (const table of this.tables.values()) table.endStep();
  }

  private context(): Context {
    const { partition = 0, logicVersion = this.binding.logicVersion } = this.options;
    const add = (body: FactBody, more: { partition?: number; relayTo?: number }): string => {
      const id = `t${partition}-${this.sequence}-0-${this.emitted.length}`;
      this.emitted.push({ fact: { ...body, id } as LogRecord, ...more });
      return id;
    };
    return {
      now: this.now,
      logicVersion,
      place: { sequence: this.sequence, record: 0 },
      emit: (fact, to) => add(fact, to === undefined ? {} : { partition: to }),
      relay: (fact, to) => add(fact, { relayTo: to }),
      forward: (record, to) => {
        this.emitted.push({ fact: record, relayTo: to });
      },
      setTimer: (ordinal, dueAt) => {
        if (dueAt === undefined) this.timers.delete(ordinal);
        else this.timers.set(ordinal, dueAt);
      },
    };
  }

  private earliestDue(until: number): { ordinal: number; dueAt: number } | undefined {
    let first: { ordinal: number; dueAt: number } | undefined;
    for (const [ordinal, dueAt] of this.timers) {
      if (dueAt > until) continue;
      if (first === undefined || dueAt < first.dueAt || (dueAt === first.dueAt && ordinal < first.ordinal)) {
        first = { ordinal, dueAt };
      }
    }
    return first;
  }

  private fire(next: () => { ordinal: number; dueAt: number } | undefined, context: Context): void {
    for (let firings = 0; ; firings++) {
      const due = next();
      if (due === undefined) return;
      if (firings === FIRINGS_MAX) throw new Error(`timer ${due.ordinal} is set anew to a time that is already due`);
      this.timers.delete(due.ordinal);
      this.stage.expire(due.ordinal, due.dueAt, context);
    }
  }
}
