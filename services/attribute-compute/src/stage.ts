/** Binds the domain to the stage loop: `resolved` in, `attributes` out, the same partition number on both sides. */
import { type AttributeChange, type Entity, type Event, type EventResolved, type LogRecord } from '@attrium/event';
import {
  type Context,
  type EntityOccurrence,
  EntityRows,
  type ErasureProgress,
  isErasureQuestion,
  type PartitionStage,
  passOn,
  type ReleasedMerges,
  type StageBinding,
  type StageEnvironment,
} from '@attrium/processor';
import { type AttributeCounters, newAttributeCounters } from './counters.js';
import {
  alignEntity,
  alignedView,
  type EntityRow,
  foldEvent,
  foldStates,
  type IsKept,
  isHeldRow,
  newEntity,
  nextDueOf,
  type PublishedAt,
  pruneWindows,
  publishChanges,
  publishContributions,
  publishedNames,
  publishSwitched,
  type Row,
} from './domain/entity.js';
import { publishAllFormulas, publishFormulas } from './domain/formula.js';
import { matchesOf } from './domain/match.js';
import { type Contribution, readEvent } from './domain/payload.js';
import { feedOf, type Plan } from './domain/plan.js';
import { type AttributesAnswer, type AttributesQuestion, answerAttributes } from './domain/question.js';
import { emitChanges } from './emit-changes.js';
import { MEMBERS_TIMER, Rollups } from './rollups.js';
import { answerBackfills, type BackfillsAnswer, type BackfillsQuestion, type Evaluation, Seeding } from './seeding.js';
import { Definitions } from './store/definitions.js';
import { decodeRow, ENTITY_STATE_VERSION, ENTITY_STATE_VERSION_OLDEST, encodeRow } from './store/entity-codec.js';

const STAGE = 'attribute-compute';
/** Of the tables; rises with the encoding of the rows and with that of the catalogues. */
const STATE_VERSION = 7;
/** A row has kilobytes in memory, in hundreds of objects: beyond some, reading one anew costs less than what the garbage collector does for it. */
const CACHE_ROWS_MAX = 20_000;

/** What the running stage has counted. */
export const attributeCounters = newAttributeCounters();

export const attributeComputeBinding: StageBinding = bindingWith(attributeCounters);

export function bindingWith(counters: AttributeCounters): StageBinding {
  return {
    name: STAGE,
    input: 'resolved',
    output: 'attributes',
    logicVersion: 1,
    stateVersion: STATE_VERSION,
    cacheRowsMax: CACHE_ROWS_MAX,
    open: (environment) => new AttributePartition(environment, counters),
  };
}

const NOTHING: readonly Contribution[] = [];

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

class AttributePartition implements PartitionStage {
  private readonly entities: EntityRows<EntityRow>;
  private readonly definitions: Definitions;
  private readonly seeding: Seeding;
  private readonly rollups: Rollups;

  constructor(
    environment: StageEnvironment,
    private readonly counters: AttributeCounters,
  ) {
    this.definitions = new Definitions(environment);
    this.entities = new EntityRows<EntityRow>(environment, {
      stage: STAGE,
      codec: { encode: encodeRow, decode: decodeRow },
      stateVersion: ENTITY_STATE_VERSION,
      stateVersionOldest: ENTITY_STATE_VERSION_OLDEST,
      isFirst: true,
      passesMergesOn: true,
      create: newEntity,
      published: (row) => publishedNames(row, this.definitions.of(row.entity.workspace)[row.entity.kind]),
      beforeHandOver: (row, context) => this.beforeHandOver(row, context),
      fold: (row, loser, context) => this.fold(row, loser, context),
      settled: (row, released, context) => this.settle(row, released, context),
      observe: ({ kind }) => this.count(kind),
    });
    this.seeding = new Seeding(environment, {
      ...{ definitions: this.definitions, entities: this.entities, counters },
      read: (entity, event) => this.read(entity, event),
      align: (row, context) => this.align(row, context, context.now),
      settleTimers: (row, context) => this.settleTimers(row, context),
      foldInto: (row, contributions, evaluation, context) => this.foldInto(row, contributions, evaluation, context),
    });
    this.rollups = new Rollups(environment, {
      planOf: (workspace) => this.definitions.of(workspace),
      rowOf: (ordinal) => this.viewOf(ordinal),
      accountOf: (entity) => this.entities.arriving(entity),
      accountAt: (ordinal) => this.entities.edit(ordinal),
      align: (row, context) => this.align(row, context, context.now),
      countFailed: (plan, names) => this.countFailed(plan, names),
      counters,
    });
  }

  timersBefore(record: LogRecord): number | undefined {
    switch (record.kind) {
      case 'event-resolved':
        return record.entity.ordinal;
      case 'state-transferred':
        return record.stage === STAGE ? record.to.ordinal : undefined;
      case 'profile-erased':
        return record.entity.ordinal;
      case 'profiles-merged':
        return this.entities.isHere(record.survivor) ? record.survivor.ordinal : record.loser.ordinal;
      default:
        return this.rollups.timersBefore(record);
    }
  }

  decide(record: LogRecord, context: Context): void {
    switch (record.kind) {
      case 'event-resolved':
        this.decideEvent(record, context);
        this.decideMatches(record, context);
        break;
      case 'profile-created':
      case 'account-created':
        this.entities.created(record.entity);
        passOn(record, context);
        break;
      case 'identifier-linked':
      case 'logic-activated':
        passOn(record, context);
        break;
      case 'profiles-merged':
        this.entities.merge(record, context);
        break;
      case 'state-transferred':
        this.entities.transfer(record, context);
        break;
      case 'profile-erased':
        this.entities.erase(record, context);
        this.rollups.decide(record, context);
        break;
      case 'catalogue-activated':
        this.replan(record.workspace, context, () => this.seeding.activate(record, context));
        break;
      case 'seeded':
        this.seeding.seed(record, context);
        break;
      case 'backfill-ordered':
        this.definitions.order(record);
        break;
      case 'definitions-switched':
        this.replan(record.workspace, context, () => this.seeding.switch(record, context));
        break;
      default:
        this.rollups.decide(record, context);
    }
  }

  expire(ordinal: number, dueAt: number, context: Context): void {
    if (ordinal === MEMBERS_TIMER) {
      this.rollups.expire(dueAt, context);
      return;
    }
    const row = this.entities.edit(ordinal);
    if (row === undefined) return;
    row.due = undefined;
    const plan = this.align(row, context, dueAt);
    if (!isHeldRow(row)) {
      const { windowed } = plan[row.entity.kind];
      const at = { asOf: dueAt, effectiveAt: dueAt };
      const changes = publishChanges(row, windowed, at);
      this.formulas(row, plan, changes, at);
      this.tell(row, plan, changes, { reason: 'window', cause: `timer:${dueAt}`, effectiveAt: dueAt }, context);
    }
    pruneWindows(row, plan[row.entity.kind], dueAt);
    this.schedule(row, plan, dueAt, context);
  }

  answer(question: unknown): AttributesAnswer | BackfillsAnswer | ErasureProgress {
    if (isErasureQuestion(question)) return this.entities.answerErasure(question);
    const asked = question as AttributesQuestion | BackfillsQuestion;
    if (asked.kind === 'backfills') return answerBackfills(this.definitions, asked);
    if (asked.kind !== 'attributes')
      throw new Error(`${STAGE} does not answer ${String((asked as { kind: unknown }).kind)}`);
    const plan = this.definitions.of(asked.workspace);
    return answerAttributes(asked, this.viewOf(asked.ordinal), plan);
  }

  /** The row in line with its plan, for reading only. */
  private viewOf(ordinal: number): Row | undefined {
    const found = this.entities.get(ordinal);
    if (found?.kind !== 'entity') return found;
    const { workspace, kind } = found.entity;
    const plan = this.definitions.of(workspace);
    return alignedView(found, plan[kind], plan.step, this.isKeptIn(workspace));
  }

  private decideEvent(record: EventResolved, context: Context): void {
    const { entity, event } = record;
    const contributions = this.read(entity, event);
    if (contributions.length === 0) return;
    const row = this.entities.of(entity);
    if (row === undefined) return;
    const plan = this.align(row, context, context.now);
    const evaluation: Evaluation = { reason: 'event', cause: event.id, effectiveAt: event.occurredAt };
    this.foldInto(row, contributions, evaluation, context);
    if (plan[entity.kind].switches) this.seeding.touch(row, contributions);
  }

  /** What an event brings to the attributes of the plan in force. */
  private read(entity: Entity, event: Event): readonly Contribution[] {
    const feed = feedOf(this.definitions.of(entity.workspace), entity.kind, event);
    if (feed === undefined) return NOTHING;
    const { contributions, refused, unreadable } = readEvent(feed, entity.kind, event, textOf);
    if (unreadable) this.counters.unreadablePayloads++;
    for (const name of refused) count(this.counters.refusedValues, `${entity.workspace}/${name}`);
    return contributions;
  }

  /** Folds into a row that is in line with the plan, and says what changed. */
  private foldInto(
    row: EntityRow,
    contributions: readonly Contribution[],
    evaluation: Evaluation,
    context: Context,
  ): void {
    const { workspace } = row.entity;
    const plan = this.definitions.of(workspace);
    const { moved, approximated, refused: full } = foldEvent(row, contributions, context.now);
    this.counters.approximatedStates += approximated;
    for (const name of full) count(this.counters.fullStates, `${workspace}/${name}`);
    if (!isHeldRow(row)) {
      const at = { asOf: context.now, effectiveAt: evaluation.effectiveAt };
      const changes = publishContributions(row, contributions, at);
      this.formulas(row, plan, changes, at);
      this.tell(row, plan, changes, evaluation, context);
    }
    if (moved) this.schedule(row, plan, context.now, context);
  }

  /**
   * After the changes that the event made. While a merge is open they go on too: nothing in them depends on what is held here, and the
   * stages behind, which hold the entity at least as long, keep them back.
   */
  private decideMatches({ entity, event }: EventResolved, context: Context): void {
    if (event.type !== 'track') return;
    const { revision, [entity.kind]: plan } = this.definitions.of(entity.workspace);
    const planned = plan.matches.get(event.name);
    if (planned === undefined || this.entities.get(entity.ordinal)?.kind === 'pointer') return;
    const { matches, refused } = matchesOf(planned, event, textOf);
    for (const name of refused) count(this.counters.refusedValues, `${entity.workspace}/${name}`);
    const { id: eventId, name, occurredAt } = event;
    const head = {
      kind: 'event-matched',
      entity,
      eventId,
      name,
      occurredAt,
      recordedAt: context.now,
      revision,
    } as const;
    for (const match of matches) context.emit({ ...head, ...match, values: [], memberships: [], identifiers: [] });
  }

  /** The changes of an entity, and what they make of the accounts that it is a member of. */
  private tell(
    row: EntityRow,
    plan: Plan,
    changes: readonly AttributeChange[],
    evaluation: Evaluation,
    context: Context,
  ): void {
    emitChanges(row, plan, changes, evaluation, context);
    this.rollups.changed(row, plan, changes, evaluation, context);
  }

  /** The plan may be another one afterwards. */
  private replan(workspace: string, context: Context, decide: () => void): void {
    const before = this.definitions.of(workspace);
    decide();
    this.rollups.activated(before, this.definitions.of(workspace), context);
  }

  private formulas(row: EntityRow, plan: Plan, changes: AttributeChange[], at: PublishedAt): void {
    this.countFailed(plan, publishFormulas(row, plan[row.entity.kind], changes, at));
  }

  private countFailed({ workspace }: Plan, names: readonly string[]): void {
    for (const name of names) count(this.counters.failedFormulas, `${workspace}/${name}`);
  }

  /** The loser's states are judged by the revision that they came with. */
  private fold(row: EntityRow, loser: EntityRow, context: Context): void {
    this.bringInLine(loser);
    const plan = this.align(row, context, context.now)[row.entity.kind];
    foldStates(row, loser, plan, context.now);
    if (plan.switches) this.seeding.touchAll(row);
  }

  /** What the merges changed, then that they are completed. */
  private settle(row: EntityRow, released: ReleasedMerges | undefined, context: Context): void {
    const plan = this.align(row, context, context.now);
    const { entity } = row;
    if (released !== undefined) {
      const { mergeIds, occurredAt: effectiveAt } = released;
      const at = { asOf: context.now, effectiveAt };
      const changes = publishSwitched(row, plan[entity.kind], at);
      this.countFailed(plan, publishAllFormulas(row, plan[entity.kind], changes, at));
      const evaluation: Evaluation = { reason: 'merge', cause: mergeIds.at(-1)!, effectiveAt };
      emitChanges(row, plan, changes, evaluation, context);
      context.emit({ kind: 'merge-completed', entity, mergeIds });
      this.rollups.give(row, evaluation, context);
    }
    this.schedule(row, plan, context.now, context);
  }

  private beforeHandOver(row: EntityRow, context: Context): void {
    // Timers of one entity fire before a record; where both are here, that was the survivor.
    this.settleTimers(row, context);
    this.align(row, context, context.now);
    row.due = undefined;
    context.setTimer(row.entity.ordinal, undefined);
  }

  /** Timers that are due by now and did not fire yet, since the record is of several entities. */
  private settleTimers(row: EntityRow, context: Context): void {
    const { ordinal } = row.entity;
    if (row.due === undefined || row.due > context.now) return;
    while (row.due !== undefined && row.due <= context.now) this.expire(ordinal, row.due, context);
    if (row.due === undefined) context.setTimer(ordinal, undefined);
  }

  private schedule(row: EntityRow, plan: Plan, asOf: number, context: Context): void {
    const due = nextDueOf(row, plan[row.entity.kind], asOf);
    if (due === row.due) return;
    row.due = due;
    context.setTimer(row.entity.ordinal, due);
  }

  /** Brings the row in line with the plan; after a switch, says first what that changed. `asOf`: "now" of its windows, ms. */
  private align(row: EntityRow, context: Context, asOf: number): Plan {
    const plan = this.definitions.of(row.entity.workspace);
    const before = row.revision;
    this.bringInLine(row);
    const { switched } = plan;
    if (switched === undefined || before >= switched.step || before === 0 || isHeldRow(row)) return plan;
    const { at: effectiveAt, id: cause } = switched;
    const published = { asOf, effectiveAt };
    const changes = publishSwitched(row, plan[row.entity.kind], published);
    this.countFailed(plan, publishAllFormulas(row, plan[row.entity.kind], changes, published));
    this.tell(row, plan, changes, { reason: 'backfill', cause, effectiveAt }, context);
    this.schedule(row, plan, asOf, context);
    return plan;
  }

  private bringInLine(row: EntityRow): void {
    const { workspace, kind } = row.entity;
    const plan = this.definitions.of(workspace);
    const kindPlan = plan[kind];
    if (row.slots === kindPlan.attributes && row.revision === plan.step) return;
    alignEntity(row, kindPlan, plan.step, this.isKeptIn(workspace));
  }

  private isKeptIn(workspace: string): IsKept {
    return (key, step) => this.definitions.isKept(workspace, key, step);
  }

  private count(kind: EntityOccurrence['kind']): void {
    if (kind === 'misaddressed') this.counters.misaddressedRecords++;
    else if (kind === 'transfer-forwarded') this.counters.forwardedTransfers++;
    else if (kind === 'entity-erased') this.counters.erasedEntities++;
    else if (kind === 'record-of-erased') this.counters.recordsOfErased++;
    else this.counters.repeatedTransfers++;
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
