/**
 * Tells who is in a segment when a trigger that asks for them becomes active. A sweep goes through the rows of the partition, some at a time, by
 * log time; whoever a record touches before its turn is asked first, so that each is asked by what was true when the sweep began.
 */
import { type CatalogueActivated, type Entity, isHeld, type LogRecord, type Membership } from '@attrium/event';
import type { CataloguePlans, Context, EntityRows, StageEnvironment, Table } from '@attrium/processor';
import { needsOf } from './domain/concern.js';
import { type EntityRow, owe } from './domain/entity.js';
import type { Plan } from './domain/plan.js';
import {
  isPending,
  NO_SWEEPS,
  pauseAfter,
  resweep,
  STEP_ROWS_MAX,
  type Sweep,
  stepMembersMax,
  type WorkspaceSweeps,
} from './domain/sweep.js';
import type { Observe } from './occurrence.js';

/** No entity has this ordinal: its timer is that of the sweeps. */
export const MEMBER_SWEEP_ORDINAL = Number.MAX_SAFE_INTEGER;
const WORKSPACES = '';

export interface MemberSweepsParts {
  readonly environment: StageEnvironment;
  readonly entities: EntityRows<EntityRow>;
  readonly catalogues: CataloguePlans<Plan>;
  /** The segments that the row would be in by the catalogue in force, without changing it; the order is of no meaning. */
  membersOf(row: EntityRow): readonly string[];
  /** Around what a sweep does to an entity in its turn: schedules go by what it was before, and by what it is after. */
  before(entity: Entity, context: Context): void;
  after(entity: Entity, context: Context): void;
  /** Brings the row in line with the catalogue, and tells what flips by it, as of a log time. */
  evaluate(row: EntityRow, at: number, context: Context): void;
  readonly observe: Observe;
}

export class MemberSweeps {
  private readonly table: Table<string, WorkspaceSweeps>;
  /** The workspaces with sweeps under way, sorted. */
  private readonly under: Table<string, readonly string[]>;

  constructor(private readonly parts: MemberSweepsParts) {
    this.table = parts.environment.table('member-sweeps');
    this.under = parts.environment.table('member-sweeps-under-way');
  }

  /** After a catalogue has become that of its workspace. */
  activated({ workspace, revision }: CatalogueActivated, context: Context): void {
    const wanted = this.parts.catalogues.of(workspace).onPresent.values();
    const before = this.of(workspace);
    const after = resweep(before, wanted, { revision, now: context.now });
    if (after.sweeps.length === 0 && before === NO_SWEEPS) return;
    this.put(workspace, after, context);
  }

  /** The entities of this partition that a record is about to change, where some sweep may still have to ask them. */
  touchedBy(record: LogRecord): readonly Entity[] {
    if (this.workspaces.length === 0) return [];
    switch (record.kind) {
      case 'attributes-changed':
      case 'event-matched':
      case 'identifier-linked':
      case 'merge-completed':
        return [record.entity];
      case 'state-transferred':
        return record.stage === 'segment' ? [record.to] : [];
      case 'profiles-merged':
        return [record.loser, record.survivor].filter((entity) => this.parts.entities.isHere(entity));
      default:
        return [];
    }
  }

  /** Before anything else happens to an entity. */
  before(entity: Entity, context: Context): void {
    const { sweeps } = this.of(entity.workspace);
    if (sweeps.length === 0) return;
    const row = this.parts.entities.get(entity.ordinal);
    if (row?.kind !== 'entity') return;
    const pending = sweeps.filter((sweep) => isPending(sweep, entity, row.asked));
    if (pending.length === 0) return;
    const edited = this.parts.entities.edit(entity.ordinal)!;
    edited.asked = this.of(entity.workspace).last;
    this.ask(edited, pending, { inTurn: false, context });
  }

  /** What a row that is made now says: who came after a sweep had begun is not asked by it. */
  askedOf(workspace: string): number {
    return this.workspaces.includes(workspace) ? this.of(workspace).last : 0;
  }

  expire(dueAt: number, context: Context): void {
    for (const workspace of this.workspaces) {
      for (const { number } of this.of(workspace).sweeps.filter((sweep) => isDue(sweep, dueAt))) {
        this.step(workspace, number, context);
      }
    }
    this.setTimer(context);
  }

  /** The hold of a row has ended, which was evaluated just now: `entered` is what it entered by that. */
  released(row: EntityRow, entered: readonly Membership[], context: Context): void {
    const { owed } = row;
    if (owed === undefined) return;
    row.owed = undefined;
    const { workspace } = row.entity;
    const { sweeps } = this.of(workspace);
    for (const { trigger, activatedBy } of owed) {
      const sweep = sweeps.find((each) => each.trigger === trigger && each.activatedBy === activatedBy);
      if (sweep === undefined) continue;
      const isEntry = entered.some(({ segment }) => segment === sweep.segment);
      // Its entry fires it already.
      if (isEntry && this.parts.catalogues.of(workspace).onPresent.get(trigger)?.enters === true) continue;
      this.tell(row, sweep, { inTurn: false, context });
    }
  }

  /** How far the sweeps of a workspace have come in this partition. */
  answer(workspace: string): readonly Sweep[] {
    return this.of(workspace).sweeps;
  }

  private step(workspace: string, number: number, context: Context): void {
    const { entities, environment, catalogues } = this.parts;
    const { partitions } = environment;
    const sweep = this.sweepOf(workspace, number);
    const { perSecond } = catalogues.of(workspace).onPresent.get(sweep.trigger)!;
    const membersMax = stepMembersMax(perSecond, partitions);
    const page = entities.page(sweep.after, STEP_ROWS_MAX);
    let { after } = sweep;
    let rows = 0;
    let told = 0;
    for (const { ordinal, row } of page) {
      if (told === membersMax) break;
      after = ordinal;
      if (row.kind !== 'entity' || row.entity.workspace !== workspace) continue;
      if (!isPending(sweep, row.entity, row.asked)) continue;
      rows++;
      if (!isHeldRow(row) && !this.parts.membersOf(row).includes(sweep.segment)) continue;
      told += this.askInTurn(row.entity, sweep, context);
    }
    const isOver = page.length < STEP_ROWS_MAX && after === page.at(-1)?.ordinal;
    this.change(workspace, number, {
      ...{ after, dueAt: context.now + pauseAfter(told, perSecond, partitions) },
      rows: sweep.rows + rows,
      ...(isOver || page.length === 0 ? { finishedAt: context.now } : {}),
    });
  }

  /** What is due of it by now comes first, and may ask it by itself. */
  private askInTurn(entity: Entity, sweep: Sweep, context: Context): number {
    this.parts.before(entity, context);
    const row = this.parts.entities.edit(entity.ordinal)!;
    if (!isPending(sweep, entity, row.asked)) return 0;
    const told = this.ask(row, [sweep], { inTurn: true, context });
    this.parts.after(entity, context);
    return told;
  }

  /** Returns how many sweeps it was told to. A held entity is asked when its hold ends. */
  private ask(row: EntityRow, pending: readonly Sweep[], { inTurn, context }: Telling): number {
    if (isHeldRow(row)) {
      owe(row, pending);
      return 0;
    }
    const { workspace } = row.entity;
    this.parts.evaluate(row, this.of(workspace).catalogueAt, context);
    return pending.filter((sweep) => this.tell(row, sweep, { inTurn, context })).length;
  }

  /** False: it is not in the segment. */
  private tell(row: EntityRow, sweep: Sweep, { inTurn, context }: Telling): boolean {
    const { entity, members, since } = row;
    const { trigger: definition, segment, activatedAt, activatedBy } = sweep;
    const at = members.findIndex(({ name }) => name === segment);
    const plan = this.parts.catalogues.of(entity.workspace);
    const planned = plan.onPresent.get(definition);
    if (at < 0 || planned === undefined) return false;
    const head = { entity, definition, member: { segment, at: since[at]! }, activatedAt, activatedBy };
    const { now: recordedAt } = context;
    const { revision } = plan;
    context.emit({ kind: 'member-found', ...head, recordedAt, revision, ...needsOf(row, plan, [planned]) });
    this.change(entity.workspace, sweep.number, {
      told: this.sweepOf(entity.workspace, sweep.number).told + 1,
    });
    this.parts.observe({ kind: 'member-found', inTurn });
    return true;
  }

  private get workspaces(): readonly string[] {
    return this.under.get(WORKSPACES) ?? [];
  }

  private of(workspace: string): WorkspaceSweeps {
    return this.table.get(workspace) ?? NO_SWEEPS;
  }

  private sweepOf(workspace: string, number: number): Sweep {
    return this.of(workspace).sweeps.find((each) => each.number === number)!;
  }

  private change(workspace: string, number: number, change: Partial<Sweep>): void {
    const row = this.of(workspace);
    const sweeps = row.sweeps.map((each) => (each.number === number ? { ...each, ...change } : each));
    this.table.put(workspace, { ...row, sweeps });
    if (change.finishedAt !== undefined) this.keepUnder(workspace, sweeps);
  }

  private put(workspace: string, row: WorkspaceSweeps, context: Context): void {
    this.table.put(workspace, row);
    this.keepUnder(workspace, row.sweeps);
    this.setTimer(context);
  }

  private keepUnder(workspace: string, sweeps: readonly Sweep[]): void {
    const isUnder = sweeps.some(({ finishedAt }) => finishedAt === undefined);
    const { workspaces } = this;
    if (isUnder === workspaces.includes(workspace)) return;
    const others = workspaces.filter((each) => each !== workspace);
    this.under.put(WORKSPACES, isUnder ? [...others, workspace].sort() : others);
  }

  private setTimer(context: Context): void {
    const due = this.workspaces.flatMap((workspace) =>
      this.of(workspace).sweeps.flatMap(({ finishedAt, dueAt }) => (finishedAt === undefined ? [dueAt] : [])),
    );
    context.setTimer(MEMBER_SWEEP_ORDINAL, due.length === 0 ? undefined : Math.min(...due));
  }
}

interface Telling {
  readonly inTurn: boolean;
  readonly context: Context;
}

function isDue({ finishedAt, dueAt }: Sweep, until: number): boolean {
  return finishedAt === undefined && dueAt <= until;
}

function isHeldRow({ merges }: EntityRow): boolean {
  return merges !== undefined && isHeld(merges);
}
