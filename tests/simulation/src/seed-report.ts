/** Runs seeds one after the other and tells of them: what failed, shrunk, and what they went through. */
import { addCoverage, type Path } from './coverage.js';
import { describeDifference } from './difference.js';
import { runSeed, type SeedOptions, type SeedOutcome } from './seed.js';
import { eventsSent, replayCommand, shrinkSeed } from './shrink.js';

export interface SeedReport {
  readonly seeds: number;
  readonly events: number;
  /** Time of a core that the runs took. */
  readonly cpuMs: number;
  /** One text a seed that failed. */
  readonly failures: readonly string[];
  readonly coverage: readonly (readonly [Path, number])[];
}

export const NO_SEEDS: SeedReport = { seeds: 0, events: 0, cpuMs: 0, failures: [], coverage: [] };

export function united(a: SeedReport, b: SeedReport): SeedReport {
  const coverage = new Map(a.coverage);
  for (const [path, count] of b.coverage) coverage.set(path, (coverage.get(path) ?? 0) + count);
  const failures = [...a.failures, ...b.failures];
  const [seeds, events, cpuMs] = [a.seeds + b.seeds, a.events + b.events, a.cpuMs + b.cpuMs];
  return { seeds, events, cpuMs, failures, coverage: [...coverage] };
}

export async function reportSeeds(seeds: Iterable<number>, options: SeedOptions = {}): Promise<SeedReport> {
  const coverage = new Map<Path, number>();
  const failures: string[] = [];
  const before = process.cpuUsage();
  let count = 0;
  let events = 0;
  for (const seed of seeds) {
    const outcome = await runSeed(seed, options);
    count++;
    events += outcome.events;
    addCoverage(coverage, outcome.covered);
    if (outcome.differences.length > 0) failures.push(await describeFailure(outcome, options));
    // A run never leaves the microtasks: what comes from outside has its turn between two.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  return { seeds: count, events, cpuMs: (user + system) / 1_000, failures, coverage: [...coverage] };
}

const STACK_LINES = 10;

export async function describeFailure(failed: SeedOutcome, options: SeedOptions = {}): Promise<string> {
  const { events, only, faults: needed } = await shrinkSeed(failed, options);
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_LINES;
  // Once more, as the printed command runs it, with the stacks of what is thrown.
  const smallest = await runSeed(failed.seed, { ...options, events, only, faults: needed });
  Error.stackTraceLimit = limit;
  const faults = [...smallest.happened.values()].reduce((sum, numbers) => sum + numbers.length, 0);
  const sent = eventsSent(smallest).length;
  return [
    `seed ${failed.seed} fails with ${failed.events} events, and with as few as ${sent} and ${faults} faults:`,
    describeDifference(smallest.differences[0]!),
    `  replay   ${replayCommand(smallest)}`,
  ].join('\n');
}
