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

export function startProcess(parts: {
  readonly clock: SimulatedClock;
  readonly log: SimulatedLog;
  readonly store: SimulatedStore;
  /** Told of each step; may kill the process. */
  readonly step?: (step: ProcessStep) => void;
}): SimulatedProcess {
  const life = { over: false };
  const readers = new Set<LogReader>();
  /** False when the process does not live to do it. */
  const lives = (step: ProcessStep): boolean => {
    if (!life.over) parts.step?.(step);
    return !life.over;
  };
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
    after: (delayMs, callback) =>
      parts.clock.after(delayMs, () => {
        if (lives(TIMER)) callback();
      }),
  };
  const publish: Log['append'] = (subject, payload, options) => {
    if (!lives({ kind: 'publish', subject })) return never();
    const stored = (): void => void lives({ kind: 'stored', subject });
    const answer = parts.log.append(subject, payload, options, { stored });
    if (!lives({ kind: 'sent', subject })) return never();
    return alive(async () => {
      const outcome = await answer;
      lives({ kind: 'answered', subject });
      return outcome;
    });
  };
  const log: Log = {
    append: publish,
    last: (subject) => (lives(ASK) ? alive(() => parts.log.last(subject)) : never()),
    bounds: (stream) => (lives(ASK) ? alive(() => parts.log.bounds(stream)) : never()),
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
        commit: (changes, checkpoint) => {
          if (!lives({ kind: 'save' })) return never();
          const commit = rows.commit(changes, checkpoint);
          if (!lives({ kind: 'saving' })) return never();
          return alive(async () => {
            await commit;
            lives({ kind: 'saved' });
          });
        },
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
      if (life.over) return { reachedDisk: 0, lost: 0 };
      life.over = true;
      for (const reader of readers) void reader.close();
      return parts.store.crash();
    },
  };
}
