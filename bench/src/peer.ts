/**
 * The figures of the bare prototype of this line: five processes on JetStream without framework, telemetry, merges, validation and
 * catalogue look-ups, measured on 2 cores with the load generator included. What Attrium does beyond that is what the ratios show.
 */

export const PEER = {
  ingest: { singlePerSecond: 11_700, singleP50Ms: 5.1, singleP99Ms: 14, batchPerSecond: 110_000, batchMicros: 8.5 },
  line: {
    without: {
      perSecond: 32_500,
      micros: {
        all: 54,
        nats: 7.6,
        ingest: 9.5,
        identity: 9.2,
        'attribute-compute': 14.6,
        segment: 5.9,
        'journey-trigger': 1.6,
        generator: 4.9,
      } as Readonly<Record<string, number>>,
      messagesPerSecond: 840,
    },
    with: {
      perSecond: 25_600,
      micros: {
        all: 77,
        nats: 7.1,
        ingest: 7.7,
        identity: 9.5,
        'attribute-compute': 12.5,
        segment: 5.4,
        'journey-trigger': 1.4,
        generator: 4.8,
        // The prototype's projector was a process of its own (7.9); here each stage projects its own log.
        clickhouse: 20,
      } as Readonly<Record<string, number>>,
      messagesPerSecond: 610,
    },
  },
  /** Accepted to firing seen, four partitions, 5 ms linger; by events a second. */
  latency: {
    100: { p50: 3.1, p99: 10 },
    1000: { p50: 9.1, p99: 16 },
    5000: { p50: 9.9, p99: 29 },
    10000: { p50: 10.1, p99: 23 },
    15000: { p50: 10.6, p99: 47 },
    20000: { p50: 12.1, p99: 52 },
  } as Readonly<Record<number, { p50: number; p99: number }>>,
  /** Events a second, outputs suppressed. */
  replay: { identity: 305_000, 'attribute-compute': 113_000 } as Readonly<Record<string, number>>,
  /** RSS of the idle line, MB. */
  memoryMb: 717,
} as const;

export function ratio(ours: number, theirs: number | undefined): number | undefined {
  return theirs === undefined ? undefined : ours / theirs;
}
