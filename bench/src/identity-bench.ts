/**
 * `bench -- identity`: events resolved a second by the real identity process on one core, from log to log, with many profiles known: while
 * they are created, over all of them (rows are read from disk), and over those of a busy hour (rows are in memory). And its memory.
 */
import { type Event, eventsSubject } from '@attrium/event';
import { encodePack, NO_POSITION, PACK_SCHEMA_VERSION } from '@attrium/processor';
import { WORKSPACE } from './catalogue.js';
import { printProfile } from './cpu-profile.js';
import { metricsOf } from './metrics.js';
import type { BenchOptions } from './options.js';
import { CpuMeter, cpuMicros, loopMicros, memoryOf } from './process-costs.js';
import { type Figures, printTable, recordFigures } from './results.js';
import { BenchSystem, canPin, pinSelf } from './system.js';

/** Profiles of a busy hour: fewer than the rows that a table keeps in memory. */
const BUSY_PROFILES = 30_000;
const EVENTS_PER_PACK = 350;
const PACKS_IN_FLIGHT = 8;
/** As large as the events of the other benchmarks. */
const PAYLOAD = new TextEncoder().encode(JSON.stringify({ properties: { sku: 'sku-1', text: 'x'.repeat(380) } }));
const SMALL_PAYLOAD = new TextEncoder().encode('{}');
const GOAL_PER_SECOND = 100_000;
const SAMPLE_MS = 100;
const MIB = 1024 * 1024;
const WAIT_MS = 180_000;

interface Phase {
  readonly name: string;
  readonly events: number;
  /** The part of the events that is not looked at. */
  readonly from: number;
  readonly payload: Uint8Array;
  /** The profile of the event of a number. */
  readonly profileOf: (index: number) => number;
}

export async function benchIdentity(options: BenchOptions): Promise<void> {
  const system = await BenchSystem.start({ options, windowSeconds: 10 });
  try {
    // The generator and NATS share the other core.
    if (canPin()) pinSelf(0);
    const { profilesKnown, eventsMax } = options;
    const busy = Math.min(BUSY_PROFILES, profilesKnown);
    const phases: Phase[] = [
      { name: 'new profiles', events: profilesKnown, from: 0.2, payload: SMALL_PAYLOAD, profileOf: (index) => index },
      {
        name: 'all profiles, from disk',
        events: eventsMax,
        from: 0.2,
        payload: PAYLOAD,
        profileOf: (index) => scattered(index, profilesKnown),
      },
      {
        name: 'busy profiles, warm',
        events: eventsMax,
        // Their rows are in memory by then.
        from: 0.4,
        payload: PAYLOAD,
        profileOf: (index) => scattered(index, busy),
      },
    ];
    const rows: Figures[] = [];
    for (const phase of phases) rows.push(await measure(system, phase));
    if (options.profile) printProfile('identity', system.profileDirectory('identity'), eventsMax);
    printTable([...rows, { phase: 'goal, warm', 'events/s': GOAL_PER_SECOND }]);
    recordFigures(options, rows);
  } finally {
    await system.stop();
  }
}

/** A profile that is asked for is of the last phase. Puts the events of a phase into the log, then starts identity on its saved state and watches it go through the middle of them. */
async function measure(system: BenchSystem, phase: Phase): Promise<Figures> {
  await send(system, phase);
  system.forgetProfile('identity');
  const cpus = new CpuMeter(new Map([...system.pids()].filter(([name]) => name !== 'identity')));
  const begun = performance.now();
  const starting = system.startService('identity', { core: 1 });
  const samples: Sample[] = [];
  while ((samples.at(-1)?.count ?? 0) < phase.events) {
    const sample = await sampleOf(system);
    if (sample !== undefined) samples.push(sample);
    if (performance.now() > begun + WAIT_MS)
      throw new Error(`${phase.name}: identity has not read all after 3 minutes`);
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  }
  await starting;
  const first = samples.find(({ count }) => count >= phase.events * phase.from)!;
  const last = samples.findLast(({ count }) => count <= phase.events * 0.95) ?? samples.at(-1)!;
  const events = last.count - first.count;
  const { rss, anonymous } = memoryOf(system.pid('identity'));
  const others = cpus.others() - (100 * samples.at(-1)!.cpu) / (1_000 * (performance.now() - begun));
  await system.stopService('identity');
  return {
    phase: phase.name,
    events: phase.events,
    'events/s': events / ((last.at - first.at) / 1_000),
    'µs/event': (last.cpu - first.cpu) / events,
    'on the loop': (last.loop - first.loop) / events,
    'RSS MiB': rss / MIB,
    'of it no file': anonymous / MIB,
    'other work %': Math.max(0, others),
  };
}

interface Sample {
  readonly at: number;
  /** Events that identity has read since its start. */
  readonly count: number;
  /** µs since its start, and those of its first thread. */
  readonly cpu: number;
  readonly loop: number;
}

/** Undefined while identity does not answer yet. */
async function sampleOf(system: BenchSystem): Promise<Sample | undefined> {
  try {
    const pid = system.pid('identity');
    const metrics = await metricsOf(system, 'identity');
    const count = metrics.sum('attrium_identity_events_total');
    return { at: performance.now(), count, cpu: cpuMicros(pid), loop: loopMicros(pid) };
  } catch {
    return undefined;
  }
}

async function send(system: BenchSystem, phase: Phase): Promise<void> {
  const header = {
    schemaVersion: PACK_SCHEMA_VERSION,
    logicVersion: 1,
    stage: 'ingest',
    writer: 'bench',
    owner: 'bench',
  };
  let next = 0;
  const sender = async (): Promise<void> => {
    while (next < phase.events) {
      const records: Event[] = [];
      while (records.length < EVENTS_PER_PACK && next < phase.events) records.push(eventOf(phase, next++));
      const pack = encodePack({ ...header, commit: next, reached: NO_POSITION }, records);
      const outcome = await system.log.append(eventsSubject(0), pack);
      if (outcome.kind !== 'appended') throw new Error(`a pack of ${phase.name} is ${outcome.kind}`);
    }
  };
  await Promise.all(Array.from({ length: PACKS_IN_FLIGHT }, sender));
}

/** 0 to count - 1, all equally often and in no order that a cache could use. */
function scattered(index: number, count: number): number {
  return (Math.imul(index, 0x9e3779b1) >>> 0) % count;
}

function eventOf(phase: Phase, index: number): Event {
  const profile = phase.profileOf(index);
  const now = Date.now();
  return {
    kind: 'event',
    id: `node-next-${phase.name}-${index}`,
    workspace: WORKSPACE,
    source: 'web',
    type: 'track',
    name: 'Product Viewed',
    occurredAt: now,
    receivedAt: now,
    identifiers: [
      { type: 'user_id', value: `user-${profile}` },
      { type: 'anonymous_id', value: `7c9e6679-7425-40de-944b-${profile}` },
    ],
    payload: phase.payload,
  };
}
