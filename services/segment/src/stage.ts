/** Binds the domain to the stage loop: `attributes` in, `memberships` out, the same partition number on both sides. */
import { compileActivated } from '@attrium/catalogue';
import {
  type AccountCreated,
  type AttributeChange,
  type AttributesChanged,
  type CatalogueActivated,
  type ChangeReason,
  type EventMatched,
  type IdentifierLinked,
  isHeld,
  type LogRecord,
} from '@attrium/event';
import {
  CataloguePlans,
  type Context,
  EntityRows,
  type ErasureProgress,
  isErasureQuestion,
  isPresentSince,
  type PartitionStage,
  passOn,
  type ReleasedMerges,
  type StageBinding,
  type StageEnvironment,
} from '@attrium/processor';
import { concernOf, needsOf, requestedChanges } from './domain/concern.js';
import {
  alignEntity,
  alignedView,
  type EntityRow,
  foldChanges,
  foldIdentifiers,
  foldLoser,
  type IsKept,
  isInLine,
  type KeptChanges,
  keepBack,
  type MatchedEvent,
  newEntity,
  publishedNames,
  type Row,
} from './domain/entity.js';
import { evaluateAll, evaluateChanges, type Flips, membersBy, NO_FLIPS } from './domain/evaluation.js';
import { type KindPlan, kindPlanOf, type Plan, planOf } from './domain/plan.js';
import { MEMBER_SWEEP_ORDINAL, MemberSweeps } from './member-sweeps.js';
import type { Observe } from './occurrence.js';
import {
  answer,
  type EvaluateAnswer,
  isSweepsQuestion,
  type MembershipsAnswer,
  type SweepsAnswer,
} from './question.js';
import { Schedules } from './schedules.js';
import { decodeEntity, ENTITY_STATE_VERSION, ENTITY_STATE_VERSION_OLDEST, encodeEntity } from './store/entity-codec.js';

const STAGE = 'segment';
/** Before a workspace's first catalogue. */
const NO_PLAN = planOf({ workspace: '', revision: 0, attributes: [], segments: [], triggers: [] });

/** Why and when something changed. */
interface Instant {
  readonly reason: ChangeReason;
  readonly cause: string;
  readonly effectiveAt: number;
}

export interface SegmentOptions {
  readonly observe?: Observe;
}

export const segmentBinding: StageBinding = createSegmentBinding();

export function createSegmentBinding(options: SegmentOptions = {}): StageBinding {
  return {
    name: STAGE,
    input: 'attributes',
    output: 'memberships',
    logicVersion: 1,
    stateVersion: ENTITY_STATE_VERSION,
    open: (environment) => new SegmentPartition(environment, options.observe ?? (() => {})),
  };
}

class SegmentPartition implements PartitionStage {
  private readonly entities: EntityRows<EntityRow>;
  private readonly catalogues: CataloguePlans<Plan>;
  private readonly schedules: Schedules;
  private readonly sweeps: MemberSweeps;

  constructor(
    environment: StageEnvironment,
    private readonly observe: Observe,
  ) {
    this.catalogues = new CataloguePlans(
      environment.table('catalogues'),
      (activated) => planOf(compileActivated(activated), activated.step),
      NO_PLAN,
      ({ keys }) => keys,
    );
    this.entities = new EntityRows<EntityRow>(environment, {
      stage: STAGE,
      codec: { encode: encodeEntity, decode: decodeEntity },
      stateVersion: ENTITY_STATE_VERSION,
      stateVersionOldest: ENTITY_STATE_VERSION_OLDEST,
      isFirst: false,
      passesMergesOn: true,
      create: (entity) => newEntity(entity, this.sweeps.askedOf(entity.workspace)),
      published: publishedNames,
      merging: (row, { identifiers }) => foldIdentifiers(row, identifiers),
      beforeHandOver: (row, context) => this.schedules.handOver(row, context),
      fold: (row, loser) => this.fold(row, loser),
      settled: (row, released, context) => {
        if (released !== undefined) this.release(row, released, context);
      },
      observe,
    });
    this.schedules = new Schedules({
      ...{ environment, entities: this.entities, catalogues: this.catalogues, observe },
      isKeptIn: (workspace) => this.isKeptIn(workspace),
      evaluate: (row, dueAt, context) => this.evaluateDue(row, dueAt, context),
    });
    this.sweeps = new MemberSweeps({
      ...{ environment, entities: this.entities, catalogues: this.catalogues, observe },
      membersOf: (row) => {
        const plan = this.catalogues.of(row.entity.workspace);
        return membersBy(row, kindPlanOf(plan, row.entity), plan.step, this.isKeptIn(row.entity.workspace));
      },
      before: (entity, context) => this.schedules.before(entity, context),
      after: (entity, context) => this.schedules.after(entity, context),
      evaluate: (row, at, context) => this.evaluateAsOf(row, at, context),
    });
  }

  timersBefore(record: LogRecord): number | undefined {
    return this.schedules.touchedBy(record)[0]?.ordinal;
  }

  expire(ordinal: number, dueAt: number, context: Context): void {
    if (ordinal === MEMBER_SWEEP_ORDINAL) this.sweeps.expire(dueAt, context);
    else this.schedules.expire(ordinal, dueAt, context);
  }

  answer(question: unknown): MembershipsAnswer | EvaluateAnswer | SweepsAnswer | ErasureProgress {
    if (isErasureQuestion(question)) return this.entities.answerErasure(question);
    if (isSweepsQuestion(question)) return { sweeps: this.sweeps.answer(question.workspace) };
    const row = (ordinal: number) => this.view(ordinal);
    return answer({ row, plan: (workspace) => this.catalogues.of(workspace) }, question);
  }

  decide(record: LogRecord, context: Context): void {
    const touched = this.schedules.touchedBy(record);
    for (const entity of touched) this.schedules.before(entity, context);
    for (const entity of this.sweeps.touchedBy(record)) this.sweeps.before(entity, context);
    this.decideRecord(record, context);
    for (const entity of touched) this.schedules.after(entity, context);
  }

  private decideRecord(record: LogRecord, context: Context): void {
    switch (record.kind) {
      case 'attributes-changed':
        this.decideChanges(record, context);
        break;
      case 'event-matched':
        this.decideMatched(record, context);
        break;
      case 'profile-created':
        this.entities.created(record.entity);
        this.entities.of(record.entity);
        break;
      case 'account-created':
        this.decideAccount(record);
        break;
      case 'identifier-linked':
        this.decideLink(record, context);
        break;
      case 'profiles-merged':
        this.entities.merge(record, context);
        break;
      case 'state-transferred':
        this.entities.transfer(record, context);
        break;
      case 'profile-erased':
        this.entities.erase(record, context);
        break;
      case 'merge-completed':
        this.entities.complete(record, context);
        break;
      case 'catalogue-activated':
        this.decideCatalogue(record, context);
        break;
      case 'logic-activated':
        passOn(record, context);
        break;
      default:
      // Other kinds in this log are not for this stage.
    }
  }

  private decideChanges(record: AttributesChanged, context: Context): void {
    const { entity, effectiveAt, recordedAt, reason, cause, changes } = record;
    const row = this.entities.of(entity);
    if (row === undefined) return;
    const plan = this.catalogues.of(entity.workspace);
    const kindPlan = kindPlanOf(plan, entity);
    const isEvaluated = row.revision === plan.step;
    this.align(row, plan, kindPlan);
    const late = reason === 'event' && effectiveAt < row.newestAt;
    // A backfill is effective when it took effect: what happened before that is not late for it.
    if (reason !== 'backfill') row.newestAt = Math.max(row.newestAt, effectiveAt);
    foldChanges(row, kindPlan, changes);
    const requested = requestedChanges(kindPlan, changes);
    if (row.merges !== undefined && isHeld(row.merges)) {
      if (requested.length > 0) {
        this.observeDropped(keepBack(row, [{ effectiveAt, recordedAt, reason, cause, changes: requested }]));
      }
      return;
    }
    const flips = isEvaluated
      ? evaluateChanges(row, kindPlan, changes, effectiveAt)
      : evaluateAll(row, kindPlan, effectiveAt);
    if (flips === NO_FLIPS && requested.length === 0) return;
    const corrects = late && (flips.entered.length > 0 || flips.exited.length > 0);
    const instant: Instant = { reason: corrects ? 'correction' : reason, cause, effectiveAt };
    this.emitChange(row, plan, instant, flips, requested, context);
  }

  /** Passed on with what the trigger needs, once the entity is in line with the catalogue. */
  private decideMatched(record: EventMatched, context: Context): void {
    const { entity, definition, eventId, name, occurredAt, recordedAt, propertyValues } = record;
    const row = this.entities.of(entity);
    if (row === undefined) return;
    const plan = this.catalogues.of(entity.workspace);
    if (!plan.onMatched.has(definition)) return;
    const kindPlan = kindPlanOf(plan, entity);
    const isEvaluated = row.revision === plan.step;
    this.align(row, plan, kindPlan);
    const event = { definition, eventId, name, occurredAt, propertyValues };
    const instant: Instant = { reason: 'event', cause: eventId, effectiveAt: occurredAt };
    if (row.merges !== undefined && isHeld(row.merges)) {
      this.observeDropped(keepBack(row, [{ ...instant, recordedAt, changes: [], event }]));
      return;
    }
    if (!isEvaluated) this.emitChange(row, plan, instant, evaluateAll(row, kindPlan, occurredAt), [], context);
    this.emitMatched(row, plan, event, context);
  }

  /** No firing waits for an account before it is there. */
  private decideAccount({ entity, groupId }: AccountCreated): void {
    this.entities.created(entity);
    const row = this.entities.of(entity);
    if (row !== undefined) foldIdentifiers(row, [{ type: 'group_id', value: groupId }]);
  }

  /** Those who wait for a firing are told by it too. */
  private decideLink(record: IdentifierLinked, context: Context): void {
    const row = this.entities.of(record.entity);
    if (row === undefined) return;
    foldIdentifiers(row, [record.identifier]);
    if (this.catalogues.of(record.entity.workspace).waiting !== undefined) passOn(record, context);
  }

  /** The hold has ended: what was kept back, what the merges changed, then that they are completed. */
  private release(row: EntityRow, { mergeIds, occurredAt: effectiveAt }: ReleasedMerges, context: Context): void {
    const plan = this.catalogues.of(row.entity.workspace);
    const kindPlan = kindPlanOf(plan, row.entity);
    this.align(row, plan, kindPlan);
    row.newestAt = Math.max(row.newestAt, effectiveAt);
    const flips = evaluateAll(row, kindPlan, effectiveAt);
    const kept = row.kept ?? [];
    row.kept = undefined;
    for (const changes of kept) this.emitKept(row, plan, changes, context);
    const instant: Instant = { reason: 'merge', cause: mergeIds.at(-1)!, effectiveAt };
    this.emitChange(row, plan, instant, flips, [], context);
    this.schedules.release(row, context);
    this.sweeps.released(row, flips.entered, context);
    const { waiting } = plan;
    const known = waiting && { recordedAt: context.now, ...needsOf(row, plan, [waiting]) };
    context.emit({ kind: 'merge-completed', entity: row.entity, mergeIds, ...(known && { known }) });
  }

  /** The loser's memberships are judged by the revision that they came with. */
  private fold(row: EntityRow, loser: EntityRow): void {
    const plan = this.catalogues.of(row.entity.workspace);
    this.align(row, plan, kindPlanOf(plan, row.entity));
    this.align(loser, plan, kindPlanOf(plan, loser.entity));
    this.schedules.fold(row, loser);
    this.observeDropped(foldLoser(row, loser));
  }

  private align(row: EntityRow, { step }: Plan, kindPlan: KindPlan): void {
    if (isInLine(row, kindPlan, step)) return;
    alignEntity(row, kindPlan, step, this.isKeptIn(row.entity.workspace));
  }

  /** Whoever a sweep for members of today asks has met the catalogue then. */
  private evaluateAsOf(row: EntityRow, at: number, context: Context): void {
    const plan = this.catalogues.of(row.entity.workspace);
    const kindPlan = kindPlanOf(plan, row.entity);
    const isEvaluated = row.revision === plan.step;
    this.align(row, plan, kindPlan);
    if (isEvaluated) return;
    const instant: Instant = { reason: 'backfill', cause: `catalogue:${plan.revision}`, effectiveAt: at };
    this.emitChange(row, plan, instant, evaluateAll(row, kindPlan, at), [], context);
  }

  /** A row as answers show it. */
  private view(ordinal: number): Row | undefined {
    const row = this.entities.get(ordinal);
    if (row?.kind !== 'entity') return row;
    const { workspace } = row.entity;
    const plan = this.catalogues.of(workspace);
    return alignedView(row, kindPlanOf(plan, row.entity), plan.step, this.isKeptIn(workspace));
  }

  private isKeptIn(workspace: string): IsKept {
    const since = this.catalogues.sinceOf(workspace);
    return (key, revision) => isPresentSince(since, key, revision);
  }

  /** One that has not met the catalogue yet is evaluated before a schedule is asked of it; what a sweep asks of it comes before that. */
  private evaluateDue(row: EntityRow, dueAt: number, context: Context): void {
    this.sweeps.before(row.entity, context);
    const plan = this.catalogues.of(row.entity.workspace);
    const isEvaluated = row.revision === plan.step;
    const kindPlan = kindPlanOf(plan, row.entity);
    this.align(row, plan, kindPlan);
    if (isEvaluated) return;
    const instant: Instant = { reason: 'window', cause: `timer:${dueAt}`, effectiveAt: dueAt };
    this.emitChange(row, plan, instant, evaluateAll(row, kindPlan, dueAt), [], context);
  }

  /** The catalogue may be another one than when the changes were kept: a trigger that is gone asks for nothing. */
  private emitKept(row: EntityRow, plan: Plan, kept: KeptChanges, context: Context): void {
    const { reason, cause, effectiveAt } = kept;
    if (kept.event !== undefined) {
      this.emitMatched(row, plan, kept.event, context);
      return;
    }
    const requested = requestedChanges(kindPlanOf(plan, row.entity), kept.changes);
    this.emitChange(row, plan, { reason, cause, effectiveAt }, NO_FLIPS, requested, context);
  }

  private emitChange(
    row: EntityRow,
    plan: Plan,
    instant: Instant,
    flips: Flips,
    requested: readonly AttributeChange[],
    context: Context,
  ): void {
    const [entered, exited, corrected] = [flips.entered.length, flips.exited.length, flips.corrected.length];
    if (entered + exited + corrected + requested.length === 0) return;
    const { values, memberships, identifiers } = concernOf(row, plan, flips, requested);
    context.emit({
      kind: 'segment-changed',
      entity: row.entity,
      effectiveAt: instant.effectiveAt,
      recordedAt: context.now,
      reason: instant.reason,
      cause: instant.cause,
      revision: plan.revision,
      entered: flips.entered,
      exited: flips.exited,
      corrected: flips.corrected,
      changes: requested,
      values,
      memberships,
      identifiers,
    });
    this.observe({ kind: 'memberships-changed', entered, exited, corrected });
  }

  private emitMatched(row: EntityRow, plan: Plan, event: MatchedEvent, context: Context): void {
    const trigger = plan.onMatched.get(event.definition);
    if (trigger === undefined) return;
    const head = { kind: 'event-matched', entity: row.entity, ...event } as const;
    context.emit({ ...head, recordedAt: context.now, revision: plan.revision, ...needsOf(row, plan, [trigger]) });
  }

  private decideCatalogue(record: CatalogueActivated, context: Context): void {
    this.catalogues.activate(record);
    this.schedules.activated(record, context);
    this.sweeps.activated(record, context);
    passOn(record, context);
  }

  private observeDropped(records: number): void {
    if (records > 0) this.observe({ kind: 'kept-back-dropped', records });
  }
}
