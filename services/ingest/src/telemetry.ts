/** Everything that ingest counts, by what happened. */
import { counter, histogram, sampledGauge } from '@attrium/host';

const events = counter({
  name: 'attrium_ingest_events_total',
  help: 'Events accepted into the log.',
  labels: ['type'],
});
const rejections = counter({
  name: 'attrium_ingest_rejections_total',
  help: 'Events rejected, by code.',
  labels: ['code'],
});
const identifiersDropped = counter({
  name: 'attrium_ingest_identifiers_dropped_total',
  help: 'Identifiers that events went on without, by why: unusable or too-many. User and anonymous ids are never among them.',
  labels: ['why'],
});
const failures = counter({
  name: 'attrium_ingest_failures_total',
  help: 'Requests refused as a whole, by code.',
  labels: ['code'],
});
const packs = counter({ name: 'attrium_ingest_packs_total', help: 'Packs appended to the log.' });
const packBytes = counter({ name: 'attrium_ingest_pack_bytes_total', help: 'Bytes of packs appended to the log.' });
const unknown = counter({
  name: 'attrium_ingest_append_unknown_total',
  help: 'Appends without a clear answer; they are tried again.',
});
const abandoned = counter({
  name: 'attrium_ingest_packs_abandoned_total',
  help: 'Packs given up after the hold time: their senders were told.',
});
const appendSeconds = histogram({
  name: 'attrium_ingest_append_seconds',
  help: 'From first try of a pack to its place in the log.',
});
const feedLosses = counter({
  name: 'attrium_ingest_rejected_feed_lost_total',
  help: 'Rejections that the feed of rejected events did not take.',
});

export const telemetry = {
  eventsAccepted: (type: string, count: number): void => events(count, { type }),
  eventRejected: (code: string): void => rejections(1, { code }),
  identifierDropped: (why: string): void => identifiersDropped(1, { why }),
  requestRefused: (code: string): void => failures(1, { code }),
  packAppended: (bytes: number, ms: number): void => {
    packs(1);
    packBytes(bytes);
    appendSeconds(ms / 1_000);
  },
  appendUnknown: (): void => unknown(1),
  packAbandoned: (): void => abandoned(1),
  rejectionNotPublished: (): void => feedLosses(1),
  watchQueue: (read: { bytes: () => number; stalledMs: () => number }): void => {
    sampledGauge({ name: 'attrium_ingest_queue_bytes', help: 'Bytes of events that wait for the log.' }, read.bytes);
    sampledGauge(
      { name: 'attrium_ingest_log_stalled_seconds', help: 'Age of the oldest pack that the log has not confirmed.' },
      () => read.stalledMs() / 1_000,
    );
  },
};
export type Telemetry = typeof telemetry;
