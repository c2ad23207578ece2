/** `bench -- soak`: everything at one rate for a long time. What grows without a bound shows from mark to mark. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { FiringWatch } from './firing-watch.js';
import { openLoop } from './load.js';
import { lagOf } from './metrics.js';
import type { BenchOptions } from './options.js';
import { CpuMeter, memoryOf } from './process-costs.js';
import { type Figures, printTable, quantile, recordFigures } from './results.js';
import { BenchSystem, type ServiceName, STAGES } from './system.js';
import { WebhookSink } from './webhook-sink.js';
import { Workload } from './workload.js';

const MARKS = 6;
const PROBE_EVERY = 100;
const BATCH_SIZE = 10;
const CONNECTIONS_MAX = 64;
const MIB = 1024 * 1024;
/** Room for the logs: nothing is forgotten while there are no snapshots. */
const LOG_BYTES_MAX = 60 * 1024 ** 3;
const SETTLE_LIMIT_MS = 60_000;

/** Six marks in `--seconds`, at the first of `--rates`. */
export async function benchSoak(options: BenchOptions): Promise<void> {
  const rate = options.rates[0]!;
  const sink = await WebhookSink.open();
  const system = await BenchSystem.start({
    ...{ options, windowSeconds: 10, clickhouse: true, webhook: sink.url, logBytesMax: LOG_BYTES_MAX },
  });
  try {
    const services: ServiceName[] = ['ingest', ...STAGES, 'control'];
    await Promise.all(services.map((service) => system.startService(service)));
    const watch = new FiringWatch(system, { run: 'soak', probeEvery: PROBE_EVERY, source: 'firings' });
    sink.arrived = (cause) => watch.webhookArrived(cause);
    const workload = new Workload({ run: 'soak', probeEvery: PROBE_EVERY });
    const marks: Figures[] = [];
    for (let mark = 1; mark <= MARKS; mark++) {
      const figures = await runToMark(system, { watch, workload, rate, seconds: options.seconds / MARKS });
      marks.push({ minute: Math.round((mark * options.seconds) / MARKS / 6) / 10, ...figures });
      printTable(marks.slice(-1));
    }
    if (!(await watch.untilBelow(1, SETTLE_LIMIT_MS))) console.log(`${watch.inFlight} events have not come through`);
    console.log(`\n${rate} events/s for ${options.seconds} s, with ClickHouse`);
    printTable(marks);
    recordFigures(options, { rate, marks });
  } finally {
    await system.stop();
    await sink.close();
  }
}

async function runToMark(
  system: BenchSystem,
  run: { watch: FiringWatch; workload: Workload; rate: number; seconds: number },
): Promise<Figures> {
  const { watch, workload, rate, seconds } = run;
  const target = { url: system.httpUrl('ingest'), writeKey: system.writeKey };
  const cpu = new CpuMeter(system.pids());
  watch.startSampling();
  const events = workload.count;
  const loop = { eventsPerSecond: rate, batchSize: BATCH_SIZE, connectionsMax: CONNECTIONS_MAX, watch, seconds };
  const begun = performance.now();
  await openLoop(target, workload, loop);
  const tookMs = performance.now() - begun;
  const [firings, webhooks] = [watch.takeSamples(), watch.takeWebhookSamples()];
  const all = [...cpu.read().values()].reduce((sum, micros) => sum + micros, 0);
  const rows: Record<string, number> = {
    'events/s': (workload.count - events) / (tookMs / 1_000),
    'p50 ms': quantile(firings, 0.5),
    'p99 ms': quantile(firings, 0.99),
    'webhook p99': quantile(webhooks, 0.99),
    '% of a core': all / tookMs / 10,
    'other %': cpu.others(),
  };
  for (const [name, pid] of system.pids()) if (name !== 'generator') rows[`${name} MiB`] = memoryOf(pid).rss / MIB;
  for (const [name, folder] of Object.entries({ logs: 'jetstream', state: 'state', rows: 'clickhouse' })) {
    rows[`${name} MiB`] = bytesBelow(join(system.directory, folder)) / MIB;
  }
  rows['to project'] = await lagOf(system);
  return rows;
}

/** What the files below a folder take, bytes; `du` goes on where a file vanishes. */
function bytesBelow(folder: string): number {
  const { stdout } = spawnSync('du', ['-sk', folder], { encoding: 'utf8' });
  return Number(/^\d+/.exec(stdout)?.[0] ?? Number.NaN) * 1024;
}
