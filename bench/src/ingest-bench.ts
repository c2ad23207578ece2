/** `bench -- ingest`: what one ingest process on one core takes in durably, by single events and by batches. */

import { printProfile } from './cpu-profile.js';
import { closedLoop } from './load.js';
import type { BenchOptions } from './options.js';
import { PEER, ratio } from './peer.js';
import { CpuMeter } from './process-costs.js';
import { type Figures, printTable, quantile, recordFigures } from './results.js';
import { BenchSystem, pinSelf } from './system.js';
import { Workload } from './workload.js';

const WARM_UP_MS = 2_000;
const LATENCIES_MAX = 5_000_000;

export async function benchIngest(options: BenchOptions): Promise<void> {
  const system = await BenchSystem.start({ options, windowSeconds: 10 });
  try {
    pinSelf(1);
    await system.startService('ingest', { core: 0 });
    const rows: Figures[] = [];
    const cases = [
      { batchSize: 1, connections: 16 },
      { batchSize: 1, connections: 64 },
      { batchSize: 100, connections: 16 },
    ];
    for (const given of cases) rows.push(await measure(system, options, given));
    printTable(rows);
    recordFigures(options, rows);
    if (options.profile) {
      await system.stopService('ingest');
      printProfile('ingest', system.profileDirectory('ingest'), Number(rows.at(-1)!.events));
    }
  } finally {
    await system.stop();
  }
}

async function measure(
  system: BenchSystem,
  options: BenchOptions,
  { batchSize, connections }: { batchSize: number; connections: number },
): Promise<Figures> {
  const target = { url: system.httpUrl('ingest'), writeKey: system.writeKey };
  const workload = new Workload({ run: `${batchSize}x${connections}`, probeEvery: 100 });
  const took = new Float64Array(LATENCIES_MAX);
  let count = 0;
  let measuring = false;
  const stop = { requested: false };
  const eventsMax = options.eventsMax * (batchSize === 1 ? 1 : 5);
  const running = closedLoop(target, workload, {
    connections,
    batchSize,
    eventsMax,
    stop,
    took: (ms) => {
      if (measuring && count < LATENCIES_MAX) took[count++] = ms;
    },
  });
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const pids = new Map([...system.pids()].filter(([name]) => name !== 'clickhouse'));
  const cpu = new CpuMeter(pids);
  const begun = performance.now();
  measuring = true;
  await Promise.race([running, new Promise((resolve) => setTimeout(resolve, options.seconds * 1_000))]);
  measuring = false;
  const seconds = (performance.now() - begun) / 1_000;
  const used = cpu.read();
  const others = cpu.others();
  stop.requested = true;
  await running;
  const events = count * batchSize;
  const samples = took.slice(0, count);
  const single = batchSize === 1;
  const peer = single ? PEER.ingest.singlePerSecond : PEER.ingest.batchPerSecond;
  return {
    'events a request': batchSize,
    connections,
    events,
    'events/s': events / seconds,
    'to prototype': ratio(events / seconds, single && connections < 64 ? 9_600 : peer),
    'p50 ms': quantile(samples, 0.5),
    'p99 ms': quantile(samples, 0.99),
    'ingest µs/event': used.get('ingest')! / events,
    'nats µs/event': used.get('nats')! / events,
    'generator µs/event': used.get('generator')! / events,
    'other work %': others,
  };
}
