/** Drives a simulated clock: one callback at a time, and between two of them everything that promises had waiting. */
import type { SimulatedClock } from './simulated-clock.js';

export interface SimulationOptions {
  readonly clock: SimulatedClock;
  /** Stops when it answers true; asked before each callback. */
  readonly until?: () => boolean;
  /** Stops before the first callback that is due later than this virtual time, and moves the clock there. */
  readonly untilMs?: number;
  /** A simulation that needs more callbacks than this hangs: it throws. */
  readonly stepsMax?: number;
}

/** Runs until `until` says so, the time is reached or nothing waits any more. Returns the number of callbacks run. */
export async function runSimulation(options: SimulationOptions): Promise<number> {
  const { clock, until, untilMs, stepsMax = 10_000_000 } = options;
  for (let steps = 0; ; steps++) {
    await settle();
    if (until?.() === true) return steps;
    const at = clock.nextAt();
    if (at === undefined || (untilMs !== undefined && at > untilMs)) {
      if (untilMs !== undefined) clock.advanceTo(untilMs);
      if (until !== undefined && untilMs === undefined)
        throw new Error('nothing waits any more, but the end is not reached');
      return steps;
    }
    if (steps >= stepsMax) throw new Error(`the simulation did not end within ${stepsMax} steps`);
    clock.runNext();
  }
}

/**
 * Lets every promise settle that can without the clock. A tick that is asked for within a microtask comes when no microtask is left: that
 * is the end of what setImmediate waits for too, without a turn of the event loop, which costs more than most callbacks of a simulation.
 */
export function settle(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}

/** Keeps a simulated clock running as fast as it can until `stop`: for code that awaits in the test itself. */
export function keepRunning(clock: SimulatedClock): { stop(): void } {
  let running = true;
  const turn = (): void => {
    if (!running) return;
    clock.runNext();
    setImmediate(turn);
  };
  setImmediate(turn);
  return {
    stop: () => {
      running = false;
    },
  };
}
