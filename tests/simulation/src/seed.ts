/** One seed: a drawn line under a drawn load with drawn faults, then every check. */
import type { StageBinding } from '@attrium/processor';
import { Random } from '@attrium/testing/simulation';
import type { Path } from './coverage.js';
import { coveredByRecords } from './covered-records.js';
import type { Difference } from './difference.js';
import { drawLoad, type Load, START_MS } from './draw-load.js';
import { ALL_FAULTS, FaultGate, type FaultKind, type FaultSelection } from './fault-kinds.js';
import { drawLogFaults, drawSettings, Faults, MACHINES } from './faults.js';
import { Line } from './line.js';
import { checkNaive } from './naive-check.js';
import { Sender } from './sender.js';
import { checkStraight } from './straight-check.js';

const STEP_MS = 150;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Longer than every window that ends within a run. */
const REST_MS = 62_000;

/** What a run is made of: with the same case it is the same run. */
export interface SeedCase {
  readonly seed: number;
  readonly events: number;
  /** Of these, by their numbers from 0 on, only those that are sent; undefined for all. */
  readonly only: ReadonlySet<number> | undefined;
  readonly faults: FaultSelection;
}

export interface SeedOutcome extends SeedCase {
  readonly differences: readonly Difference[];
  /** The faults that happened, by kind, as numbers among those that were drawn. */
  readonly happened: ReadonlyMap<FaultKind, readonly number[]>;
  readonly covered: ReadonlySet<Path>;
  /** Firings and suppressed firings at the end of the line. */
  readonly facts: number;
}

export interface SeedOptions {
  readonly events?: number;
  readonly only?: ReadonlySet<number> | undefined;
  readonly faults?: FaultSelection;
  readonly bindings?: readonly StageBinding[];
}

/** Mostly few, sometimes many: small runs reach most paths, and there are more of them in a minute. */
export function eventsOf(seed: number): number {
  const random = new Random(seed).fork();
  const scale = random.next();
  if (scale < 0.6) return 4 + random.int(12);
  return scale < 0.92 ? 16 + random.int(30) : 46 + random.int(90);
}

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedOutcome> {
  const { events = eventsOf(seed), only, faults = ALL_FAULTS } = options;
  const run = new SeedRun({ seed, events, only, faults }, options.bindings);
  const differences = await run.play().catch((error: Error) => [simple('the run ends', 'any', `${error.stack}`)]);
  return { seed, events, only, faults, differences, ...run.told() };
}

class SeedRun {
  private readonly gate: FaultGate;
  private readonly faults: Faults;
  private readonly line: Line;
  private readonly sender: Sender;
  private readonly load: Load;
  private readonly sleeps: Random;

  constructor({ seed, events, only, faults }: SeedCase, bindings: readonly StageBinding[] | undefined) {
    const random = new Random(seed);
    const [shape, drawn, broken, sent, machines, sleeps] = [1, 2, 3, 4, 5, 6].map(() => random.fork()) as [
      Random,
      Random,
      Random,
      Random,
      Random,
      Random,
    ];
    this.gate = new FaultGate(faults);
    this.faults = new Faults(broken, this.gate);
    const workspaces = shape.chance(0.5) ? ['shop'] : ['shop', 'blog'];
    this.line = new Line({
      random: machines,
      startMs: START_MS,
      partitions: 2 + shape.int(3),
      shards: 1 + shape.int(2),
      machines: MACHINES,
      settings: drawSettings(shape, this.gate),
      admits: (kind) => this.gate.admits(kind),
      watch: (process) => this.faults.watch(process),
      ...(bindings === undefined ? {} : { bindings }),
    });
    this.faults.attach(this.line);
    this.load = drawLoad(drawn, { events, only, workspaces });
    this.line.log.faults = { ...this.line.log.faults, ...drawLogFaults(shape, this.gate) };
    this.sender = new Sender(this.line, sent, this.gate);
    this.sleeps = sleeps;
  }

  async play(): Promise<Difference[]> {
    const { line, sender, load, faults } = this;
    line.startAll();
    const steps = [
      ...load.activations.map(({ at, record }) => ({ at, run: () => sender.activate(record) })),
      ...load.erasures.map((erasure) => ({ at: erasure.at, run: () => sender.erase(erasure) })),
      ...load.decisions.map(({ at, record }) => ({ at, run: () => sender.decide(record) })),
      ...load.packs.map(({ at, workspace, records }) => ({ at, run: () => sender.send(workspace, records) })),
    ].sort((a, b) => a.at - b.at);
    // The whole machine may sleep till about the end of the first minute, and for days once the load is over.
    const sleepsAt = this.sleeps.chance(0.7) ? this.sleeps.int(steps.length) : undefined;
    const wakesAt = START_MS + MINUTE_MS - 1_000 + this.sleeps.int(2_000);
    let shift = 0;
    for (const [index, step] of steps.entries()) {
      if (index === sleepsAt) shift = faults.sleep(Math.max(0, wakesAt - line.clock.now()));
      while (line.clock.now() < step.at + shift) {
        await line.run(Math.min(STEP_MS, step.at + shift - line.clock.now()));
        await faults.step();
      }
      step.run();
    }
    for (let waits = 0; waits < 20 || sender.inFlight > 0; waits++) {
      await line.run(STEP_MS);
      await faults.step();
    }
    faults.end();
    await line.comeToRest(line.clock.now() + REST_MS);
    for (let times = this.sleeps.int(3); times > 0; times--) {
      faults.sleep(this.sleeps.int(3 * DAY_MS));
      await line.comeToRest(line.clock.now() + REST_MS);
    }
    return this.check();
  }

  told(): Pick<SeedOutcome, 'happened' | 'covered' | 'facts'> {
    const { line, faults } = this;
    const { happened } = this.gate;
    const covered = new Set([...faults.covered, ...coveredByRecords(line, (at) => faults.wasUnowned(at))]);
    for (const kind of happened.keys()) covered.add(`fault: ${kind}`);
    return { happened, covered, facts: line.storedAll('firings').length };
  }

  private async check(): Promise<Difference[]> {
    const { line, sender } = this;
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
}

function simple(check: string, stage: string, found: string): Difference {
  return { check, stage, position: 'end of the run', expected: undefined, found };
}
