/**
 * Metrics as named occurrences: a service's `telemetry.ts` defines one function for each thing that happens, once, and the rest of
 * the service only says that it happened. All live in prom-client's default registry, which `/metrics` shows.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, type LabelValues, register } from 'prom-client';

export interface MetricOptions<L extends string> {
  /** `attrium_<noun>_<what>_<unit>`; counters end in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

/** Latencies from a quarter millisecond to half a minute, in seconds. */
export const LATENCY_BUCKETS_SECONDS = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** A thing that happened some number of times: `const eventsAccepted = counter({ … }); eventsAccepted(3, { type })`. */
export function counter<L extends string = never>(
  options: MetricOptions<L>,
): (count: number, labels?: LabelValues<L>) => void {
  const metric = existing<Counter<L>>(options.name) ?? new Counter<L>(configurationOf(options));
  return (count, labels) => (labels === undefined ? metric.inc(count) : metric.inc(labels, count));
}

/** A level that is set. */
export function gauge<L extends string = never>(
  options: MetricOptions<L>,
): (value: number, labels?: LabelValues<L>) => void {
  const metric = existing<Gauge<L>>(options.name) ?? new Gauge<L>(configurationOf(options));
  return (value, labels) => (labels === undefined ? metric.set(value) : metric.set(labels, value));
}

/** A level that is read when it is asked for; registering the name again replaces the reader. */
export function sampledGauge(options: MetricOptions<never>, read: () => number): void {
  register.removeSingleMetric(options.name);
  new Gauge({
    name: options.name,
    help: options.help,
    collect() {
      this.set(read());
    },
  });
}

/** A size or duration that is observed; durations in seconds. */
export function histogram<L extends string = never>(
  options: MetricOptions<L> & { readonly buckets?: readonly number[] },
): (value: number, labels?: LabelValues<L>) => void {
  const metric =
    existing<Histogram<L>>(options.name) ??
    new Histogram<L>({ ...configurationOf(options), buckets: [...(options.buckets ?? LATENCY_BUCKETS_SECONDS)] });
  return (value, labels) => (labels === undefined ? metric.observe(value) : metric.observe(labels, value));
}

function existing<M>(name: string): M | undefined {
  return register.getSingleMetric(name) as M | undefined;
}

function configurationOf<L extends string>(options: MetricOptions<L>): { name: string; help: string; labelNames: L[] } {
  return { name: options.name, help: options.help, labelNames: [...(options.labels ?? [])] };
}

let collecting = false;

/** Process metrics, with event-loop delay (`nodejs_eventloop_lag_*`); once a process. */
export function collectProcessMetrics(service: string): void {
  if (collecting) return;
  collecting = true;
  register.setDefaultLabels({ service });
  collectDefaultMetrics({ eventLoopMonitoringPrecision: 20 });
}

/** The registry in the text format of Prometheus. */
export async function metricsText(): Promise<{ contentType: string; text: string }> {
  return { contentType: register.contentType, text: await register.metrics() };
}
