/**
 * Tells which members of a segment have reached a time that a trigger's schedule names. Each row has its own agenda and one timer; a sweep over
 * all rows, some at a time, reaches those that nothing else touches after a catalogue has come.
 */
import { latestOccurrence } from '@attrium/catalogue';
import { type CatalogueActivated, type Entity, isHeld, type LogRecord } from '@attrium/event';
import type { CataloguePlans, Context, EntityRows, StageEnvironment, Table } from '@attrium/processor';
import { type Agenda, type Appointment, compareAppointments, earliestOf } from './domain/agenda.js';
import { type Arranging, caughtUp, isMember, rearranged, validAgenda } from './domain/arrangement.js';
import { needsOf } from './domain/concern.js';
import type { EntityRow, IsKept } from './domain/entity.js';
import { kindPlanOf, type Plan } from './domain/plan.js';
import type { Observe } from './occurrence.js';

/** No entity has this ordinal: its timer is that of the sweep. */
const SWEEP_ORDINAL = 0;
/** The key of the one row that tells of it. */
const SWEEP = 'sweep';
/** Rows that one step of the sweep looks at, and the log time between two steps. */
const SWEEP_ROWS_MAX = 1_000;
const SWEEP_PAUSE_MS = 200;
const NONE: readonly Entity[] = [];

interface SweepRow {
  /** The ordinal up to which rows were looked at. */
  readonly after: number | undefined;
  readonly workspaces: readonly string[];
}

export interface SchedulesParts {
  readonly environment: StageEnvironment;
  readonly entities: EntityRows<EntityRow>;
  readonly catalogues: CataloguePlans<Plan>;
  isKeptIn(workspace: string): IsKept;
  /** Brings a row in line with its catalogue, and tells what flips by it at the due time of a timer. */
  evaluate(row: EntityRow, dueAt: number, context: Context): void;
  readonly observe: Observe;
}

export class Schedules {
  /** By workspace, since when its catalogue has had the schedule of each key, log time, ms. */
  private readonly since: Table<string, Readonly<Record<string, number>>>;
  private readonly sweeps: Table<string, SweepRow>;

  constructor(private readonly parts: SchedulesParts) {
    this.since = parts.environment.table('schedules');
    this.sweeps = parts.environment.table('schedule-sweep');
  }

  /** After a catalogue has become that of its workspace. */
  activated({ workspace }: CatalogueActivated, context: Context): void {
    const { profile, account } = this.parts.catalogues.of(workspace);
    const keys = [...profile.schedules, ...account.schedules].map(({ key }) => key);
    const before = this.since.get(workspace) ?? {};
    if (keys.length === 0 && Object.keys(before).length === 0) return;
    this.since.put(workspace, Object.fromEntries(keys.map((key) => [key, before[key] ?? context.now])));
    if (keys.every((key) => before[key] !== undefined)) return;
    const swept = this.sweeps.get(SWEEP) ?? { workspaces: [] };
    this.sweeps.put(SWEEP, { after: undefined, workspaces: [...new Set([...swept.workspaces, workspace])] });
    context.setTimer(SWEEP_ORDINAL, context.now);
  }

  /** The entities of this partition that a record touches, where their catalogue has schedules. */
  touchedBy(record: LogRecord): readonly Entity[] {
    switch (record.kind) {
      case 'attributes-changed':
      case 'event-matched':
      case 'identifier-linked':
      case 'merge-completed':
        return this.isScheduled(record.entity) ? [record.entity] : NONE;
      case 'state-transferred':
        return record.stage === 'segment' && this.isScheduled(record.to) ? [record.to] : NONE;
      case 'profile-erased':
        return this.parts.entities.isHere(record.entity) && this.isScheduled(record.entity) ? [record.entity] : NONE;
      case 'profiles-merged':
        return [record.loser, record.survivor].filter(
          (entity) => this.parts.entities.isHere(entity) && this.isScheduled(entity),
        );
      default:
        return NONE;
    }
  }

  /** Before anything else happens to an entity: what is due by now was reached by what it was till then. */
  before({ ordinal }: Pick<Entity, 'ordinal'>, context: Context): void {
    const { entities } = this.parts;
    const row = entities.get(ordinal);
    if (row?.kind !== 'entity' || isHeldRow(row)) return;
    const agenda = caughtUp(row, this.arrangingOf(row));
    if (agenda === row.agenda && !isDue(agenda, context.now)) return;
    const edited = entities.edit(ordinal)!;
    edited.agenda = agenda;
    this.keep(edited, context);
  }

  /** After it: what it has become decides what is due next. */
  after({ ordinal }: Pick<Entity, 'ordinal'>, context: Context): void {
    const { entities } = this.parts;
    const row = entities.get(ordinal);
    if (row?.kind !== 'entity' || isHeldRow(row)) return;
    const agenda = rearranged(row, this.arrangingOf(row), context.now);
    if (agenda !== row.agenda) entities.edit(ordinal)!.agenda = agenda;
    this.setTimer(row, context);
  }

  /** The timer of an entity, or of the sweep, is due. A held entity keeps its appointments till the hold ends. */
  expire(ordinal: number, dueAt: number, context: Context): void {
    if (ordinal === SWEEP_ORDINAL) {
      this.sweep(dueAt, context);
      return;
    }
    this.before({ ordinal }, context);
    this.after({ ordinal }, context);
  }

  /** The hold of a row has ended, which was evaluated just now. */
  release(row: EntityRow, context: Context): void {
    row.agenda = validAgenda(row.agenda, this.arrangingOf(row));
    this.keep(row, context);
  }

  /** Before the loser's agenda is folded into that of the survivor. */
  fold(row: EntityRow, loser: EntityRow): void {
    loser.agenda = validAgenda(loser.agenda, this.arrangingOf(row));
  }

  /** The loser's agenda goes on with the survivor. */
  handOver(row: EntityRow, context: Context): void {
    if (row.agenda !== undefined) context.setTimer(row.entity.ordinal, undefined);
  }

  /** Of what is due, the latest of each schedule; those before it were missed. */
  private keep(row: EntityRow, context: Context): void {
    const { now } = context;
    const due = (row.agenda ?? []).filter(({ at }) => at <= now).sort(compareAppointments);
    if (due.length === 0) return;
    this.parts.evaluate(row, due[0]!.at, context);
    for (const appointment of due) this.tell(row, appointment, context);
    row.agenda = rearranged(row, this.arrangingOf(row), now);
  }

  private tell(row: EntityRow, appointment: Appointment, context: Context): void {
    const arranging = this.arrangingOf(row);
    const schedule = arranging.plan.schedules.find(({ trigger }) => trigger === appointment.trigger);
    if (schedule === undefined || !isMember(row, schedule, arranging)) return;
    const { trigger: definition, segment } = schedule;
    const { zone: timeZone } = appointment;
    const { latest, skipped } = latestOccurrence(schedule.schedule, timeZone, appointment, context.now);
    if (skipped > 0) this.parts.observe({ kind: 'occurrences-missed', occurrences: skipped });
    const plan = this.parts.catalogues.of(row.entity.workspace);
    context.emit({
      kind: 'schedule-reached',
      entity: row.entity,
      definition,
      occurrence: { segment, at: latest.at, day: latest.day, timeZone },
      recordedAt: context.now,
      revision: plan.revision,
      ...needsOf(row, plan, [schedule]),
    });
  }

  private sweep(dueAt: number, context: Context): void {
    const { entities } = this.parts;
    const { after, workspaces } = this.sweeps.get(SWEEP)!;
    const rows = entities.page(after, SWEEP_ROWS_MAX);
    for (const { ordinal, row } of rows) {
      if (row.kind !== 'entity' || isHeldRow(row) || !workspaces.includes(row.entity.workspace)) continue;
      const agenda = caughtUp(row, this.arrangingOf(row));
      if (agenda === row.agenda) continue;
      const edited = entities.edit(ordinal)!;
      edited.agenda = agenda;
      this.setTimer(edited, context);
    }
    if (rows.length < SWEEP_ROWS_MAX) {
      this.sweeps.delete(SWEEP);
      return;
    }
    this.sweeps.put(SWEEP, { after: rows.at(-1)!.ordinal, workspaces });
    context.setTimer(SWEEP_ORDINAL, dueAt + SWEEP_PAUSE_MS);
  }

  private setTimer({ entity, agenda }: EntityRow, context: Context): void {
    context.setTimer(entity.ordinal, earliestOf(agenda));
  }

  private isScheduled(entity: Entity): boolean {
    return kindPlanOf(this.parts.catalogues.of(entity.workspace), entity).schedules.length > 0;
  }

  private arrangingOf({ entity }: EntityRow): Arranging {
    const { workspace } = entity;
    const plan = this.parts.catalogues.of(workspace);
    return {
      plan: kindPlanOf(plan, entity),
      step: plan.step,
      isKept: this.parts.isKeptIn(workspace),
      sinceOf: (key) => this.since.get(workspace)![key]!,
    };
  }
}

function isHeldRow({ merges }: EntityRow): boolean {
  return merges !== undefined && isHeld(merges);
}

function isDue(agenda: Agenda, now: number): boolean {
  const earliest = earliestOf(agenda);
  return earliest !== undefined && earliest <= now;
}
