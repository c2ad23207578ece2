/** The logs, their JetStream streams and subjects. */
export const LOG_NAMES = ['events', 'resolved', 'attributes', 'memberships', 'firings'] as const;
export type LogName = (typeof LOG_NAMES)[number];

export const STAGE_NAMES = ['identity', 'attribute-compute', 'segment', 'journey-trigger'] as const;
export type StageName = (typeof STAGE_NAMES)[number];

/** The stream that stores a log. */
export function streamOf(log: LogName): string {
  return `attrium-${log}`;
}

/** Where writers of `events` publish: `attrium.events.<shard>`; the catalogue and commands go to a subject below it. */
export function eventsSubject(shard: number): string {
  return `attrium.events.${shard}`;
}

export function catalogueSubject(shard: number, workspace: string): string {
  return `attrium.events.${shard}.catalogue.${workspace}`;
}

/** Where requests to erase a profile of a workspace go. */
export function erasureSubject(shard: number, workspace: string): string {
  return `attrium.events.${shard}.erasure.${workspace}`;
}

/** Where attribute-compute says that it has folded the history of a partition. */
export function seedsSubject(shard: number, workspace: string): string {
  return `attrium.events.${shard}.seeds.${workspace}`;
}

/** Where it is ordered what becomes of a backfill. */
export function backfillsSubject(shard: number, workspace: string): string {
  return `attrium.events.${shard}.backfills.${workspace}`;
}

/** Where decisions about the quarantine of a workspace go. */
export function quarantineSubject(shard: number, workspace: string): string {
  return `attrium.events.${shard}.quarantine.${workspace}`;
}

export function logicSubject(shard: number): string {
  return `attrium.events.${shard}.logic`;
}

/** Where one writer appends to one partition of a log after `events`. */
export function partitionSubject(log: Exclude<LogName, 'events'>, partition: number, writer: string): string {
  return `attrium.${log}.${partition}.${writer}`;
}

/** The subject filters that select all of one partition (or shard) of a log. */
export function partitionFilters(log: LogName, partition: number): string[] {
  return log === 'events'
    ? [`attrium.events.${partition}`, `attrium.events.${partition}.>`]
    : [`attrium.${log}.${partition}.>`];
}

/** The partition that a subject of a log belongs to. */
export function partitionOfSubject(subject: string): number {
  return Number(subject.split('.')[2]);
}

/** The name under which the owner of a stage's input partition (or shard) writes. */
export function writerOf(stage: StageName, partition: number): string {
  return `${stage}-${partition}`;
}

export function deliveriesSubject(workspace: string, trigger: string): string {
  return `attrium.deliveries.${workspace}.${trigger}`;
}

export const DELIVERIES_STREAM = 'attrium-deliveries';

/** Where firings go that one destination is to get again; its name is that of its queue. Below the trigger's own subject. */
export function redeliveriesSubject(workspace: string, trigger: string, destination: string): string {
  return `${deliveriesSubject(workspace, trigger)}.${destination}`;
}

export const UNDELIVERED_STREAM = 'attrium-undelivered';

/** Where deliveries go that a destination did not take in all their time; `*` for every destination of the workspace. */
export function undeliveredSubject(workspace: string, destination: string): string {
  return `attrium.undelivered.${workspace}.${destination}`;
}

export const ATTEMPTS_STREAM = 'attrium-attempts';

/** Where the attempts of deliveries are noted, as packs. */
export function attemptsSubject(partition: number, writer: string): string {
  return `attrium.attempts.${partition}.${writer}`;
}

/** Where any instance of journey-trigger answers questions about deliveries and past firings. */
export const DELIVERY_DESK_SUBJECT = 'attrium.ask.deliveries';

export function rejectedSubject(workspace: string): string {
  return `attrium.rejected.${workspace}`;
}

export function deadLettersSubject(stage: StageName): string {
  return `attrium.dead-letters.${stage}`;
}

/** Where the owner of a partition of a stage answers questions. */
export function askSubject(stage: StageName, partition: number): string {
  return `attrium.ask.${stage}.${partition}`;
}

/** Where the instance that projects a log answers how far its tables are: `{ sequence }`, all messages up to it. */
export function projectionSubject(log: LogName): string {
  return `attrium.ask.projections.${log}`;
}
