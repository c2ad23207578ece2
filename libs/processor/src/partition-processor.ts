/** The owner of one input partition: recovers, decides record by record, commits packs, saves its state. */
import { partitionFilters, streamOf, writerOf } from '@attrium/event';
import type { PackHeader } from './codec/index.js';
import { CommitWaiters } from './commit-waiters.js';
import { deadLetterOf, sendDeadLetter } from './dead-letter.js';
import { DecisionLoop, type Poison } from './decision-loop.js';
import { ProcessorError } from './errors.js';
import { InputCursor } from './input-cursor.js';
import { recoveryFault } from './log-error.js';
import { OutputSet } from './output-set.js';
import { PartitionState } from './partition-state.js';
import type { StoredMessage } from './ports.js';
import { type Checkpoint, comparePositions, START } from './position.js';
import { decodeRow } from './row-codec.js';
import type { PartitionStage } from './stage.js';
import type { StageOptions } from './stage-options.js';

/** What the stage does for its partitions. */
export interface PartitionHost {
  /** More can be done: decide, flush, read. */
  wake(): void;
  /** The partition has to start again from its checkpoint. */
  restart(partition: PartitionProcessor, error: Error): void;
  /** The partition cannot go on. */
  fatal(partition: PartitionProcessor, error: Error): void;
}

const FILTER_SLICE_KEYS = 512;
const FILTER_PAUSE_MS = 10;

export class PartitionProcessor {
  private state!: PartitionState;
  private stage!: PartitionStage;
  private loop!: DecisionLoop;
  private outputs: OutputSet;
  private input = new InputCursor(START);
  private flight = false;
  private draining = false;
  private saving = false;
  private commits = 0;
  private epoch = 0;
  private readonly waiters = new CommitWaiters();
  private lastSaveAt = 0;
  /** Steps that threw, by place: they are in the dead letters and are passed over. */
  private readonly poisoned = new Set<string>();
  ready = false;
  /** The last sequence that the input had for this partition at start: reaching it is "caught up". */
  private targetSequence = 0;
  private caughtUp = false;
  /** The save under way: recovery must not read the store before it is done. */
  private saved: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: StageOptions,
    readonly partition: number,
    private readonly host: PartitionHost,
  ) {
    this.outputs = new OutputSet(options, partition);
  }

  // --- recovery -------------------------------------------------------------------------------------------------

  /** Reads where the last owner came to and opens the state; the caller then reads the input from `cursor` on. */
  async recover(): Promise<void> {
    const { options } = this;
    this.ready = false;
    const epoch = ++this.epoch;
    this.abandon(new ProcessorError('ATR-LOG-015', `partition ${this.partition} recovers`, true));
    await this.saved.catch(() => undefined);
    this.outputs = new OutputSet(options, this.partition);
    await this.outputs.recover();
    const bounds = await options.log.bounds(streamOf(options.binding.input));
    const filters = partitionFilters(options.binding.input, this.partition);
    const lasts = await Promise.all(filters.map((filter) => options.log.last(filter)));
    // It was stopped meanwhile, and its store may be closed.
    if (epoch !== this.epoch) return;
    this.targetSequence = Math.max(0, ...lasts.map((last) => last?.sequence ?? 0));
    let rebuilt = this.openState();
    const { reached } = this.outputs;
    if (comparePositions(this.state.cursor, reached) > 0) {
      // The cache holds decisions that never reached the log (or the log was replaced): it is worth nothing.
      await this.clearStore();
      if (epoch !== this.epoch) return;
      this.openState();
      rebuilt = true;
    }
    const { cursor } = this.state;
    const stream = streamOf(options.binding.input);
    const fault = recoveryFault(stream, { saved: cursor.sequence, reached: reached.sequence }, bounds);
    if (fault !== undefined) throw fault;
    this.input = new InputCursor(cursor);
    this.loop = new DecisionLoop({
      ...{ binding: options.binding, partition: this.partition, poisoned: this.poisoned },
      ...{ state: this.state, stage: this.stage, input: this.input, outputs: this.outputs },
    });
    this.caughtUp = false;
    this.lastSaveAt = options.clock.monotonic() - this.saveOffsetMs;
    this.ready = true;
    this.options.observe({ kind: 'recovered', partition: this.partition, rebuilt, fromSequence: cursor.sequence });
    this.noteCaughtUp();
    this.fillFilters(epoch).catch((error: Error) => this.restartIn(epoch, error));
  }

  /** In small slices, long apart: the partition works all the while. */
  private async fillFilters(epoch: number): Promise<void> {
    const { state } = this;
    while (epoch === this.epoch && !state.fillFilters(FILTER_SLICE_KEYS)) {
      await new Promise<void>((resolve) => this.options.clock.after(FILTER_PAUSE_MS, resolve));
    }
  }

  /** The first input sequence that is still needed. */
  get nextSequence(): number {
    return this.input.nextSequence;
  }

  /** Opens tables and domain over the store; true when nothing usable was saved. */
  private openState(): boolean {
    const { binding, store, partitions, shards, settings } = this.options;
    this.state = new PartitionState({
      binding,
      store: store.partition(this.partition),
      partition: this.partition,
      partitions,
      shards,
      cacheRowsMax: settings.cacheRowsMax,
    });
    const checkpoint = this.state.load();
    if (checkpoint !== undefined) this.outputs.check(checkpoint.outputs);
    this.stage = binding.open(this.state.environment);
    return checkpoint === undefined;
  }

  /** Before the first recovery of a process: a cache in another encoding is removed, since its rows cannot be read. */
  async discardForeignState(): Promise<void> {
    const saved = this.options.store.partition(this.partition).checkpoint();
    if (saved === undefined) return;
    const { stateVersion } = decodeRow(saved) as Checkpoint;
    if (stateVersion !== this.options.binding.stateVersion) await this.clearStore();
  }

  private clearStore(): Promise<void> {
    return this.options.store.partition(this.partition).clear();
  }

  /** Forgets all that is not committed. */
  private abandon(error: Error): void {
    this.input = new InputCursor(this.input.place);
    this.flight = false;
    this.draining = false;
    this.waiters.fail(error);
  }

  // --- reading and deciding -------------------------------------------------------------------------------------

  /** Takes a message of this partition; messages from before the cursor are dropped. */
  offer(message: StoredMessage): void {
    if (this.ready) this.input.offer(message);
  }

  get isFull(): boolean {
    return this.input.waiting >= this.options.settings.pendingMessagesMax;
  }

  get hasWork(): boolean {
    return this.ready && !this.input.isIdle && !this.mustPause();
  }

  get hasFacts(): boolean {
    return this.ready && this.outputs.hasFacts;
  }

  private mustPause(): boolean {
    return this.outputs.isFull || (this.draining && this.input.isBetweenRecords);
  }

  /** Decides until there is no input, a pack is full, or the time is over. */
  decide(untilMonotonic: number): void {
    const { clock } = this.options;
    for (let steps = 1; this.hasWork; steps++) {
      if (!this.step()) return;
      if (steps % 32 === 0 && clock.monotonic() >= untilMonotonic) break;
    }
    this.noteCaughtUp();
  }

  /** False when the partition cannot go on now. */
  private step(): boolean {
    try {
      const poison = this.loop.step();
      if (poison === undefined) return true;
      this.ready = false;
      void this.pass(poison);
    } catch (error) {
      this.ready = false;
      this.host.fatal(this, error as Error);
    }
    return false;
  }

  private noteCaughtUp(): void {
    if (this.caughtUp || this.input.sequence <= this.targetSequence) return;
    this.caughtUp = true;
    this.options.observe({ kind: 'caught-up', partition: this.partition, sequence: this.input.sequence - 1 });
  }

  get isCaughtUp(): boolean {
    return this.ready && this.caughtUp;
  }

  /** Keeps what cannot be decided, then starts again without it. */
  private async pass(poison: Poison): Promise<void> {
    const { binding, observe } = this.options;
    const { epoch, partition } = this;
    const { place, message, record, error } = poison;
    const { sequence, record: index } = this.input.place;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const letter = deadLetterOf({ stage: binding.name, partition, place, message, record, reason });
    await sendDeadLetter(this.options, letter, () => epoch !== this.epoch);
    if (epoch !== this.epoch) return;
    this.poisoned.add(place);
    observe({ kind: 'dead-lettered', partition, sequence, record: index, reason });
    this.host.restart(this, error instanceof Error ? error : new Error(reason));
  }

  // --- committing -----------------------------------------------------------------------------------------------

  /** Publishes what has been decided: own outputs first, what goes to other partitions' inputs after that. */
  flush(): void {
    if (!this.ready || this.flight) return;
    this.state.trim();
    if (!this.hasFacts) {
      this.waiters.settle(this.outputs.reached, !this.hasFacts);
      this.save();
      return;
    }
    this.flight = true;
    const { epoch } = this;
    this.commit(epoch).then(
      () => {
        if (epoch !== this.epoch) return;
        this.flight = false;
        this.waiters.settle(this.outputs.reached, !this.hasFacts);
        this.save();
        this.host.wake();
      },
      (error: Error) => this.restartIn(epoch, error),
    );
  }

  private restartIn(epoch: number, error: Error): void {
    if (epoch === this.epoch) this.host.restart(this, error);
  }

  private async commit(epoch: number): Promise<void> {
    const { clock, observe } = this.options;
    const startedAt = clock.monotonic();
    const header = this.nextHeader();
    const appendedAt = this.loop.decidedAppendedAt;
    const committed = await this.outputs.commit(header, () => epoch !== this.epoch);
    const roundTripMs = clock.monotonic() - startedAt;
    observe({ kind: 'committed', partition: this.partition, ...committed, roundTripMs, appendedAt });
  }

  private nextHeader(): PackHeader {
    const { binding, owner } = this.options;
    return {
      schemaVersion: 1,
      logicVersion: this.state.logicVersion,
      stage: binding.name,
      writer: writerOf(binding.name, this.partition),
      owner,
      commit: ++this.commits,
      reached: this.input.place,
    };
  }

  // --- saving ---------------------------------------------------------------------------------------------------

  /** Partitions save in turn, not all at once. */
  private get saveOffsetMs(): number {
    const { partitions, settings } = this.options;
    return (settings.checkpointIntervalMs * (this.partition % partitions)) / partitions;
  }

  /** True when the partition should save soon. */
  private get saveDue(): boolean {
    const { settings, clock } = this.options;
    return (
      comparePositions(this.input, this.state.savedCursor) > 0 &&
      (clock.monotonic() - this.lastSaveAt >= settings.checkpointIntervalMs ||
        this.state.dirtyRows >= settings.dirtyRowsMax)
    );
  }

  /** Saves the state if it is time, at a place where all that was decided is in the log. */
  private save(force = false): Promise<void> | undefined {
    if (this.saving || !(force || this.saveDue)) return undefined;
    this.draining = true;
    if (this.flight || !this.input.isBetweenRecords || this.hasFacts) return undefined;
    this.saving = true;
    const { epoch } = this;
    return this.saveNow(epoch).then(
      () => {
        this.saving = false;
        if (epoch === this.epoch) this.host.wake();
      },
      (error: Error) => {
        this.saving = false;
        this.restartIn(epoch, error);
      },
    );
  }

  private async saveNow(epoch: number): Promise<void> {
    const { clock, observe, settings } = this.options;
    const cursor = this.input.place;
    if (comparePositions(this.outputs.reached, cursor) < 0) {
      // A stage without facts still says how far it is, so that no saved state is ever ahead of its log.
      await this.outputs.commitEmpty(this.nextHeader(), () => epoch !== this.epoch);
      if (epoch !== this.epoch) return;
    }
    const { state } = this;
    state.cursor = cursor;
    state.beginSave(this.outputs.lastSequences);
    this.lastSaveAt = clock.monotonic();
    this.draining = false;
    this.host.wake();
    let encodeMs = 0;
    for (;;) {
      const startedAt = clock.monotonic();
      const done = state.encode(settings.saveSliceRows);
      encodeMs += clock.monotonic() - startedAt;
      if (done) break;
      await new Promise<void>((resolve) => clock.after(0, resolve));
      if (epoch !== this.epoch) return;
    }
    const { rows, saved } = state.commit();
    observe({ kind: 'checkpointed', partition: this.partition, rows, encodeMs });
    this.saved = saved;
    await saved;
  }

  /** Commits and saves all that has been decided. */
  async drain(): Promise<void> {
    // What is under way (a recovery, a dead letter) finds that it is over.
    if (!this.ready) return this.halt();
    this.input.dropWaiting();
    this.draining = true;
    const { clock } = this.options;
    while (this.ready && (this.flight || this.saving || this.hasFacts || !this.input.isBetweenRecords)) {
      this.decide(clock.monotonic() + 10);
      this.flush();
      await new Promise<void>((resolve) => clock.after(1, resolve));
    }
    if (this.ready && comparePositions(this.input, this.state.savedCursor) > 0) await this.save(true);
    this.ready = false;
    this.epoch++;
  }

  /** Stops without saving, as a crash would: for simulations and for a lost partition. */
  halt(): void {
    this.ready = false;
    this.epoch++;
    this.abandon(new ProcessorError('ATR-LOG-015', 'the stage stops', true));
  }

  // --- questions ------------------------------------------------------------------------------------------------

  /** Answers from state, and holds the answer back until all that the state contains is in the log. */
  async ask(question: unknown): Promise<unknown> {
    if (!this.ready || this.stage.answer === undefined) {
      throw new ProcessorError('ATR-LOG-015', `partition ${this.partition} does not answer now`, true);
    }
    const answer = this.stage.answer(question);
    if (this.flight || this.hasFacts) await this.waiters.wait(this.input.place);
    return answer;
  }

  // --- timers ---------------------------------------------------------------------------------------------------

  /** When the earliest timer of the next minute is due; undefined while the partition is not at the end of its input. */
  nextTimerDue(clockNow: number): number | undefined {
    if (!this.isCaughtUp || this.input.open !== undefined) return undefined;
    return this.state.timers.earliest(clockNow + 60_000)?.dueAt;
  }

  status(): { partition: number; ready: boolean; caughtUp: boolean; sequence: number; now: number; dirtyRows: number } {
    return {
      partition: this.partition,
      ready: this.ready,
      caughtUp: this.isCaughtUp,
      sequence: this.input.sequence - 1,
      now: this.state?.now ?? 0,
      dirtyRows: this.state?.dirtyRows ?? 0,
    };
  }
}
