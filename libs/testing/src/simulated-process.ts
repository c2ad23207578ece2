/** One process of a simulation: its clock, its way to the log and its disk, all of which fall silent when it crashes. */
import type { Clock, Log, LogReader, StateStore } from '@attrium/processor';
import type { SimulatedClock } from './simulated-clock.js';
import type { SimulatedLog } from './simulated-log.js';
import type { SimulatedStore } from './simulated-store.js';

export interface SimulatedProcess {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: StateStore;
  readonly crashed: boolean;
  /**
   * Kill -9: no timer, answer or message reaches the process any more, and no call of it has an effect.
   * What it had already sent to the log may still be stored.
   */
  crash(): void;
}

const never = <T>(): Promise<T> => new Promise<T>(() => {});

export function startProcess(parts: {
  readonly clock: SimulatedClock;
  readonly log: SimulatedLog;
  readonly store: SimulatedStore;
}): SimulatedProcess {
  const life = { over: false };
  const readers = new Set<LogReader>();
  /** Settles only while the process lives. */
  const alive = <T>(call: () => Promise<T>): Promise<T> => {
    if (life.over) return never<T>();
    return new Promise<T>((resolve, reject) => {
      call().then(
        (value) => life.over || resolve(value),
        (error) => life.over || reject(error),
      );
    });
  };
  const clock: Clock = {
    now: () => parts.clock.now(),
    monotonic: () => parts.clock.monotonic(),
    after: (delayMs, callback) => parts.clock.after(delayMs, () => life.over || callback()),
  };
  const log: Log = {
    append: (subject, payload, options) => alive(() => parts.log.append(subject, payload, options)),
    last: (subject) => alive(() => parts.log.last(subject)),
    bounds: (stream) => alive(() => parts.log.bounds(stream)),
    read: (stream, options) => {
      if (life.over) return { next: () => undefined, buffered: 0, close: async () => {} };
      const reader = parts.log.read(stream, {
        ...options,
        wake: () => life.over || options.wake(),
        failed: (error) => life.over || options.failed(error),
      });
      readers.add(reader);
      return reader;
    },
  };
  const store: StateStore = {
    partition: (partition) => {
      const rows = parts.store.partition(partition);
      return {
        checkpoint: () => rows.checkpoint(),
        get: (table, key) => rows.get(table, key),
        range: (table, options) => rows.range(table, options),
        keys: (table) => rows.keys(table),
        begin: () => {
          const pending = rows.begin();
          return { add: pending.add, commit: (checkpoint) => alive(() => pending.commit(checkpoint)) };
        },
        commit: (changes, checkpoint) => alive(() => rows.commit(changes, checkpoint)),
        clear: () => alive(() => rows.clear()),
      };
    },
    close: async () => {},
  };
  return {
    clock,
    log,
    store,
    get crashed() {
      return life.over;
    },
    crash: () => {
      if (life.over) return;
      life.over = true;
      parts.store.crash();
      for (const reader of readers) void reader.close();
    },
  };
}
