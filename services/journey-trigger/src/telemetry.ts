/** Everything that journey-trigger counts, by what happened. After a restart the stage counts the replayed gap again. */
import { counter, histogram, sampledGauge } from '@attrium/host/stage';
import type { Occurrence } from './occurrence.js';
import type { FailureClass } from './webhooks/webhook-attempt.js';

const fired = counter({
  name: 'attrium_trigger_fired_total',
  help: 'Firings decided.',
  labels: ['workspace', 'trigger'],
});
const suppressed = counter({
  name: 'attrium_trigger_suppressed_total',
  help: 'Firings suppressed, by why.',
  labels: ['workspace', 'trigger', 'why'],
});
const waited = counter({
  name: 'attrium_trigger_waits_total',
  help: 'Firings that began to wait, for a delay to pass or for something to happen.',
  labels: ['workspace', 'trigger'],
});
const oddities = counter({
  name: 'attrium_trigger_oddities_total',
  help: 'Records that came to an entity merged away, transfers forwarded or repeated, rows of erased profiles and records that came for them, changes dropped while held, keys of frequencies forgotten; by what.',
  labels: ['kind'],
});
const published = counter({
  name: 'attrium_deliveries_published_total',
  help: 'Firings published into the deliveries log.',
});
const publishRetries = counter({
  name: 'attrium_deliveries_publish_retries_total',
  help: 'Publishes into the deliveries log without a clear answer; they are tried again.',
});
const publishedSeconds = histogram({
  name: 'attrium_deliveries_published_seconds',
  help: 'From the log time of the record that fired to the place in the deliveries log.',
});
const delivered = counter({
  name: 'attrium_webhook_delivered_total',
  help: 'Deliveries that a webhook took.',
  labels: ['workspace', 'trigger'],
});
const failedAttempts = counter({
  name: 'attrium_webhook_attempts_failed_total',
  help: 'Attempts that failed, by class.',
  labels: ['workspace', 'trigger', 'why'],
});
const givenUp = counter({
  name: 'attrium_webhook_given_up_total',
  help: 'Deliveries that were given up; they are among the undelivered.',
  labels: ['workspace', 'trigger'],
});
const dropped = counter({
  name: 'attrium_webhook_dropped_total',
  help: 'Deliveries dropped because their receiver wants no more (410).',
  labels: ['workspace', 'trigger'],
});
const erased = counter({
  name: 'attrium_webhook_erased_total',
  help: 'Deliveries dropped because their profile was erased.',
  labels: ['workspace', 'trigger'],
});
const streamsErased = counter({
  name: 'attrium_firing_stream_erased_total',
  help: 'Firings left out of gRPC streams because their profile was erased.',
});
const undeliveredErased = counter({
  name: 'attrium_undelivered_erased_total',
  help: 'Undelivered deleted because their profile was erased.',
});
const deliveredSeconds = histogram({
  name: 'attrium_webhook_delivered_seconds',
  help: 'From the log time of the record that fired to the answer of the webhook.',
  labels: ['workspace', 'trigger'],
});
const attemptsLost = counter({
  name: 'attrium_webhook_attempts_unnoted_total',
  help: 'Attempts that could not be noted for ClickHouse; their deliveries went on.',
});
const streamed = counter({ name: 'attrium_firing_streamed_total', help: 'Firings written to gRPC streams.' });

export interface DestinationLabels {
  readonly workspace: string;
  readonly trigger: string;
}

export const telemetry = {
  stage(occurrence: Occurrence): void {
    switch (occurrence.kind) {
      case 'fired':
        fired(1, { workspace: occurrence.workspace, trigger: occurrence.trigger });
        return;
      case 'suppressed': {
        const { workspace, trigger, why } = occurrence;
        suppressed(1, { workspace, trigger, why });
        return;
      }
      case 'waits': {
        const { workspace, trigger } = occurrence;
        waited(1, { workspace, trigger });
        return;
      }
      case 'kept-back-dropped':
      case 'fired-keys-forgotten':
        oddities(occurrence.records, { kind: occurrence.kind });
        return;
      default:
        oddities(1, { kind: occurrence.kind });
    }
  },
  published(latencyMs: number): void {
    published(1);
    publishedSeconds(Math.max(0, latencyMs) / 1_000);
  },
  publishRetried: (): void => publishRetries(1),
  watchDeliverer(read: { inFlight: () => number }): void {
    sampledGauge(
      { name: 'attrium_deliveries_in_flight', help: 'Firings on their way into the deliveries log.' },
      read.inFlight,
    );
  },
  delivered(destination: DestinationLabels, latencyMs: number): void {
    delivered(1, labelsOf(destination));
    deliveredSeconds(Math.max(0, latencyMs) / 1_000, labelsOf(destination));
  },
  attemptFailed: (destination: DestinationLabels, why: FailureClass): void =>
    failedAttempts(1, { ...labelsOf(destination), why }),
  givenUp: (destination: DestinationLabels): void => givenUp(1, labelsOf(destination)),
  dropped: (destination: DestinationLabels): void => dropped(1, labelsOf(destination)),
  /** Of a webhook; without one, of a stream. */
  erased: (destination?: DestinationLabels): void =>
    destination === undefined ? streamsErased(1) : erased(1, labelsOf(destination)),
  undeliveredErased: (letters: number): void => undeliveredErased(letters),
  watchErased(read: () => number): void {
    sampledGauge(
      { name: 'attrium_deliveries_erased_profiles', help: 'Erased profiles that deliveries are checked against.' },
      read,
    );
  },
  watchWebhooks(read: () => { waiting: number; open: number; obstructed: number }): void {
    sampledGauge(
      { name: 'attrium_webhook_waiting', help: 'Deliveries under way or waiting for another attempt.' },
      () => read().waiting,
    );
    sampledGauge(
      { name: 'attrium_webhook_breakers_open', help: 'Destinations that only get probes.' },
      () => read().open,
    );
    sampledGauge(
      {
        name: 'attrium_webhook_destinations_obstructed',
        help: 'Destinations that are disabled or whose secret is missing.',
      },
      () => read().obstructed,
    );
  },
  attemptsLost: (attempts: number): void => attemptsLost(attempts),
  streamed: (): void => streamed(1),
  watchStreams(read: () => number): void {
    sampledGauge({ name: 'attrium_firing_streams', help: 'Open gRPC streams of firings.' }, read);
  },
};

function labelsOf({ workspace, trigger }: DestinationLabels): { workspace: string; trigger: string } {
  return { workspace, trigger };
}
