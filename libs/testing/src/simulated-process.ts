/** One process of a simulation: its clock, its way to the log and its disk, all of which fall silent when it crashes. */
import type { Clock, Log, LogReader, StateStore } from '@attrium/processor';
import type { SimulatedClock } from './simulated-clock.js';
import type { SimulatedLog } from './simulated-log.js';
import type { SimulatedStore } from './simulated-store.js';

/**
 * What a process is about to do or has just done; it may be killed there, and then nothing of it follows. `publish`: the call, before it
 * leaves. `sent`: it is under way. `stored`: the log has it. `answered`: the answer is there and not looked at. `ask`: a question to the
 * log. `timer`: a callback of the clock is due. `save`: the call. `saving`: it is on its way to the disk. `saved`: it is on the disk and
 * the process does not know yet.
 */
export type ProcessStep =
  | { readonly kind: 'publish' | 'sent' | 'stored' | 'answered'; readonly subject: string }
  | { readonly kind: 'ask' | 'timer' | 'save' | 'saving' | 'saved' };

export interface SimulatedProcess {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: StateStore;
  readonly crashed: boolean;
  /**
   * Kill -9: no timer, answer or message reaches the process any more, and no call of it has an effect.
   * What it had already sent to the log may still be stored. Returns how many saves that were under way reached the disk, and how many not.
   */
  crash(): { readonly reachedDisk: number; readonly lost: number };
}

const TIMER: ProcessStep = { kind: 'timer' };
const ASK: ProcessStep = { kind: 'ask' };

const never = <T>(): Promise<T> => new Promise<T>(() => {});

export interface ProcessParts {
  readonly clock: SimulatedClock;
  readonly log: SimulatedLog;
  readonly store: SimulatedStore;
  /** Told of each step; may kill the process. */
  readonly step?: (step: ProcessStep) => void;
}

export function startProcess(parts: ProcessParts): SimulatedProcess {
  const life = new Life(parts.step);
  const clock: Clock = {
    now: () => parts.clock.now(),
    monotonic: () => parts.clock.monotonic(),
    after: (delayMs, callback) =>
      parts.clock.after(delayMs, () => {
        if (life.reaches(TIMER)) callback();
      }),
  };
  return {
    clock,
    log: logOf(life, parts.log),
    store: storeOf(life, parts.store),
    get crashed() {
      return life.over;
    },
    crash: () => {
      if (life.over) return { reachedDisk: 0, lost: 0 };
      life.end();
      return parts.store.crash();
    },
  };
}

class Life {
  over = false;
  readonly readers = new Set<LogReader>();

  constructor(private readonly step: ProcessParts['step']) {}

  /** False when the process does not live to do it. */
  reaches(step: ProcessStep): boolean {
    if (!this.over) this.step?.(step);
    return !this.over;
  }

  /** Settles only while the process lives. */
  whileAlive<T>(call: () => Promise<T>): Promise<T> {
    if (this.over) return never<T>();
    return new Promise<T>((resolve, reject) => {
      call().then(
        (value) => this.over || resolve(value),
        (error) => this.over || reject(error),
      );
    });
  }

  end(): void {
    this.over = true;
    for (const reader of this.readers) void reader.close();
  }
}

function logOf(life: Life, log: SimulatedLog): Log {
  const ask = <T>(question: () => Promise<T>): Promise<T> =>
    life.reaches(ASK) ? life.whileAlive(question) : never<T>();
  return {
    append: (subject, payload, options) => {
      if (!life.reaches({ kind: 'publish', subject })) return never();
      const stored = (): void => void life.reaches({ kind: 'stored', subject });
      const answer = log.append(subject, payload, options, { stored });
      if (!life.reaches({ kind: 'sent', subject })) return never();
      return life.whileAlive(async () => {
        const outcome = await answer;
        life.reaches({ kind: 'answered', subject });
        return outcome;
      });
    },
    last: (subject) => ask(() => log.last(subject)),
    bounds: (stream) => ask(() => log.bounds(stream)),
    read: (stream, options) => {
      if (life.over) return { next: () => undefined, buffered: 0, close: async () => {} };
      const reader = log.read(stream, {
        ...options,
        wake: () => life.over || options.wake(),
        failed: (error) => life.over || options.failed(error),
      });
      life.readers.add(reader);
      return reader;
    },
  };
}

function storeOf(life: Life, store: SimulatedStore): StateStore {
  const save = (commit: () => Promise<void>): Promise<void> => {
    if (!life.reaches({ kind: 'save' })) return never();
    const saved = commit();
    if (!life.reaches({ kind: 'saving' })) return never();
    return life.whileAlive(async () => {
      await saved;
      life.reaches({ kind: 'saved' });
    });
  };
  return {
    partition: (partition) => {
      const rows = store.partition(partition);
      return {
        checkpoint: () => rows.checkpoint(),
        get: (table, key) => rows.get(table, key),
        range: (table, options) => rows.range(table, options),
        keys: (table) => rows.keys(table),
        begin: () => {
          const pending = rows.begin();
          return { add: pending.add, commit: (checkpoint) => save(() => pending.commit(checkpoint)) };
        },
        commit: (changes, checkpoint) => save(() => rows.commit(changes, checkpoint)),
        clear: () => life.whileAlive(() => rows.clear()),
      };
    },
    close: async () => {},
  };
}
