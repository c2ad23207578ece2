/** Takes the records of one partition one after another through its domain: timers first, then the record; facts into the outputs. */
import type { LogRecord } from '@attrium/event';
import { decodePack } from './codec/index.js';
import { ProcessorError } from './errors.js';
import type { InputCursor } from './input-cursor.js';
import type { OutputSet } from './output-set.js';
import type { PartitionState } from './partition-state.js';
import type { StoredMessage } from './ports.js';
import type { Context, PartitionStage, StageBinding } from './stage.js';

/** What could not be decided. */
export interface Poison {
  /** `sequence`, `sequence:record` or `sequence:record:ordinal` of the input: only this is to be passed over. */
  readonly place: string;
  readonly message: StoredMessage;
  /** Undefined when the whole message cannot be read. */
  readonly record: LogRecord | undefined;
  readonly error: unknown;
}

export interface DecisionLoopParts {
  readonly binding: StageBinding;
  readonly partition: number;
  readonly state: PartitionState;
  readonly stage: PartitionStage;
  readonly input: InputCursor;
  readonly outputs: OutputSet;
  /** Places that are in the dead letters and are passed over. */
  readonly poisoned: ReadonlySet<string>;
}

export class DecisionLoop {
  /** Log time of the newest message that has been decided as a whole, ms. */
  decidedAppendedAt = 0;
  private readonly context: Context;
  private readonly idPrefix: string;

  constructor(private readonly parts: DecisionLoopParts) {
    this.context = this.createContext();
    this.idPrefix = `${parts.binding.name[0]}${parts.partition}-`;
  }

  /**
   * One record, or one timer of a tick. Returns what threw: the state is then of no use any more. Throws ProcessorError where the
   * stage must not go on.
   */
  step(): Poison | undefined {
    const { input, poisoned } = this.parts;
    if (input.open === undefined) return this.openNext();
    const record = input.current;
    if (record === undefined) {
      this.closeMessage();
      return undefined;
    }
    if (record.kind === 'tick') return this.stepTick(record.dueAt, record);
    const place = `${input.sequence}:${input.record}`;
    if (!poisoned.has(place)) {
      try {
        this.decide(record);
      } catch (error) {
        return this.poisonOf(error, place, record);
      }
    }
    this.closeRecord();
    return undefined;
  }

  private decide(record: LogRecord): void {
    const { state, stage } = this.parts;
    if (record.kind === 'logic-activated') this.activateLogic(record.version);
    const ordinal = stage.timersBefore(record);
    if (ordinal !== undefined) {
      for (let due = state.timers.dueOf(ordinal); due !== undefined && due <= state.now; ) {
        this.expire(ordinal, due);
        due = state.timers.dueOf(ordinal);
      }
    }
    stage.decide(record, this.context);
  }

  private expire(ordinal: number, dueAt: number): void {
    const { state, stage, input, poisoned } = this.parts;
    state.timers.set(ordinal, undefined);
    const place = `${input.sequence}:${input.record}:${ordinal}`;
    if (poisoned.has(place)) return;
    try {
      stage.expire(ordinal, dueAt, this.context);
      const next = state.timers.dueOf(ordinal);
      if (next !== undefined && next <= dueAt) throw new Error(`a timer due at ${dueAt} was set again to ${next}`);
    } catch (error) {
      throw new TimerError(place, error);
    }
  }

  private stepTick(dueAt: number, record: LogRecord): Poison | undefined {
    const { state, input } = this.parts;
    if (dueAt > state.now) state.now = dueAt;
    const timer = state.timers.earliest(dueAt);
    if (timer === undefined) {
      this.closeRecord();
      return undefined;
    }
    try {
      this.expire(timer.ordinal, timer.dueAt);
      return undefined;
    } catch (error) {
      return this.poisonOf(error, `${input.sequence}:${input.record}`, record);
    }
  }

  private openNext(): Poison | undefined {
    const { state, input, poisoned } = this.parts;
    const message = input.advance();
    if (message === undefined) return undefined;
    if (message.appendedAt > state.now) state.now = message.appendedAt;
    const place = `${message.sequence}`;
    let records: readonly LogRecord[] = [];
    if (!poisoned.has(place)) {
      try {
        records = decodePack(message.payload).records;
      } catch (error) {
        return { place, message, record: undefined, error };
      }
    }
    input.begin(message, records);
    return undefined;
  }

  private closeRecord(): void {
    if (this.parts.input.closeRecord()) this.closeMessage();
  }

  private closeMessage(): void {
    const { input } = this.parts;
    this.decidedAppendedAt = (input.open as StoredMessage).appendedAt;
    input.closeMessage();
  }

  private poisonOf(error: unknown, place: string, record: LogRecord): Poison {
    if (error instanceof ProcessorError) throw error;
    const message = this.parts.input.open as StoredMessage;
    if (error instanceof TimerError) return { place: error.place, message, record, error: error.reason };
    return { place, message, record, error };
  }

  private activateLogic(version: number): void {
    const { binding, state } = this.parts;
    if (version > binding.logicVersion) {
      throw new ProcessorError(
        'ATR-LOG-014',
        `the log asks for logic version ${version}, this release knows ${binding.logicVersion}`,
        false,
      );
    }
    state.logicVersion = Math.max(state.logicVersion, version);
  }

  private createContext(): Context {
    const { state, input, outputs, partition: own } = this.parts;
    return {
      get now() {
        return state.now;
      },
      get logicVersion() {
        return state.logicVersion;
      },
      get place() {
        return { sequence: input.sequence, record: input.record };
      },
      emit: (fact, partition) => {
        const id = this.nextId();
        outputs.emit(fact, id, input, partition ?? own);
        input.fact++;
        return id;
      },
      relay: (fact, partition) => {
        const id = this.nextId();
        outputs.relay(fact, id, input, partition);
        input.fact++;
        return id;
      },
      forward: (record, partition) => {
        outputs.relay(record, record.id, input, partition);
        input.fact++;
      },
      setTimer: (ordinal, dueAt) => state.timers.set(ordinal, dueAt),
    };
  }

  /** A fact's id is its cause: the place of the input record, and its number among what that record caused. */
  private nextId(): string {
    const { sequence, record, fact } = this.parts.input;
    return `${this.idPrefix}${sequence}-${record}-${fact}`;
  }
}

/** A timer's decision threw: only this timer is passed over. */
class TimerError extends Error {
  constructor(
    readonly place: string,
    readonly reason: unknown,
  ) {
    super('a timer could not be decided');
  }
}
