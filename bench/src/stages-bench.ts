/**
 * `bench -- stages`: each stage alone from log to log. `bench -- replay`: how fast a stage rebuilds its state from its log, its outputs being
 * there already. Both fill the logs by the whole line first.
 */
import { streamOf } from '@attrium/event';
import { jetstreamManager } from '@nats-io/jetstream';
import { printProfile } from './cpu-profile.js';
import { FiringWatch } from './firing-watch.js';
import { closedLoop } from './load.js';
import type { BenchOptions } from './options.js';
import { PEER, ratio } from './peer.js';
import { cpuMicros } from './process-costs.js';
import { type Figures, printTable, recordFigures } from './results.js';
import { BenchSystem, STAGES, type Stage } from './system.js';
import { Workload } from './workload.js';

const OUTPUTS = {
  identity: 'resolved',
  'attribute-compute': 'attributes',
  segment: 'memberships',
  'journey-trigger': 'firings',
} as const;
const PROBE_EVERY = 100;
const FILL_LIMIT_MS = 180_000;

export async function benchStages(options: BenchOptions): Promise<void> {
  await runAlone(options, 'stages');
}

export async function benchReplay(options: BenchOptions): Promise<void> {
  await runAlone(options, 'replay');
}

async function runAlone(options: BenchOptions, what: 'stages' | 'replay'): Promise<void> {
  // Only the stages that are measured leave profiles, and only of the measurement.
  const system = await BenchSystem.start({ options, windowSeconds: 10 });
  try {
    const events = await fill(system, options);
    const rows: Figures[] = [];
    // The last stage first: running a stage again makes its output, which is the input of the next, anew.
    for (const stage of [...STAGES].reverse()) {
      if (options.only.length > 0 && !options.only.includes(stage)) continue;
      // Its deliverer has a place of its own in the firings and rightly refuses to go on where they are gone.
      if (what === 'stages' && stage === 'journey-trigger') continue;
      rows.push(await runStage(system, options, { stage, what, events }));
    }
    printTable(rows);
    recordFigures(options, rows);
  } finally {
    await system.stop();
  }
}

/** Returns the number of events that went through the whole line. */
async function fill(system: BenchSystem, options: BenchOptions): Promise<number> {
  await Promise.all([system.startService('ingest'), ...STAGES.map((stage) => system.startService(stage))]);
  const watch = new FiringWatch(system, { run: 'fill', probeEvery: PROBE_EVERY, source: 'firings' });
  const workload = new Workload({ run: 'fill', probeEvery: PROBE_EVERY });
  const target = { url: system.httpUrl('ingest'), writeKey: system.writeKey };
  await closedLoop(target, workload, {
    connections: 16,
    batchSize: 100,
    eventsMax: options.eventsMax,
    stop: { requested: false },
    gate: () => watch.untilBelow(options.inFlightMax, FILL_LIMIT_MS),
    watch,
  });
  if (!(await watch.untilBelow(1, FILL_LIMIT_MS))) throw new Error(`${watch.inFlight} events have not come through`);
  for (const service of [...system.services.keys()]) await system.stopService(service);
  return workload.count;
}

async function runStage(
  system: BenchSystem,
  options: BenchOptions,
  { stage, what, events }: { stage: Stage; what: 'stages' | 'replay'; events: number },
): Promise<Figures> {
  system.forgetState(stage);
  system.forgetProfile(stage);
  if (what === 'stages') {
    const manager = await jetstreamManager(system.link.publish);
    await manager.streams.purge(streamOf(OUTPUTS[stage]));
  }
  const begun = performance.now();
  // Ready means that it has read what its log held; the start of Node is in the time.
  await system.startService(stage);
  const seconds = (performance.now() - begun) / 1_000;
  const micros = cpuMicros(system.pid(stage));
  await system.stopService(stage);
  if (options.profile) printProfile(stage, system.profileDirectory(stage), events);
  const peer = what === 'replay' ? PEER.replay[stage] : undefined;
  return {
    stage,
    events,
    seconds,
    'events/s': events / seconds,
    'µs/event': micros / events,
    ...(peer === undefined ? {} : { prototype: peer, ratio: ratio(events / seconds, peer) }),
  };
}
