/** `bench -- latency`: from the request to the firing in its log and to its webhook, at rates that the line keeps up with. */
import { FiringWatch } from './firing-watch.js';
import { openLoop } from './load.js';
import { messagesStored } from './metrics.js';
import type { BenchOptions } from './options.js';
import { PEER, ratio } from './peer.js';
import { CpuMeter } from './process-costs.js';
import { type Figures, printTable, quantile, recordFigures } from './results.js';
import { BenchSystem, STAGES } from './system.js';
import { WebhookSink } from './webhook-sink.js';
import { Workload } from './workload.js';

const WARM_UP_SECONDS = 4;
const SETTLE_LIMIT_MS = 20_000;
const CONNECTIONS_MAX = 64;

export async function benchLatency(options: BenchOptions): Promise<void> {
  const rows: Figures[] = [];
  for (const rate of options.rates) rows.push(await measureRate(options, rate));
  printTable(rows);
  recordFigures(options, rows);
}

/** Each rate has a system of its own: what one leaves behind does not count for the next. */
async function measureRate(options: BenchOptions, rate: number): Promise<Figures> {
  const sink = await WebhookSink.open();
  const clickhouse = options.clickhouse === 'with';
  const system = await BenchSystem.start({ options, windowSeconds: 10, clickhouse, webhook: sink.url });
  try {
    await Promise.all([system.startService('ingest'), ...STAGES.map((stage) => system.startService(stage))]);
    return await measure(system, sink, options, rate);
  } finally {
    await system.stop();
    await sink.close();
  }
}

async function measure(system: BenchSystem, sink: WebhookSink, options: BenchOptions, rate: number): Promise<Figures> {
  // Few events a second need more probes among them for a p99.
  const probeEvery = rate <= 1_000 ? 5 : 100;
  const workload = new Workload({ run: 'latency', probeEvery });
  const watch = new FiringWatch(system, { run: 'latency', probeEvery, source: 'firings' });
  sink.arrived = (cause) => watch.webhookArrived(cause);
  const target = { url: system.httpUrl('ingest'), writeKey: system.writeKey };
  const batchSize = rate <= 1_000 ? 1 : 10;
  const loop = { eventsPerSecond: rate, batchSize, connectionsMax: CONNECTIONS_MAX, watch };
  await openLoop(target, workload, { ...loop, seconds: WARM_UP_SECONDS });
  watch.startSampling();
  const cpu = new CpuMeter(system.pids());
  const messages = await messagesStored(system);
  const begun = performance.now();
  const waited = await openLoop(target, workload, { ...loop, seconds: options.seconds });
  const seconds = (performance.now() - begun) / 1_000;
  const others = cpu.others();
  const all = [...cpu.read().values()].reduce((sum, micros) => sum + micros, 0);
  const published = (await messagesStored(system)) - messages;
  const settled = await watch.untilBelow(1, SETTLE_LIMIT_MS);
  const samples = watch.takeSamples();
  const webhooks = watch.takeWebhookSamples();
  const peer = PEER.latency[rate];
  const [p50, p99] = [quantile(samples, 0.5), quantile(samples, 0.99)];
  return {
    'events/s': rate,
    'p50 ms': p50,
    'p99 ms': p99,
    'max ms': quantile(samples, 1),
    'webhook p50': quantile(webhooks, 0.5),
    'webhook p99': quantile(webhooks, 0.99),
    'prototype p50': peer?.p50,
    'prototype p99': peer?.p99,
    'p99 ratio': ratio(p99, peer?.p99),
    firings: samples.length,
    webhooks: webhooks.length,
    'messages/s': published / seconds,
    '% of a core': all / seconds / 10_000,
    'other work %': others,
    'requests waited': waited,
    ...(settled ? {} : { lost: watch.inFlight }),
  };
}
