/** Folds the stored input of one partition of a stage message by message: no crashes, no cycles, no cache, plain maps for tables. */
import { type FactBody, type LogRecord, partitionSubject, writerOf } from '@attrium/event';
import type { Context, PartitionStage, StageBinding, StoredMessage, StoreKey, TableCodec } from '@attrium/processor';
import { PlainTable } from './plain-table.js';
import { TimerQueue } from './timer-queue.js';

export interface FoldOptions {
  readonly binding: StageBinding;
  readonly partition: number;
  readonly partitions: number;
  readonly shards: number;
  /** Gets what a subject must hold next. */
  readonly write: (subject: string, record: LogRecord) => void;
  /** Records that the stage cannot decide: they are in its dead letters and leave no trace. */
  readonly isPoison: (record: LogRecord) => boolean;
}

export class PartitionFold {
  private readonly stage: PartitionStage;
  readonly timers = new TimerQueue();
  readonly tables: PlainTable[] = [];
  private readonly context: Context;
  private now = 0;
  private sequence = 0;
  private record = 0;
  private fact = 0;

  constructor(private readonly options: FoldOptions) {
    const { binding, partition, partitions, shards } = options;
    this.stage = binding.open({
      ...{ partition, partitions, shards },
      table: <K extends StoreKey, V>(name: string, codec?: TableCodec<V>) => {
        const table = new PlainTable<K, V>(name, codec);
        this.tables.push(table as unknown as PlainTable);
        return table;
      },
    });
    this.context = this.createContext();
  }

  /** `records` undefined for a message that is no pack. */
  feed(message: StoredMessage, records: readonly LogRecord[] | undefined): void {
    this.sequence = message.sequence;
    this.now = Math.max(this.now, message.appendedAt);
    for (const [index, record] of (records ?? []).entries()) {
      this.record = index;
      this.fact = 0;
      this.decide(record);
    }
  }

  answer(question: unknown): unknown {
    return this.stage.answer!(question);
  }

  private decide(record: LogRecord): void {
    const { timers, stage, context } = this;
    if (record.kind === 'tick') {
      this.now = Math.max(this.now, record.dueAt);
      for (let next = timers.earliest(record.dueAt); next !== undefined; next = timers.earliest(record.dueAt)) {
        this.expire(next.ordinal, next.dueAt);
      }
      return;
    }
    if (this.options.isPoison(record)) return;
    const ordinal = stage.timersBefore(record);
    if (ordinal !== undefined) {
      for (let due = timers.dueOf(ordinal); due !== undefined && due <= this.now; due = timers.dueOf(ordinal)) {
        this.expire(ordinal, due);
      }
    }
    stage.decide(record, context);
  }

  private expire(ordinal: number, dueAt: number): void {
    this.timers.set(ordinal, undefined);
    this.stage.expire(ordinal, dueAt, this.context);
  }

  private createContext(): Context {
    const self = this;
    const { binding, partition: own } = this.options;
    return {
      get now() {
        return self.now;
      },
      logicVersion: 1,
      get place() {
        return { sequence: self.sequence, record: self.record };
      },
      emit: (body, partition = own) => {
        const record = this.named(body);
        this.write(binding.output, partition, record);
        return record.id;
      },
      relay: (body, partition) => {
        const record = this.named(body);
        this.relay(record, partition);
        return record.id;
      },
      forward: (record, partition) => {
        this.fact++;
        this.relay(record, partition);
      },
      setTimer: (ordinal, dueAt) => this.timers.set(ordinal, dueAt),
    };
  }

  private named(body: FactBody): LogRecord {
    const { binding, partition } = this.options;
    const id = `${binding.name[0]}${partition}-${this.sequence}-${this.record}-${this.fact++}`;
    return { ...body, id } as LogRecord;
  }

  private relay(record: LogRecord, partition: number): void {
    const { binding } = this.options;
    this.write(binding.output, this.options.partition, record);
    this.write(binding.input, partition, record);
  }

  private write(log: StageBinding['output'] | StageBinding['input'], partition: number, record: LogRecord): void {
    if (log === 'events') throw new Error('no stage writes events');
    const { binding, write } = this.options;
    write(partitionSubject(log, partition, writerOf(binding.name, this.options.partition)), record);
  }
}
