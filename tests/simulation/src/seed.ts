/** One seed: a drawn line under a drawn load with drawn faults, then every check; and the smallest load that still fails. */

import type { StageBinding } from '@attrium/processor';
import { Random } from '@attrium/testing/simulation';
import type { Difference } from './difference.js';
import { drawLoad, type Load, START_MS } from './draw-load.js';
import { drawLogFaults, drawSettings, Faults, MACHINES } from './faults.js';
import { Line } from './line.js';
import { checkNaive } from './naive-check.js';
import { Sender } from './sender.js';
import { checkStraight } from './straight-check.js';

export const EVENTS_PER_SEED = 60;
const STEP_MS = 150;
/** Longer than every window that ends within a run. */
const REST_MS = 62_000;

export interface SeedOutcome {
  readonly seed: number;
  readonly events: number;
  readonly differences: readonly Difference[];
  readonly facts: number;
}

export interface SeedOptions {
  readonly events?: number;
  readonly bindings?: readonly StageBinding[];
}

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedOutcome> {
  const { events = EVENTS_PER_SEED } = options;
  const random = new Random(seed);
  const [shape, drawn, broken, sent, machines] = Array.from({ length: 5 }, () => random.fork()) as [
    Random,
    Random,
    Random,
    Random,
    Random,
  ];
  const workspaces = shape.chance(0.5) ? ['shop'] : ['shop', 'blog'];
  const line = new Line({
    random: machines,
    startMs: START_MS,
    partitions: 2 + shape.int(3),
    shards: 1 + shape.int(2),
    machines: MACHINES,
    settings: drawSettings(shape),
    ...(options.bindings === undefined ? {} : { bindings: options.bindings }),
  });
  const load = drawLoad(drawn, { events, workspaces });
  line.log.faults = { ...line.log.faults, ...drawLogFaults(shape) };
  const sender = new Sender(line, sent);
  line.startAll();
  await play(line, load, sender, new Faults(line, broken));
  await line.comeToRest(line.clock.now() + REST_MS);
  return { seed, events, differences: await check(line, sender), facts: line.storedAll('firings').length };
}

async function play(line: Line, load: Load, sender: Sender, faults: Faults): Promise<void> {
  const steps = [
    ...load.activations.map(({ at, record }) => ({ at, run: () => sender.activate(record) })),
    ...load.packs.map(({ at, workspace, records }) => ({ at, run: () => sender.send(workspace, records) })),
  ].sort((a, b) => a.at - b.at);
  for (const step of steps) {
    while (line.clock.now() < step.at) {
      await line.run(Math.min(STEP_MS, step.at - line.clock.now()));
      await faults.step();
    }
    step.run();
  }
  for (let waits = 0; waits < 20 || sender.inFlight > 0; waits++) {
    await line.run(STEP_MS);
    await faults.step();
  }
}

async function check(line: Line, sender: Sender): Promise<Difference[]> {
  const differences: Difference[] = line.fatal.map((found) => simple('no stage ends', 'any', found));
  const letters = line.log.stored('attrium-dead-letters');
  for (const { subject, payload } of letters) {
    differences.push(simple('no record is poison', subject, new TextDecoder().decode(payload).slice(0, 2_000)));
  }
  if (sender.inFlight > 0) differences.push(simple('all packs arrive', 'ingest', `${sender.inFlight} in flight`));
  if (differences.length > 0) return differences;
  differences.push(...(await checkStraight(line)));
  differences.push(...(await checkNaive(line)));
  return differences;
}

function simple(check: string, stage: string, found: string): Difference {
  return { check, stage, position: 'end of the run', expected: undefined, found };
}

/** The smallest number of events with which this seed still fails, by halving and then by single steps; and its outcome. */
export async function shrinkSeed(failed: SeedOutcome, options: SeedOptions = {}): Promise<SeedOutcome> {
  let smallest = failed;
  for (let step = Math.floor(failed.events / 2); step >= 1; ) {
    const events = smallest.events - step;
    const outcome = events < 1 ? undefined : await runSeed(failed.seed, { ...options, events });
    if (outcome !== undefined && outcome.differences.length > 0) smallest = outcome;
    else step = Math.floor(step / 2);
  }
  return smallest;
}
