/** A sweep for those who are in a segment when a trigger becomes active: how far it has come in one partition, and at what pace it goes on. */
import type { Entity } from '@attrium/event';
import type { PlannedPresence } from './plan.js';

export interface Sweep {
  /** Of the workspace in this partition, rising. */
  readonly number: number;
  readonly trigger: string;
  readonly kind: Entity['kind'];
  readonly segment: string;
  /** Revision and log time with which the trigger became active here. */
  readonly activatedBy: number;
  readonly activatedAt: number;
  /** The ordinal up to which rows have had their turn; undefined: none. */
  readonly after?: number | undefined;
  /** When it goes on, log time, ms. */
  readonly dueAt: number;
  /** Rows that have had their turn, and members that were told, in their turn or before. */
  readonly rows: number;
  readonly told: number;
  readonly finishedAt?: number | undefined;
}

/** All of one workspace in this partition: those under way, and the finished ones of triggers that are still active. */
export interface WorkspaceSweeps {
  readonly last: number;
  readonly sweeps: readonly Sweep[];
  /** Log time of the latest catalogue, ms. */
  readonly catalogueAt: number;
}

export const NO_SWEEPS: WorkspaceSweeps = { last: 0, sweeps: [], catalogueAt: 0 };

/** Rows that one step of a sweep looks at. */
export const STEP_ROWS_MAX = 200;
/** The least log time between two steps. */
export const STEP_PAUSE_MS = 50;

/** Members that one step may tell, of a rate that all partitions share. */
export function stepMembersMax(perSecond: number, partitions: number): number {
  return Math.max(1, Math.floor((perSecond * STEP_PAUSE_MS) / 1_000 / partitions));
}

/** Log time until the next step of a sweep that has told so many, ms. */
export function pauseAfter(told: number, perSecond: number, partitions: number): number {
  return Math.max(STEP_PAUSE_MS, Math.ceil((told * 1_000 * partitions) / perSecond));
}

/** The sweeps after a catalogue: those of triggers that stay as they are go on, and those of what has become active begin. */
export function resweep(
  before: WorkspaceSweeps,
  wanted: Iterable<PlannedPresence>,
  { revision, now }: { readonly revision: number; readonly now: number },
): WorkspaceSweeps {
  let { last } = before;
  const sweeps: Sweep[] = [];
  for (const { trigger, kind, segment } of wanted) {
    const known = before.sweeps.find((each) => isOf(each, { trigger, kind, segment }));
    if (known !== undefined) {
      sweeps.push(known);
      continue;
    }
    last++;
    const head = { number: last, trigger, kind, segment, activatedBy: revision, activatedAt: now };
    sweeps.push({ ...head, dueAt: now + STEP_PAUSE_MS, rows: 0, told: 0 });
  }
  return { last, sweeps, catalogueAt: now };
}

function isOf(
  sweep: Sweep,
  { trigger, kind, segment }: Pick<PlannedPresence, 'trigger' | 'kind' | 'segment'>,
): boolean {
  return sweep.trigger === trigger && sweep.kind === kind && sweep.segment === segment;
}

/** Whether a sweep has still to ask an entity. `asked`: the latest sweep that has. */
export function isPending({ number, after, kind, finishedAt }: Sweep, entity: Entity, asked: number): boolean {
  return finishedAt === undefined && kind === entity.kind && asked < number && (after ?? -1) < entity.ordinal;
}
