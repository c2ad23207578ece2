/** `bench -- outage`: ClickHouse is gone for a while under load. How fast its tables catch up once it is back, and whether each row is there once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { FiringWatch } from './firing-watch.js';
import { openLoop } from './load.js';
import { lagOf } from './metrics.js';
import type { BenchOptions } from './options.js';
import { type Figures, printTable, quantile, recordFigures } from './results.js';
import { BenchSystem, STAGES } from './system.js';
import { Workload } from './workload.js';

const PROBE_EVERY = 100;
const BATCH_SIZE = 10;
const CONNECTIONS_MAX = 64;
const WINDOW_SECONDS = 10;
const WARM_UP_MS = 15_000;
/** The load is asked this often whether it is to end. */
const SLICE_SECONDS = 2;
const LOOK_EVERY_MS = 250;
const CATCH_UP_LIMIT_MS = 600_000;
const SETTLE_LIMIT_MS = 120_000;
const LOG_BYTES_MAX = 40 * 1024 ** 3;
/** Tables of what happened: a row each, for ever. */
const HISTORY = ['events', 'attribute_changes', 'membership_changes', 'firings'] as const;

/** Gone for `--seconds`, at the first of `--rates`. */
export async function benchOutage(options: BenchOptions): Promise<void> {
  const rate = options.rates[0]!;
  const system = await BenchSystem.start({
    ...{ options, windowSeconds: WINDOW_SECONDS, clickhouse: true, logBytesMax: LOG_BYTES_MAX },
  });
  try {
    await Promise.all([system.startService('ingest'), ...STAGES.map((stage) => system.startService(stage))]);
    const watch = new FiringWatch(system, { run: 'outage', probeEvery: PROBE_EVERY, source: 'firings' });
    const workload = new Workload({ run: 'outage', probeEvery: PROBE_EVERY });
    const stop = { requested: false };
    const running = load(system, { workload, watch, rate, stop });
    const figures = await Promise.race([breakAndMend(system, watch, options.seconds), running.then(endedEarly)]);
    stop.requested = true;
    await running;
    if (!(await watch.untilBelow(1, SETTLE_LIMIT_MS)))
      throw new Error(`${watch.inFlight} events have not come through`);
    await untilProjected(system, 0, SETTLE_LIMIT_MS);
    // What had just left the log when it was looked at.
    await sleep(LOOK_EVERY_MS * 4);
    await untilProjected(system, 0, SETTLE_LIMIT_MS);
    const rows = await countRows(system);
    console.log(`\n${rate} events/s, ClickHouse gone for ${options.seconds} s; ${workload.count} events in all`);
    printTable([figures]);
    printTable(rows);
    recordFigures(options, { rate, events: workload.count, ...figures, rows });
    const wrong = rows.filter((row) => row.rows !== row.once);
    if (rows[0]!.once !== workload.count) wrong.push(rows[0]!);
    if (wrong.length > 0) throw new Error(`not each once: ${JSON.stringify(wrong)}, of ${workload.count} events`);
    console.log(`caught up at ${Number(figures['x arrival']).toFixed(1)} times the arrival rate, each row once`);
  } finally {
    await system.stop();
  }
}

interface LoadRun {
  readonly workload: Workload;
  readonly watch: FiringWatch;
  readonly rate: number;
  readonly stop: { requested: boolean };
}

async function load(system: BenchSystem, { workload, watch, rate, stop }: LoadRun): Promise<void> {
  const target = { url: system.httpUrl('ingest'), writeKey: system.writeKey };
  const loop = { batchSize: BATCH_SIZE, connectionsMax: CONNECTIONS_MAX, seconds: SLICE_SECONDS, watch };
  while (!stop.requested) await openLoop(target, workload, { ...loop, eventsPerSecond: rate });
}

function endedEarly(): never {
  throw new Error('the load ended before ClickHouse was back');
}

async function breakAndMend(system: BenchSystem, watch: FiringWatch, seconds: number): Promise<Figures> {
  await sleep(WARM_UP_MS);
  watch.startSampling();
  await sleep(WARM_UP_MS);
  const before = watch.takeSamples();
  const lagBefore = await lagOf(system);
  await system.clickhouse!.stop();
  const goneAt = performance.now();
  watch.startSampling();
  await sleep(seconds * 1_000);
  const during = watch.takeSamples();
  const lag = await lagOf(system);
  const arrival = (lag - lagBefore) / ((performance.now() - goneAt) / 1_000);
  const backAt = performance.now();
  await system.startClickHouse();
  const answersAt = performance.now();
  watch.startSampling();
  // By then it is as near as it ever is: what came within the last second.
  const left = await untilProjected(system, Math.max(lagBefore, arrival), CATCH_UP_LIMIT_MS);
  const tookSeconds = (performance.now() - answersAt) / 1_000;
  return {
    'arrival messages/s': arrival,
    'messages behind': lag,
    'start of ClickHouse s': (answersAt - backAt) / 1_000,
    'caught up after s': tookSeconds,
    'x arrival': (lag + arrival * ((performance.now() - backAt) / 1_000) - left) / tookSeconds / arrival,
    'p99 ms before': quantile(before, 0.99),
    'p99 ms while gone': quantile(during, 0.99),
    'p99 ms while catching up': quantile(watch.takeSamples(), 0.99),
  };
}

/** Waits until so few messages are left to project; answers how many are. */
async function untilProjected(system: BenchSystem, most: number, limitMs: number): Promise<number> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const left = await lagOf(system);
    if (left <= most) return left;
    if (performance.now() > deadline) throw new Error(`${left} messages are still to be projected`);
    await sleep(LOOK_EVERY_MS);
  }
}

/** Of each table its rows, and how many there are when equal ones count once. */
async function countRows(system: BenchSystem): Promise<{ table: string; rows: number; once: number }[]> {
  const client = createClient({ url: system.clickhouse!.url, database: 'attrium' });
  const count = async (query: string): Promise<number> => {
    const answer = await client.query({ query, format: 'JSONEachRow' });
    return Number((await answer.json<{ rows: string }>())[0]!.rows);
  };
  try {
    const tables: { table: string; rows: number; once: number }[] = [];
    for (const table of HISTORY) {
      const rows = await count(`SELECT count() AS rows FROM ${table}`);
      tables.push({ table, rows, once: await count(`SELECT count() AS rows FROM ${table} FINAL`) });
    }
    return tables;
  } finally {
    await client.close();
  }
}
