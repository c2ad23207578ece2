/** `bench -- line`: the whole line saturated, with a bounded number of events on their way. */
import { printProfile } from './cpu-profile.js';
import { FiringWatch } from './firing-watch.js';
import { closedLoop } from './load.js';
import { lagOf, messagesStored, metricsOf } from './metrics.js';
import type { BenchOptions } from './options.js';
import { PEER, ratio } from './peer.js';
import { CpuMeter, loopMicros } from './process-costs.js';
import { type Figures, printTable, quantile, recordFigures } from './results.js';
import { BenchSystem, STAGES } from './system.js';
import { Workload } from './workload.js';

const WARM_UP_MS = 4_000;
const PROBE_EVERY = 100;
const BATCH_SIZE = 100;
const CONNECTIONS = 16;
const WINDOW_SECONDS = 10;
const SETTLE_LIMIT_MS = 60_000;
/** As `--max-semi-space-size` says. */
const YOUNG_SPACE_KIB = 32 * 1024;

export async function benchLine(options: BenchOptions): Promise<void> {
  for (const clickhouse of [false, true]) {
    if (options.clickhouse === (clickhouse ? 'without' : 'with')) continue;
    await runLine(options, clickhouse);
  }
}

async function runLine(options: BenchOptions, clickhouse: boolean): Promise<void> {
  const system = await BenchSystem.start({ options, windowSeconds: WINDOW_SECONDS, clickhouse });
  try {
    await Promise.all([system.startService('ingest'), ...STAGES.map((stage) => system.startService(stage))]);
    const figures = await measure(system, options);
    // Before anything else asks: some metrics are of the time since they were last read.
    const eventsInAll = Number(figures.line['events in all']);
    const pauses = await Promise.all(STAGES.map((stage) => pausesOf(system, stage, eventsInAll)));
    const settled = clickhouse ? await settleProjections(system) : undefined;
    console.log(`\nThe whole line, ${clickhouse ? 'with' : 'without'} ClickHouse`);
    printTable([{ ...figures.line, ...settled }]);
    printTable(figures.services);
    printTable(pauses);
    recordFigures(options, { clickhouse, ...figures, ...settled, pauses });
    if (!options.profile) return;
    for (const service of ['ingest', ...STAGES] as const) {
      await system.stopService(service);
      printProfile(service, system.profileDirectory(service), eventsInAll);
    }
  } finally {
    await system.stop();
  }
}

async function measure(system: BenchSystem, options: BenchOptions): Promise<{ line: Figures; services: Figures[] }> {
  const workload = new Workload({ run: 'line', probeEvery: PROBE_EVERY });
  const watch = new FiringWatch(system, { run: 'line', probeEvery: PROBE_EVERY, source: 'firings' });
  const target = { url: system.httpUrl('ingest'), writeKey: system.writeKey };
  const stop = { requested: false };
  const running = closedLoop(target, workload, {
    connections: CONNECTIONS,
    batchSize: BATCH_SIZE,
    eventsMax: options.eventsMax * 10,
    stop,
    gate: () => watch.untilBelow(options.inFlightMax, SETTLE_LIMIT_MS),
    watch,
  });
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const cpu = new CpuMeter(system.pids());
  const loops = new CpuMeter(system.pids(), loopMicros);
  watch.startSampling();
  const begun = {
    at: performance.now(),
    probes: watch.probesSeen,
    firings: watch.firings,
    deliveries: watch.deliveries,
  };
  const messages = await messagesStored(system);
  await Promise.race([running, new Promise((resolve) => setTimeout(resolve, options.seconds * 1_000))]);
  const used = cpu.read();
  const others = cpu.others();
  const onLoop = loops.read();
  const seconds = (performance.now() - begun.at) / 1_000;
  const published = (await messagesStored(system)) - messages;
  const events = (watch.probesSeen - begun.probes) * PROBE_EVERY;
  const firings = watch.firings - begun.firings;
  const deliveries = watch.deliveries - begun.deliveries;
  const samples = watch.takeSamples();
  const lag = watch.inFlight;
  stop.requested = true;
  await running;
  if (!(await watch.untilBelow(1, SETTLE_LIMIT_MS))) throw new Error(`${watch.inFlight} events have not come through`);
  const peer = PEER.line[system.clickhouse === undefined ? 'without' : 'with'];
  const all = [...used.values()].reduce((sum, micros) => sum + micros, 0);
  const services = [...used, ['all', all] as const].map(([service, micros]) => ({
    service,
    'µs/event': micros / events,
    'on the loop': micros === all ? undefined : (onLoop.get(service) ?? 0) / events,
    prototype: peer.micros[service],
    ratio: ratio(micros / events, peer.micros[service]),
    '% of a core': micros / seconds / 10_000,
  }));
  const line = {
    'events/s': events / seconds,
    prototype: peer.perSecond,
    ratio: ratio(events / seconds, peer.perSecond),
    'p50 ms': quantile(samples, 0.5),
    'p99 ms': quantile(samples, 0.99),
    'messages/s': published / seconds,
    'firings/event': firings / events,
    'deliveries/event': deliveries / events,
    'on their way at the end': lag,
    'events in all': workload.count,
    'other work %': others,
  };
  return { line, services };
}

/** How far the projections are behind when the load ends, and how long they take to catch up. */
async function settleProjections(system: BenchSystem): Promise<Figures> {
  const begun = performance.now();
  const behind = await lagOf(system);
  while ((await lagOf(system)) > 0 && performance.now() - begun < SETTLE_LIMIT_MS) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { 'messages to project': behind, 'projected after ms': performance.now() - begun };
}

async function pausesOf(system: BenchSystem, service: (typeof STAGES)[number], events: number): Promise<Figures> {
  const metrics = await metricsOf(system, service);
  const commits = metrics.sum('attrium_stage_commit_seconds_count');
  return {
    service,
    'freshness p50 ms': 1_000 * metrics.quantile('attrium_stage_freshness_seconds', 0.5),
    'p99 ms': 1_000 * metrics.quantile('attrium_stage_freshness_seconds', 0.99),
    'facts/commit': metrics.sum('attrium_stage_facts_committed_total') / commits,
    'bytes/commit': metrics.sum('attrium_stage_bytes_committed_total') / commits,
    'commit ms': (1_000 * metrics.sum('attrium_stage_commit_seconds_sum')) / commits,
    'rows saved': metrics.sum('attrium_stage_rows_saved_total'),
    'save ms':
      (1_000 * metrics.sum('attrium_stage_save_encode_seconds_sum')) /
      metrics.sum('attrium_stage_save_encode_seconds_count'),
    'loop delay p99 ms': 1_000 * metrics.sum('nodejs_eventloop_lag_p99_seconds'),
    'loop delay max ms': 1_000 * metrics.sum('nodejs_eventloop_lag_max_seconds'),
    // A scavenge runs when the young generation has been filled; it is smaller at first, so this is a little too much.
    'allocated KiB/event':
      (metrics.sumOf('nodejs_gc_duration_seconds_count', 'kind="minor"') * YOUNG_SPACE_KIB) / events,
    'gc s': metrics.sum('nodejs_gc_duration_seconds_sum'),
    'dead letters': metrics.sum('attrium_stage_dead_letters_total'),
  };
}
