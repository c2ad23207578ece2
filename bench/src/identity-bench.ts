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
  readonly payload: Uint8Array;
  /** The profile of the event of a number. */
  readonly profileOf: (index: number) => number;
}

export async function benchIdentity(options: BenchOptions): Promise<void> {
  const system = await BenchSystem.start({ options, windowSeconds: 10 });
  try {
    // The generator and NATS share the other core.
    if (canPin()) pinSelf(0);
    await system.startService('identity', { core: 1 });
    const { profilesKnown, eventsMax: events } = options;
    const busy = Math.min(BUSY_PROFILES, profilesKnown);
    const phases: Phase[] = [
      { name: 'new profiles', events: profilesKnown, payload: SMALL_PAYLOAD, profileOf: (index) => index },
      {
        name: 'all profiles, from disk',
        events,
        payload: PAYLOAD,
        profileOf: (index) => scattered(index, profilesKnown),
      },
      { name: 'warming', events: busy * 3, payload: PAYLOAD, profileOf: (index) => index % busy },
      { name: 'busy profiles, warm', events, payload: PAYLOAD, profileOf: (index) => scattered(index, busy) },
    ];
    const rows: Figures[] = [];
    for (const phase of phases) {
      const figures = await measure(system, phase);
      if (phase.name !== 'warming') rows.push(figures);
    }
    await system.stopService('identity');
    if (options.profile) printProfile('identity', system.profileDirectory('identity'), profilesKnown + 2 * events);
    printTable([...rows, { phase: 'goal, warm', 'events/s': GOAL_PER_SECOND }]);
    recordFigures(options, rows);
  } finally {
    await system.stop();
  }
}

/** Sends the events of a phase and looks at the middle of it: from a fifth to nine tenths of the way. */
async function measure(system: BenchSystem, phase: Phase): Promise<Figures> {
  const pid = system.pid('identity');
  const resolved = async (): Promise<number> =>
    (await metricsOf(system, 'identity')).sum('attrium_identity_events_total');
  const before = await resolved();
  const cpus = new CpuMeter(system.pids());
  const sending = send(system, phase);
  const samples: { at: number; count: number; cpu: number; loop: number }[] = [];
  const deadline = performance.now() + WAIT_MS;
  for (let count = 0; count < phase.events; ) {
    count = (await resolved()) - before;
    samples.push({ at: performance.now(), count, cpu: cpuMicros(pid), loop: loopMicros(pid) });
    if (performance.now() > deadline) throw new Error(`${phase.name}: ${count} of ${phase.events} events after 3 min`);
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  }
  await sending;
  const first = samples.find(({ count }) => count >= phase.events * 0.2)!;
  const last = samples.findLast(({ count }) => count <= phase.events * 0.9) ?? samples.at(-1)!;
  const events = last.count - first.count;
  return {
    phase: phase.name,
    events: phase.events,
    'events/s': events / ((last.at - first.at) / 1_000),
    'µs/event': (last.cpu - first.cpu) / events,
    'on the loop': (last.loop - first.loop) / events,
    'RSS MiB': memoryOf(pid).rss / MIB,
    'other work %': cpus.others(),
  };
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
