/** Reads the metrics of the services over HTTP. */
import type { BenchSystem, ServiceName } from './system.js';

export interface ServiceMetrics {
  /** Sum over all label values of a metric; 0 when there is none. */
  sum(name: string): number;
  /** The upper bound of the bucket in which a quantile of a histogram lies; NaN when it is empty. */
  quantile(name: string, part: number): number;
}

export async function metricsOf(system: BenchSystem, service: ServiceName): Promise<ServiceMetrics> {
  const text = await (await fetch(`${system.httpUrl(service)}/metrics`)).text();
  const sums = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([a-z_0-9]+)(?:\{[^}]*\})? ([-+0-9.eE]+)/i.exec(line);
    if (match !== null) sums.set(match[1]!, (sums.get(match[1]!) ?? 0) + Number(match[2]));
  }
  return { sum: (name) => sums.get(name) ?? 0, quantile: (name, part) => bucketOf(text, name, part) };
}

function bucketOf(text: string, name: string, part: number): number {
  const buckets = [...text.matchAll(new RegExp(`^${name}_bucket\\{[^}]*le="([^"]+)"[^}]*\\} (\\d+)`, 'gm'))];
  const total = Number(buckets.at(-1)?.[2] ?? 0);
  const found = total === 0 ? undefined : buckets.find((bucket) => Number(bucket[2]) >= part * total);
  return found === undefined ? Number.NaN : Number(found[1]);
}

/** Stored messages of all logs so far. */
export async function messagesStored(system: BenchSystem): Promise<number> {
  const streams = ['events', 'resolved', 'attributes', 'memberships', 'firings', 'deliveries'];
  const bounds = await Promise.all(streams.map((name) => system.log.bounds(`attrium-${name}`)));
  return bounds.reduce((sum, { lastSequence }) => sum + lastSequence, 0);
}
