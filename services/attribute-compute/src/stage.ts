/** Binds the domain to the stage loop: `resolved` in, `attributes` out, the same partition number on both sides. */
import { compileActivated } from '@attrium/catalogue';
import {
  type AttributeChange,
  type CatalogueActivated,
  type ChangeReason,
  type EventResolved,
  type LogRecord,
  type MemberContributed,
} from '@attrium/event';
import {
  CataloguePlans,
  type Context,
  type EntityOccurrence,
  EntityRows,
  isPresentSince,
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
  type Row,
} from './domain/entity.js';
import { publishFormulas } from './domain/formula.js';
import { matchesOf } from './domain/match.js';
import type { MemberBook } from './domain/member-book.js';
import { readEvent } from './domain/payload.js';
import { feedOf, keysOf, type Plan, planOf } from './domain/plan.js';
import { type AttributesAnswer, type AttributesQuestion, answerAttributes } from './domain/question.js';
import { publishRollups } from './domain/rollup.js';
import { MEMBERS_TIMER, Rollups } from './rollups.js';
import { decodeRow, ENTITY_STATE_VERSION, ENTITY_STATE_VERSION_OLDEST, encodeRow } from './store/entity-codec.js';

const STAGE = 'attribute-compute';
/** Of the tables; rises with the encoding of the rows and with that of the catalogues. */
const STATE_VERSION = 6;
/** A row has kilobytes in memory, in hundreds of objects: beyond some, reading one anew costs less than what the garbage collector does for it. */
const CACHE_ROWS_MAX = 20_000;
/** Before a workspace's first catalogue. */
const NO_PLAN = planOf({ workspace: '', revision: 0, attributes: [], segments: [], triggers: [] });

interface Evaluation {
  readonly reason: ChangeReason;
  readonly cause: string;
  readonly effectiveAt: number;
}

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

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

class AttributePartition implements PartitionStage {
  private readonly entities: EntityRows<EntityRow>;
  private readonly plans: CataloguePlans<Plan>;
  private readonly rollups: Rollups;

  constructor(
    environment: StageEnvironment,
    private readonly counters: AttributeCounters,
  ) {
    this.plans = new CataloguePlans(
      environment.table('catalogues'),
      (activated) => planOf(compileActivated(activated)),
      NO_PLAN,
      keysOf,
    );
    this.entities = new EntityRows<EntityRow>(environment, {
      stage: STAGE,
      codec: { encode: encodeRow, decode: decodeRow },
      stateVersion: ENTITY_STATE_VERSION,
      stateVersionOldest: ENTITY_STATE_VERSION_OLDEST,
      isFirst: true,
      passesMergesOn: true,
      create: newEntity,
      published: (row) => publishedNames(row, this.align(row)[row.entity.kind]),
      beforeHandOver: (row, context) => this.beforeHandOver(row, context),
      fold: (row, loser, context) => this.fold(row, loser, context),
      settled: (row, released, context) => this.settle(row, released, context),
      observe: ({ kind }) => this.count(kind),
    });
    this.rollups = new Rollups(environment, {
      planOf: (workspace) => this.plans.of(workspace),
      rowOf: (ordinal) => this.viewOf(ordinal),
      publish: (account, book, giving, context) =>
        this.publishRollups(this.entities.edit(account)!, book, giving, context),
    });
  }

  timersBefore(record: LogRecord): number | undefined {
    switch (record.kind) {
      case 'event-resolved':
        return record.entity.ordinal;
      case 'state-transferred':
        return record.stage === STAGE ? record.to.ordinal : undefined;
      case 'profiles-merged':
        return this.entities.isHere(record.survivor) ? record.survivor.ordinal : record.loser.ordinal;
      case 'account-linked':
      case 'account-unlinked':
        return this.rollups.isOfMember(record) ? record.entity.ordinal : undefined;
      case 'member-contributed':
        return record.entity.ordinal;
      default:
        return undefined;
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
      case 'account-linked':
        if (this.rollups.isOfMember(record)) this.rollups.link(record, context);
        break;
      case 'account-unlinked':
        if (this.rollups.isOfMember(record)) this.rollups.unlink(record, context);
        break;
      case 'member-contributed':
        this.decideContribution(record, context);
        break;
      case 'catalogue-activated':
        this.decideCatalogue(record, context);
        break;
      default:
      // Nobody writes other kinds into this log.
    }
  }

  expire(ordinal: number, dueAt: number, context: Context): void {
    if (ordinal === MEMBERS_TIMER) {
      this.rollups.expire(dueAt, context);
      return;
    }
    const row = this.entities.edit(ordinal);
    if (row === undefined) return;
    const plan = this.align(row);
    row.due = undefined;
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

  answer(question: unknown): AttributesAnswer {
    const asked = question as AttributesQuestion;
    if (asked.kind !== 'attributes') throw new Error(`${STAGE} does not answer ${String(asked.kind)}`);
    const plan = this.plans.of(asked.workspace);
    return answerAttributes(asked, this.viewOf(asked.ordinal), plan);
  }

  /** The row in line with its plan, for reading only. */
  private viewOf(ordinal: number): Row | undefined {
    const found = this.entities.get(ordinal);
    if (found?.kind !== 'entity') return found;
    const { workspace, kind } = found.entity;
    const plan = this.plans.of(workspace);
    return alignedView(found, plan[kind], plan.revision, this.isKeptIn(workspace));
  }

  private decideEvent(record: EventResolved, context: Context): void {
    const { entity, event } = record;
    const plan = this.plans.of(entity.workspace);
    const feed = feedOf(plan, entity.kind, event);
    if (feed === undefined) return;
    const { contributions, refused, unreadable } = readEvent(feed, entity.kind, event, textOf);
    if (unreadable) this.counters.unreadablePayloads++;
    for (const name of refused) count(this.counters.refusedValues, `${entity.workspace}/${name}`);
    if (contributions.length === 0) return;
    const row = this.entities.of(entity);
    if (row === undefined) return;
    this.align(row);
    const { moved, approximated, refused: full } = foldEvent(row, contributions, context.now);
    this.counters.approximatedStates += approximated;
    for (const name of full) count(this.counters.fullStates, `${entity.workspace}/${name}`);
    if (!isHeldRow(row)) {
      const at = { asOf: context.now, effectiveAt: event.occurredAt };
      const changes = publishContributions(row, contributions, at);
      this.formulas(row, plan, changes, at);
      this.tell(row, plan, changes, { reason: 'event', cause: event.id, effectiveAt: event.occurredAt }, context);
    }
    if (moved) this.schedule(row, plan, context.now, context);
  }

  /**
   * After the changes that the event made. While a merge is open they go on too: nothing in them depends on what is held here, and the
   * stages behind, which hold the entity at least as long, keep them back.
   */
  private decideMatches({ entity, event }: EventResolved, context: Context): void {
    if (event.type !== 'track') return;
    const { revision, [entity.kind]: plan } = this.plans.of(entity.workspace);
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

  /** What a member gives to the roll-ups of an account. */
  private decideContribution(record: MemberContributed, context: Context): void {
    const { entity } = record;
    const taken = this.rollups.take(record);
    if (taken === 'repeated') this.counters.repeatedContributions++;
    if (taken === 'refused') count(this.counters.refusedMembers, entity.workspace);
    if (typeof taken === 'string') return;
    const row = this.entities.ofRelayed(entity);
    if (row !== undefined) this.publishRollups(row, taken, record, context);
  }

  private publishRollups(
    row: EntityRow,
    book: MemberBook,
    { reason, cause, effectiveAt }: Evaluation,
    context: Context,
  ): void {
    const plan = this.align(row);
    const at = { asOf: context.now, effectiveAt };
    const changes = publishRollups(row, plan.rollups, book, at);
    this.formulas(row, plan, changes, at);
    emitChanges(row, plan, changes, { reason, cause, effectiveAt }, context);
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

  private formulas(row: EntityRow, plan: Plan, changes: AttributeChange[], at: PublishedAt): void {
    const failed = publishFormulas(row, plan[row.entity.kind], changes, at);
    for (const name of failed) count(this.counters.failedFormulas, `${plan.workspace}/${name}`);
  }

  /** The loser's states are judged by the revision that they came with. */
  private fold(row: EntityRow, loser: EntityRow, context: Context): void {
    this.align(loser);
    foldStates(row, loser, this.align(row)[row.entity.kind], context.now);
  }

  /** What the merges changed, then that they are completed. */
  private settle(row: EntityRow, released: ReleasedMerges | undefined, context: Context): void {
    const plan = this.align(row);
    const { entity } = row;
    if (released !== undefined) {
      const { mergeIds, occurredAt: effectiveAt } = released;
      const evaluation = { reason: 'merge', cause: mergeIds.at(-1)!, effectiveAt } as const;
      const at = { asOf: context.now, effectiveAt };
      const changes = publishChanges(row, plan[entity.kind].attributes, at);
      this.formulas(row, plan, changes, at);
      emitChanges(row, plan, changes, evaluation, context);
      context.emit({ kind: 'merge-completed', entity, mergeIds });
      this.rollups.give(row, evaluation, context);
    }
    this.schedule(row, plan, context.now, context);
  }

  private beforeHandOver(row: EntityRow, context: Context): void {
    const { ordinal } = row.entity;
    this.align(row);
    // Timers of one entity fire before a record; where both are here, that was the survivor.
    while (row.due !== undefined && row.due <= context.now) this.expire(ordinal, row.due, context);
    row.due = undefined;
    context.setTimer(ordinal, undefined);
  }

  private decideCatalogue(record: CatalogueActivated, context: Context): void {
    const before = this.plans.of(record.workspace);
    this.plans.activate(record);
    passOn(record, context);
    this.rollups.activated(before, this.plans.of(record.workspace), context);
  }

  private schedule(row: EntityRow, plan: Plan, asOf: number, context: Context): void {
    const due = nextDueOf(row, plan[row.entity.kind], asOf);
    if (due === row.due) return;
    row.due = due;
    context.setTimer(row.entity.ordinal, due);
  }

  private align(row: EntityRow): Plan {
    const plan = this.plans.of(row.entity.workspace);
    const kindPlan = plan[row.entity.kind];
    if (row.slots !== kindPlan.attributes || row.revision !== plan.revision) {
      alignEntity(row, kindPlan, plan.revision, this.isKeptIn(row.entity.workspace));
    }
    return plan;
  }

  private isKeptIn(workspace: string): IsKept {
    const since = this.plans.sinceOf(workspace);
    return (key, revision) => isPresentSince(since, key, revision);
  }

  private count(kind: EntityOccurrence['kind']): void {
    if (kind === 'misaddressed') this.counters.misaddressedRecords++;
    else if (kind === 'transfer-forwarded') this.counters.forwardedTransfers++;
    else this.counters.repeatedTransfers++;
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function emitChanges(
  { entity }: EntityRow,
  { revision }: Plan,
  changes: readonly AttributeChange[],
  evaluation: Evaluation,
  context: Context,
): void {
  if (changes.length === 0) return;
  context.emit({ kind: 'attributes-changed', entity, recordedAt: context.now, revision, ...evaluation, changes });
}
