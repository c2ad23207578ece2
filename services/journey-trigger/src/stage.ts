/** Binds the domain to the stage loop: `memberships` in, `firings` out, the same partition number on both sides. */
import { compileActivated } from '@attrium/catalogue';
import type {
  CatalogueActivated,
  Entity,
  FiringCause,
  IdentifierLinked,
  LogRecord,
  MergeCompleted,
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
import {
  type EntityRow,
  foldDay,
  foldFiring,
  foldLoser,
  isHeldRow,
  keepBack,
  type Lost,
  newEntity,
} from './domain/entity.js';
import type { Outcome } from './domain/firing.js';
import { foldIdentifiers, nothingKnown } from './domain/known.js';
import { type Plan, planOf } from './domain/plan.js';
import type { TellingRecord } from './domain/told.js';
import { addWait, endDue, releaseRow, type Turn, takeRecord } from './domain/turn.js';
import type { Observe } from './occurrence.js';
import { answer, type FiringsAnswer } from './question.js';
import { decodeEntity, ENTITY_STATE_VERSION, ENTITY_STATE_VERSION_OLDEST, encodeEntity } from './store/entity-codec.js';

const STAGE = 'journey-trigger';
/** Before a workspace's first catalogue. */
const NO_PLAN = planOf({ workspace: '', revision: 0, attributes: [], segments: [], triggers: [] });

export interface JourneyTriggerOptions {
  readonly observe?: Observe;
}

export const journeyTriggerBinding: StageBinding = createJourneyTriggerBinding();

export function createJourneyTriggerBinding(options: JourneyTriggerOptions = {}): StageBinding {
  return {
    name: STAGE,
    input: 'memberships',
    output: 'firings',
    logicVersion: 1,
    stateVersion: ENTITY_STATE_VERSION,
    open: (environment) => new TriggerPartition(environment, options.observe ?? (() => {})),
  };
}

class TriggerPartition implements PartitionStage {
  private readonly entities: EntityRows<EntityRow>;
  private readonly catalogues: CataloguePlans<Plan>;

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
      passesMergesOn: false,
      create: newEntity,
      published: () => [],
      fold: (row, loser) => this.observeLost(foldLoser(row, loser)),
      beforeHandOver: (row, context) => this.beforeHandOver(row, context),
      settled: (row, released, context) => this.settle(row, released, context),
      observe,
    });
  }

  timersBefore(record: LogRecord): number | undefined {
    switch (record.kind) {
      case 'segment-changed':
      case 'event-matched':
      case 'member-found':
      case 'schedule-reached':
      case 'identifier-linked':
      case 'merge-completed':
      case 'profile-erased':
        return record.entity.ordinal;
      case 'state-transferred':
        return record.stage === STAGE ? record.to.ordinal : undefined;
      case 'profiles-merged':
        return this.entities.isHere(record.survivor) ? record.survivor.ordinal : record.loser.ordinal;
      default:
        return undefined;
    }
  }

  expire(ordinal: number, dueAt: number, context: Context): void {
    const row = this.entities.edit(ordinal);
    if (row === undefined) return;
    row.due = undefined;
    if (!isHeldRow(row)) endDue(row, dueAt, this.turn(row.entity, context));
    this.schedule(row, context);
  }

  answer(question: unknown): FiringsAnswer | ErasureProgress {
    if (isErasureQuestion(question)) return this.entities.answerErasure(question);
    return answer((ordinal) => this.entities.get(ordinal), question);
  }

  decide(record: LogRecord, context: Context): void {
    switch (record.kind) {
      case 'segment-changed':
      case 'event-matched':
      case 'member-found':
      case 'schedule-reached':
        this.decideRecord(record, context);
        break;
      case 'identifier-linked':
        this.decideLink(record);
        break;
      case 'profiles-merged':
        this.entities.merge(record, context);
        break;
      case 'state-transferred':
        this.entities.transfer(record, context);
        break;
      case 'merge-completed':
        this.keepKnown(record);
        this.entities.complete(record, context);
        break;
      case 'profile-erased':
        this.entities.erase(record, context);
        break;
      case 'catalogue-activated':
        this.decideCatalogue(record, context);
        break;
      default:
      // No keyed stage reads the firings: what only such stages need ends here.
    }
  }

  private decideRecord(record: TellingRecord, context: Context): void {
    const { entity } = record;
    const found = this.entities.get(entity.ordinal);
    // A row is only made when something fires or waits: most records concern no trigger.
    const row = found === undefined ? undefined : this.entities.of(entity);
    if (found === undefined ? this.entities.isErased(entity) : row === undefined) return;
    if (row !== undefined && isHeldRow(row)) {
      this.observeLost({
        changes: keepBack(row, [{ ...record, step: this.catalogues.of(entity.workspace).step }]),
        keys: 0,
      });
      return;
    }
    let current = row;
    const make = (): EntityRow => {
      current = this.entities.of(entity) as EntityRow;
      return current;
    };
    takeRecord(() => current, record, this.turn(entity, context, make));
    if (current !== undefined) this.goOn(current, context);
  }

  /** A firing that waits carries what the profile is known by when it is made. */
  private decideLink({ entity, identifier }: IdentifierLinked): void {
    const found = this.entities.get(entity.ordinal);
    if (found?.kind !== 'entity' || (found.waiting.length === 0 && !isHeldRow(found))) return;
    const row = this.entities.edit(entity.ordinal) as EntityRow;
    row.known ??= nothingKnown();
    foldIdentifiers(row.known, [identifier]);
  }

  private keepKnown(record: MergeCompleted): void {
    const row = record.known === undefined ? undefined : this.entities.edit(record.entity.ordinal);
    if (row !== undefined && isHeldRow(row)) this.observeLost({ changes: keepBack(row, [record]), keys: 0 });
  }

  private settle(row: EntityRow, released: ReleasedMerges | undefined, context: Context): void {
    if (released !== undefined) {
      releaseRow(row, released.occurredAt, this.turn(row.entity, context));
    }
    this.goOn(row, context);
  }

  /** The loser's last moment. */
  private beforeHandOver(row: EntityRow, context: Context): void {
    if (!isHeldRow(row)) endDue(row, context.now, this.turn(row.entity, context));
    if (row.due !== undefined) context.setTimer(row.entity.ordinal, undefined);
    row.due = undefined;
  }

  /** What is due already ends now: a wait may be shorter than the way of its cause. */
  private goOn(row: EntityRow, context: Context): void {
    if (!isHeldRow(row) && row.waiting.length > 0) endDue(row, context.now, this.turn(row.entity, context));
    this.schedule(row, context);
  }

  /** What was known is of no use, and soon wrong, once nothing waits. */
  private schedule(row: EntityRow, context: Context): void {
    if (row.waiting.length === 0 && !isHeldRow(row)) row.known = undefined;
    const due = isHeldRow(row) ? undefined : row.waiting[0]?.dueAt;
    if (due === row.due) return;
    row.due = due;
    context.setTimer(row.entity.ordinal, due);
  }

  /** `entity` may be the survivor of the one that a record is of. `rowOf`: its row, made if there is none. */
  private turn(entity: Entity, context: Context, rowOf = (): EntityRow => this.entities.of(entity) as EntityRow): Turn {
    const { workspace } = entity;
    const since = this.catalogues.sinceOf(workspace);
    return {
      plan: this.catalogues.of(workspace),
      now: context.now,
      isKept: (key, step) => isPresentSince(since, key, step),
      emit: (outcome) => this.emitOutcome(outcome, entity, rowOf, context),
    };
  }

  private emitOutcome(outcome: Outcome, entity: Entity, rowOf: () => EntityRow, context: Context): void {
    if (outcome.kind === 'waits') {
      addWait(rowOf(), outcome.firing);
      noteDay(rowOf(), outcome.firing.trigger, outcome.firing.on);
      this.observe({ kind: 'waits', workspace: entity.workspace, trigger: outcome.firing.trigger });
      return;
    }
    const { workspace } = entity;
    const { trigger, ...head } = outcome.head;
    const fact = { entity, trigger, ...head, recordedAt: context.now };
    if (outcome.kind === 'suppressed') {
      const { why, values, memberships, lastFiredAt } = outcome;
      context.emit({ kind: 'firing-suppressed', ...fact, why, values, memberships, lastFiredAt });
      this.observe({ kind: 'suppressed', workspace, trigger, why });
      return;
    }
    const { reason, values, identifiers, name, at } = outcome;
    const keys = foldFiring(rowOf(), name, { effectiveAt: head.effectiveAt, at });
    noteDay(rowOf(), trigger, head.on);
    this.observeLost({ changes: 0, keys });
    context.emit({ kind: 'trigger-fired', ...fact, reason, values, identifiers });
    this.observe({ kind: 'fired', workspace, trigger });
  }

  /** Passed on to the deliverer, which learns its destinations from it. */
  private decideCatalogue(record: CatalogueActivated, context: Context): void {
    this.catalogues.activate(record);
    passOn(record, context);
  }

  private observeLost({ changes, keys }: Lost): void {
    if (changes > 0) this.observe({ kind: 'kept-back-dropped', records: changes });
    if (keys > 0) this.observe({ kind: 'fired-keys-forgotten', records: keys });
  }
}

/** Of a schedule a trigger fires once for each local date. */
function noteDay(row: EntityRow, trigger: string, on: FiringCause): void {
  if (on.kind === 'schedule-reached') foldDay(row, trigger, on.occurrence.day);
}
