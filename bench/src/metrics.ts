/** Reads the metrics of the services over HTTP. */
import { type BenchSystem, type ServiceName, STAGES } from './system.js';

export interface ServiceMetrics {
  /** Sum over all label values of a metric; 0 when there is none. */
  sum(name: string): number;
  /** The same over those series alone that have this label value. */
  sumOf(name: string, label: `${string}="${string}"`): number;
  /** The upper bound of the bucket in which a quantile of a histogram lies; NaN when it is empty. */
  quantile(name: string, part: number): number;
}

export async function metricsOf(system: BenchSystem, service: ServiceName): Promise<ServiceMetrics> {
  const text = await (await fetch(`${system.httpUrl(service)}/metrics`)).text();
  const series = [...text.matchAll(/^([a-z_0-9]+)(\{[^}]*\})? ([-+0-9.eE]+)/gim)];
  const sumOf = (name: string, label: string): number =>
    series
      .filter(([, found, labels = '']) => found === name && labels.includes(label))
      .reduce((sum, [, , , value]) => sum + Number(value), 0);
  return { sumOf, sum: (name) => sumOf(name, ''), quantile: (name, part) => bucketOf(text, name, part) };
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

/** Messages that the projections of all stages have not read yet. */
export async function lagOf(system: BenchSystem): Promise<number> {
  const metrics = await Promise.all(STAGES.map((stage) => metricsOf(system, stage)));
  return metrics.reduce((sum, metric) => sum + metric.sum('attrium_projector_lag_messages'), 0);
}
