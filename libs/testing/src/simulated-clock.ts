/** Virtual time: callbacks run when a test says so, in the order of their times. */
import type { Clock } from '@attrium/processor';

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/** A clock that stands still between callbacks. `after` callbacks run by (time, order of the calls). */
export class SimulatedClock implements Clock {
  private readonly heap: Alarm[] = [];
  private order = 0;
  private time: number;

  constructor(startMs = 0) {
    this.time = startMs;
  }

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const alarm: Alarm = {
      at: this.time + Math.max(0, delayMs),
      order: this.order++,
      callback,
      cancelled: false,
    };
    this.push(alarm);
    return {
      cancel: () => {
        alarm.cancelled = true;
      },
    };
  }

  /** When the next callback is due; undefined when none waits. */
  nextAt(): number | undefined {
    while (this.heap[0]?.cancelled === true) this.pop();
    return this.heap[0]?.at;
  }

  /** Moves the time to the next callback and runs it; false when none waits. */
  runNext(): boolean {
    const at = this.nextAt();
    if (at === undefined) return false;
    const alarm = this.pop()!;
    this.time = Math.max(this.time, at);
    alarm.callback();
    return true;
  }

  /** Runs all callbacks due by `time`, without letting promises settle in between (see `runSimulation`), and moves the time there. */
  advanceTo(time: number): void {
    for (let at = this.nextAt(); at !== undefined && at <= time; at = this.nextAt()) this.runNext();
    this.time = Math.max(this.time, time);
  }

  /** The whole machine sleeps: time passes and nothing runs; what was due meanwhile runs late. */
  sleep(ms: number): void {
    this.time += ms;
  }

  private push(alarm: Alarm): void {
    const heap = this.heap;
    let index = heap.push(alarm) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(alarm, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = alarm;
  }

  private pop(): Alarm | undefined {
    const heap = this.heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}

function before(a: Alarm, b: Alarm): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
