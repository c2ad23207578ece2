/** How a partition folds the history of definitions in preparation, and what happens when they take effect. */
import {
  type CatalogueActivated,
  type ChangeReason,
  type DefinitionsSwitched,
  type Entity,
  type Event,
  partitionOf,
  type Seeded,
  type SeededEvent,
} from '@attrium/event';
import { type Context, type EntityRows, isPresentSince, type StageEnvironment, type Table } from '@attrium/processor';
import type { AttributeCounters } from './counters.js';
import { type Backfill, filterOf, type HistoryFilter, servingJsonOf, type WorkspaceRow } from './domain/backfill.js';
import type { EntityRow } from './domain/entity.js';
import type { Contribution } from './domain/payload.js';
import { stateKeyOf } from './domain/plan.js';
import type { Definitions } from './store/definitions.js';
import { TouchedEntities } from './store/touched-entities.js';

/** Why and since when values are others. */
export interface Evaluation {
  readonly reason: ChangeReason;
  readonly cause: string;
  readonly effectiveAt: number;
}

/** What seeding needs of the stage. */
export interface SeedingParts {
  readonly definitions: Definitions;
  readonly entities: EntityRows<EntityRow>;
  readonly counters: AttributeCounters;
  read(entity: Entity, event: Event): readonly Contribution[];
  align(row: EntityRow, context: Context): unknown;
  settleTimers(row: EntityRow, context: Context): void;
  foldInto(row: EntityRow, contributions: readonly Contribution[], evaluation: Evaluation, context: Context): void;
}

/** Sequence, record and number of a fact in the input of the partition that made it. */
type CausePlace = readonly [sequence: number, record: number, fact: number];

/** The states that a seed is for. */
interface Goal {
  readonly keys: ReadonlySet<string>;
  readonly isForwarded: boolean;
}

export class Seeding {
  private readonly touched: TouchedEntities;
  /** By the partition that forwards: the place that its last forwarded seed came from, since a relay may come again after a crash. */
  private readonly had: Table<string, CausePlace>;
  private readonly partition: number;
  private readonly partitions: number;

  constructor(
    environment: StageEnvironment,
    private readonly parts: SeedingParts,
  ) {
    this.had = environment.table('forwarded-seeds');
    this.touched = new TouchedEntities(environment, parts.definitions);
    this.partition = environment.partition;
    this.partitions = environment.partitions;
  }

  /** Down the line goes what serves from here on. */
  activate(record: CatalogueActivated, context: Context): void {
    const row = this.parts.definitions.activate(record, context.place);
    passDown(record.workspace, row, context);
  }

  /** A chunk of history: folded where it begins at what the partition has, or where another partition sent it on. */
  seed(record: Seeded, context: Context): void {
    const { definitions, counters } = this.parts;
    const { workspace, revision, after, upTo, isLast, events } = record;
    const row = definitions.row(workspace);
    if (record.step > 0) {
      if (!this.isNew(record)) {
        counters.repeatedChunks++;
        return;
      }
      this.foldAll(events, record, { keys: this.living(row, record.keys, record.step), isForwarded: true }, context);
      counters.forwardedSeeds += events.length;
      return;
    }
    const backfill = row?.backfills.find((each) => each.revision === revision);
    if (backfill === undefined || backfill.done || backfill.cursor !== after) {
      counters.repeatedChunks++;
      return;
    }
    const { keys, step, chunks, rows } = backfill;
    const goal = { keys: this.living(row, keys, step), isForwarded: false };
    this.foldAll(events, { ...record, keys, step }, goal, context);
    const next = { ...backfill, cursor: upTo, chunks: chunks + 1, rows: rows + events.length, done: isLast };
    definitions.advance(workspace, next);
    counters.seededEvents += events.length;
  }

  /** Page 0: everything that was seeded takes effect. Then one page of the entities that this concerns after the other. */
  switch(record: DefinitionsSwitched, context: Context): void {
    const { definitions } = this.parts;
    const { workspace, revision, page, id } = record;
    if (page === 0) {
      const firstPage = definitions.row(workspace)?.firstPage ?? 0;
      const row = definitions.switch(workspace, { revision, at: context.now, id });
      if (row === undefined) return;
      passDown(workspace, row, context);
      if (firstPage < row.lastPage) this.turnTo(record, firstPage + 1, context);
      return;
    }
    const row = definitions.row(workspace) as WorkspaceRow;
    for (const ordinal of this.touched.in(workspace, page - 1)) {
      const entity = this.parts.entities.edit(ordinal);
      if (entity === undefined) continue;
      this.parts.settleTimers(entity, context);
      this.parts.align(entity, context);
    }
    if (page - 1 < row.firstPage) this.touched.forget(workspace, page - 1);
    if (page < row.lastPage) this.turnTo(record, page + 1, context);
  }

  /** Notes an entity whose value may be another one after the switch, for what an event brought it. */
  touch({ entity }: EntityRow, contributions: readonly Contribution[]): void {
    if (contributions.some(({ attribute }) => attribute.switches)) this.touched.add(entity.workspace, entity.ordinal);
  }

  touchAll({ entity }: EntityRow): void {
    this.touched.add(entity.workspace, entity.ordinal);
  }

  /** What one partition forwards comes in the order of its input, so that whatever does not lead on came before. */
  private isNew({ id }: Seeded): boolean {
    const [, partition, ...place] = FORWARDED_ID.exec(id) ?? [];
    if (partition === undefined) throw new Error(`${id} is no id of a forwarded seed`);
    const came = place.map(Number) as unknown as CausePlace;
    const last = this.had.get(partition);
    if (last !== undefined && !isBehind(came, last)) return false;
    this.had.put(partition, came);
    return true;
  }

  private turnTo({ workspace, revision }: DefinitionsSwitched, page: number, context: Context): void {
    context.relay({ kind: 'definitions-switched', workspace, revision, page }, this.partition);
  }

  /** What was dropped and came back meanwhile is of another backfill. */
  private living(row: WorkspaceRow | undefined, keys: readonly string[], step: number): ReadonlySet<string> {
    return new Set(keys.filter((key) => isPresentSince(row?.since ?? {}, key, step)));
  }

  private foldAll(
    events: readonly SeededEvent[],
    seeded: Pick<Seeded, 'workspace' | 'revision' | 'keys' | 'step'>,
    goal: Goal,
    context: Context,
  ): void {
    const elsewhere = new Map<number, SeededEvent[]>();
    for (const { entity, event } of events) {
      const target = this.targetOf(entity);
      if (target === undefined) {
        this.fold(entity, event, goal, context);
        continue;
      }
      const partition = partitionOf(target.id, this.partitions);
      const waiting = elsewhere.get(partition);
      if (waiting === undefined) elsewhere.set(partition, [{ entity: target, event }]);
      else waiting.push({ entity: target, event });
    }
    const { workspace, revision, keys, step } = seeded;
    const head = { kind: 'seeded', workspace, revision, after: '', upTo: '', isLast: false, keys, step } as const;
    for (const [partition, forwarded] of elsewhere) context.relay({ ...head, events: forwarded }, partition);
  }

  /** An account may be of another partition than the profile whose event names it; a profile may have been merged away. Undefined: it is here. */
  private targetOf(entity: Entity): Entity | undefined {
    if (partitionOf(entity.id, this.partitions) !== this.partition) return entity;
    const found = this.parts.entities.get(entity.ordinal);
    return found?.kind === 'pointer' ? found.mergedInto : undefined;
  }

  private fold(entity: Entity, event: Event, { keys, isForwarded }: Goal, context: Context): void {
    const { entities, read, align, settleTimers, foldInto } = this.parts;
    const all = read(entity, event);
    const seeds = all.filter(({ attribute }) => keys.has(stateKeyOf(entity.kind, attribute.key)));
    if (seeds.length === 0 && !all.some(({ attribute }) => attribute.switches)) return;
    const row = isForwarded ? entities.arriving(entity) : entities.of(entity);
    if (row === undefined) return;
    settleTimers(row, context);
    align(row, context);
    const evaluation: Evaluation = { reason: 'backfill', cause: event.id, effectiveAt: event.occurredAt };
    foldInto(row, seeds, evaluation, context);
    this.touch(row, all);
  }
}

/** As the stage loop names what a partition makes. */
const FORWARDED_ID = /^[a-z]+(\d+)-(\d+)-(\d+)-(\d+)$/;

function isBehind(a: CausePlace, b: CausePlace): boolean {
  const differs = a.findIndex((number, index) => number !== b[index]);
  return differs >= 0 && a[differs]! > b[differs]!;
}

function passDown(workspace: string, row: WorkspaceRow, context: Context): void {
  const { revision, author, activatedAt, step } = row;
  const catalogue = new Uint8Array(Buffer.from(servingJsonOf(row), 'utf8'));
  const head = { kind: 'catalogue-activated', workspace, revision, author, activatedAt, catalogue } as const;
  context.emit(step === revision ? head : { ...head, step });
}

/** Asks for what is in preparation, of all workspaces or of one. */
export interface BackfillsQuestion {
  readonly kind: 'backfills';
  readonly workspace?: string | undefined;
}

export interface BackfillsAnswer {
  readonly kind: 'backfills';
  /** The revision that the partition has read last; 0 without a workspace. */
  readonly revision: number;
  readonly backfills: readonly BackfillAnswer[];
}

export interface BackfillAnswer extends Omit<Backfill, 'step' | 'keys'> {
  readonly workspace: string;
  /** Attributes in preparation: their keys, which begin with their names. */
  readonly keys: readonly string[];
  readonly filter: HistoryFilter;
}

export function answerBackfills(definitions: Definitions, { workspace: asked }: BackfillsQuestion): BackfillsAnswer {
  const workspaces = asked === undefined ? definitions.preparing : [asked];
  const backfills = workspaces.flatMap((workspace) => {
    const row = definitions.row(workspace);
    return (row?.backfills ?? []).map((backfill) => ({
      ...backfill,
      workspace,
      filter: filterOf(workspace, row as WorkspaceRow, backfill),
    }));
  });
  const revision = asked === undefined ? 0 : (definitions.row(asked)?.revision ?? 0);
  return { kind: 'backfills', revision, backfills };
}
