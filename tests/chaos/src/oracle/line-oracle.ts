/** Follows all logs and holds each against the fault-free fold of what its stage reads, as both grow. */
import { bindingWith, newAttributeCounters } from '@attrium/attribute-compute';
import { LOG_NAMES, type LogName, type LogRecord, partitionOfSubject, type StageName } from '@attrium/event';
import { createIdentityBinding } from '@attrium/identity';
import { createJourneyTriggerBinding } from '@attrium/journey-trigger';
import { decodePack, type Pack, type StageBinding, type StoredMessage } from '@attrium/processor';
import { createSegmentBinding } from '@attrium/segment';
import type { Tally } from '../tally.js';
import { PartitionFold } from './partition-fold.js';
import { SubjectQueue } from './subject-queue.js';

const WRITER = /\.(identity|attribute-compute|segment|journey-trigger)-\d+$/;

/** A pack of a stage that waits until the fold has read what caused it. */
interface FoundPack {
  readonly pack: Pack;
  readonly input: LogName;
  /** Sequence of the input that must have been read. */
  readonly needs: number;
}

export interface OracleOptions {
  readonly partitions: number;
  readonly shards: number;
  readonly tally: Tally;
  readonly isPoison: (record: LogRecord) => boolean;
  /** Gets every record of every log; a fact is one that a stage has written into its own output. */
  readonly record: (log: LogName, record: LogRecord, isFact: boolean) => void;
}

export class LineOracle {
  private readonly bindings: ReadonlyMap<StageName, StageBinding>;
  private readonly folds = new Map<string, PartitionFold>();
  private readonly queues = new Map<string, SubjectQueue>();
  private readonly waiting = new Map<string, FoundPack[]>();
  private readonly readThrough = new Map<LogName, number>(LOG_NAMES.map((log) => [log, 0]));

  constructor(private readonly options: OracleOptions) {
    const bindings = [
      createIdentityBinding(),
      bindingWith(newAttributeCounters()),
      createSegmentBinding(),
      createJourneyTriggerBinding(),
    ];
    this.bindings = new Map(bindings.map((binding) => [binding.name, binding]));
  }

  /** Takes the messages of each log in order, each once. */
  take(log: LogName, message: StoredMessage): void {
    const pack = this.decode(message);
    for (const binding of this.bindings.values()) {
      if (binding.input === log) this.fold(binding, partitionOfSubject(message.subject)).feed(message, pack?.records);
    }
    this.readThrough.set(log, message.sequence);
    let isFact = false;
    const stage = WRITER.exec(message.subject)?.[1] as StageName | undefined;
    if (stage !== undefined && pack !== undefined) {
      const { input, output } = this.bindings.get(stage)!;
      const { sequence, record, fact } = pack.header.reached;
      const needs = record === 0 && fact === 0 ? sequence - 1 : sequence;
      const packs = this.waiting.get(message.subject) ?? [];
      this.waiting.set(message.subject, packs);
      packs.push({ pack, input, needs });
      isFact = log === output;
    }
    for (const record of pack?.records ?? []) this.options.record(log, record, isFact);
    this.compare();
  }

  /** How many facts each subject must hold by what has been read. */
  expectedCounts(): Map<string, number> {
    return new Map([...this.queues].map(([subject, queue]) => [subject, queue.expectedCount]));
  }

  /** The subjects that hold fewer facts than these. */
  behind(counts: ReadonlyMap<string, number>): string[] {
    return [...counts].filter(([subject, count]) => this.queues.get(subject)!.foundCount < count).map(([name]) => name);
  }

  /** Counts as lost what is still missing of these. */
  giveUp(counts: ReadonlyMap<string, number>): void {
    for (const [subject, count] of counts) this.queues.get(subject)!.giveUp(count);
  }

  /** Facts that are decided here and not yet found. */
  get open(): number {
    let open = 0;
    for (const { expectedCount, foundCount } of this.queues.values()) open += expectedCount - foundCount;
    return open;
  }

  /** What a stage must answer. */
  answer(stage: StageName, partition: number, question: unknown): unknown {
    return this.fold(this.bindings.get(stage)!, partition).answer(question);
  }

  /** All partitions that have read something. */
  *partitions(): Iterable<{ stage: StageName; partition: number; fold: PartitionFold }> {
    for (const [key, fold] of this.folds) {
      const end = key.lastIndexOf('-');
      yield { stage: key.slice(0, end) as StageName, partition: Number(key.slice(end + 1)), fold };
    }
  }

  private decode(message: StoredMessage): Pack | undefined {
    try {
      return decodePack(message.payload);
    } catch {
      return undefined;
    }
  }

  private compare(): void {
    for (const [subject, packs] of this.waiting) {
      while (packs.length > 0 && packs[0]!.needs <= this.readThrough.get(packs[0]!.input)!) {
        const queue = this.queue(subject);
        for (const record of packs.shift()!.pack.records) queue.find(record);
      }
      if (packs.length === 0) this.waiting.delete(subject);
    }
  }

  private fold(binding: StageBinding, partition: number): PartitionFold {
    const key = `${binding.name}-${partition}`;
    const { partitions, shards, isPoison } = this.options;
    let fold = this.folds.get(key);
    if (fold === undefined) {
      const write = (subject: string, record: LogRecord) => this.queue(subject).expect(record);
      fold = new PartitionFold({ binding, partition, partitions, shards, write, isPoison });
      this.folds.set(key, fold);
    }
    return fold;
  }

  private queue(subject: string): SubjectQueue {
    let queue = this.queues.get(subject);
    if (queue === undefined) {
      queue = new SubjectQueue(subject, this.options.tally);
      this.queues.set(subject, queue);
    }
    return queue;
  }
}
