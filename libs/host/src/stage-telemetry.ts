/** What the stage loop tells of itself, as metrics and log lines. */
import type { EraserStatus, ProjectorStatus, Retention } from '@attrium/clickhouse';
import { type LogName, partitionFilters } from '@attrium/event';
import type { Log, PartitionStatus, StageOccurrence } from '@attrium/processor';
import type { Logger } from './logger.js';
import { counter, gauge, histogram, sampledGauge } from './metrics.js';

const factsCommitted = counter({
  name: 'attrium_stage_facts_committed_total',
  help: 'Facts appended to the output log.',
});
const packsCommitted = counter({
  name: 'attrium_stage_packs_committed_total',
  help: 'Packs appended to the output log.',
});
const bytesCommitted = counter({
  name: 'attrium_stage_bytes_committed_total',
  help: 'Bytes appended to the output log.',
});
const commitSeconds = histogram({
  name: 'attrium_stage_commit_seconds',
  help: 'From the publish of a pack to its acknowledgement.',
});
const freshnessSeconds = histogram({
  name: 'attrium_stage_freshness_seconds',
  help: 'From the log time of an input record to the acknowledgement of what followed from it.',
});
const rowsSaved = counter({ name: 'attrium_stage_rows_saved_total', help: 'Rows saved in the state store.' });
const saveSeconds = histogram({
  name: 'attrium_stage_save_encode_seconds',
  help: 'Time the loop stood still to encode changed rows.',
});
const unknownAppends = counter({
  name: 'attrium_stage_appends_unknown_total',
  help: 'Publishes whose fate had to be looked up.',
});
const fencedCommits = counter({
  name: 'attrium_stage_commits_fenced_total',
  help: 'Commits refused because another owner had written.',
});
const deadLetters = counter({ name: 'attrium_stage_dead_letters_total', help: 'Records put into the dead letters.' });
const ticksAppended = counter({ name: 'attrium_stage_ticks_total', help: 'Ticks appended to the own input.' });
const recoveries = counter({
  name: 'attrium_stage_recoveries_total',
  help: 'Starts of a partition from its checkpoint.',
});

export function observeStage(logger: Logger): (occurrence: StageOccurrence) => void {
  return (occurrence) => {
    switch (occurrence.kind) {
      case 'committed':
        factsCommitted(occurrence.facts);
        packsCommitted(occurrence.packs);
        bytesCommitted(occurrence.bytes);
        commitSeconds(occurrence.roundTripMs / 1_000);
        if (occurrence.appendedAt > 0) freshnessSeconds(Math.max(0, Date.now() - occurrence.appendedAt) / 1_000);
        return;
      case 'checkpointed':
        rowsSaved(occurrence.rows);
        saveSeconds(occurrence.encodeMs / 1_000);
        return;
      case 'append-unknown':
        unknownAppends(1);
        logger.warn(occurrence, 'a publish has no certain answer; its fate is looked up');
        return;
      case 'fenced':
        fencedCommits(1);
        logger.warn(occurrence, 'another owner has written; this one starts again');
        return;
      case 'dead-lettered':
        deadLetters(1);
        logger.error(occurrence, 'a record could not be decided; it is in the dead letters');
        return;
      case 'ticked':
        ticksAppended(1);
        return;
      case 'recovered':
        recoveries(1);
        logger.info(occurrence, 'a partition starts');
        return;
      case 'caught-up':
        logger.info(occurrence, 'a partition has read what the log held');
        return;
      case 'stopped':
        logger.warn({ partition: occurrence.partition, err: occurrence.error }, 'a partition stops');
    }
  };
}

const LAG_LOOK_MS = 5_000;

/** Looks every few seconds how far each owned partition is behind the end of its input. Returns what ends that. */
export function watchLag(parts: {
  readonly log: Log;
  readonly input: LogName;
  readonly status: () => readonly PartitionStatus[];
}): { stop(): void } {
  let lag = 0;
  const look = async (): Promise<void> => {
    let behind = 0;
    for (const { partition, sequence } of parts.status()) {
      const filters = partitionFilters(parts.input, partition);
      const lasts = await Promise.all(filters.map((filter) => parts.log.last(filter)));
      const end = Math.max(0, ...lasts.map((last) => last?.sequence ?? 0));
      behind += Math.max(0, end - sequence);
    }
    lag = behind;
  };
  // A log out of reach keeps the last figure; readiness says that it is out of reach.
  const timer = setInterval(() => void look().catch(() => {}), LAG_LOOK_MS);
  timer.unref();
  sampledGauge(
    { name: 'attrium_stage_lag_sequences', help: 'Sequences of the input log between what was read and its end.' },
    () => lag,
  );
  return { stop: () => clearInterval(timer) };
}

export function exposeStage(status: () => readonly PartitionStatus[]): void {
  sampledGauge({ name: 'attrium_stage_dirty_rows', help: 'Changed rows that are not saved yet.' }, () =>
    status().reduce((rows, partition) => rows + partition.dirtyRows, 0),
  );
  sampledGauge({ name: 'attrium_stage_partitions_caught_up', help: 'Owned partitions that have caught up.' }, () =>
    status().reduce((count, partition) => count + (partition.caughtUp ? 1 : 0), 0),
  );
}

/** The figures of all projectors of a service together. */
export function exposeProjectors(statuses: () => readonly ProjectorStatus[]): void {
  const sum = (pick: (status: ProjectorStatus) => number) => () =>
    statuses().reduce((total, status) => total + pick(status), 0);
  sampledGauge(
    { name: 'attrium_projector_lag_messages', help: 'Messages of the log that are not in ClickHouse yet.' },
    sum(({ lagMessages }) => lagMessages),
  );
  sampledGauge(
    { name: 'attrium_projector_rows', help: 'Rows inserted since the start.' },
    sum(({ rowsInserted }) => rowsInserted),
  );
  sampledGauge(
    { name: 'attrium_projector_failures', help: 'Failed attempts since the start.' },
    sum(({ failures }) => failures),
  );
  sampledGauge(
    { name: 'attrium_projector_poisoned', help: 'Records that could not be projected since the start.' },
    sum(({ poisoned }) => poisoned),
  );
}

export function exposeEraser(status: () => EraserStatus): void {
  sampledGauge(
    {
      name: 'attrium_erasures_waiting',
      help: 'Ids of erased profiles whose rows are not removed from every table yet.',
    },
    () => status().waiting,
  );
  sampledGauge(
    {
      name: 'attrium_erasures_removed',
      help: 'Ids of erased profiles that tables were cleared of since the start, once a table.',
    },
    () => status().removed,
  );
  sampledGauge(
    {
      name: 'attrium_erasures_failures',
      help: 'Attempts to remove the rows of erased profiles that failed since the start.',
    },
    () => status().failures,
  );
}

const eventsRetention = gauge({
  name: 'attrium_events_retention_seconds',
  help: 'How long the table of events keeps them, 0 for ever; workspace * stands for all that have no period of their own.',
  labels: ['workspace'],
});

export function exposeRetention({ everywhere, workspaces }: Retention): void {
  for (const [workspace, ms = 0] of [['*', everywhere] as const, ...workspaces])
    eventsRetention(ms / 1_000, { workspace });
}
