/** Binds the domain to the stage loop: `memberships` in, `firings` out, the same partition number on both sides. */
import { compileActivated } from '@attrium/catalogue';
import { type CatalogueActivated, type Entity, isHeld, type LogRecord, type SegmentChanged } from '@attrium/event';
import {
  CataloguePlans,
  type Context,
  EntityRows,
  type PartitionStage,
  passOn,
  type StageBinding,
  type StageEnvironment,
} from '@attrium/processor';
import { type EntityRow, foldFiring, foldLoser, keepBack, type Lost, newEntity } from './domain/entity.js';
import { decideFirings, type Outcome } from './domain/firing.js';
import { type Plan, planOf } from './domain/plan.js';
import type { Observe } from './occurrence.js';
import { answer, type FiringsAnswer } from './question.js';
import { decodeEntity, ENTITY_STATE_VERSION, encodeEntity } from './store/entity-codec.js';

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
      (activated) => planOf(compileActivated(activated)),
      NO_PLAN,
    );
    this.entities = new EntityRows<EntityRow>(environment, {
      stage: STAGE,
      codec: { encode: encodeEntity, decode: decodeEntity },
      stateVersion: ENTITY_STATE_VERSION,
      isFirst: false,
      passesMergesOn: false,
      create: newEntity,
      published: () => [],
      fold: (row, loser) => this.observeLost(foldLoser(row, loser)),
      settled: (row, released, context) => {
        if (released !== undefined) this.release(row, context);
      },
      observe,
    });
  }

  timersBefore(): undefined {
    return undefined;
  }

  expire(): void {
    throw new Error('assertion: journey-trigger sets no timers');
  }

  answer(question: unknown): FiringsAnswer {
    return answer((ordinal) => this.entities.get(ordinal), question);
  }

  decide(record: LogRecord, context: Context): void {
    switch (record.kind) {
      case 'segment-changed':
        this.decideChange(record, context);
        break;
      case 'profiles-merged':
        this.entities.merge(record, context);
        break;
      case 'state-transferred':
        this.entities.transfer(record, context);
        break;
      case 'merge-completed':
        this.entities.complete(record, context);
        break;
      case 'catalogue-activated':
        this.decideCatalogue(record, context);
        break;
      default:
      // No keyed stage reads the firings: what only such stages need ends here.
    }
  }

  private decideChange(record: SegmentChanged, context: Context): void {
    const { entity } = record;
    const found = this.entities.get(entity.ordinal);
    // A row is only made when something fires: most changes concern no trigger.
    const row = found === undefined ? undefined : this.entities.of(entity);
    if (found !== undefined && row === undefined) return;
    if (row?.merges !== undefined && isHeld(row.merges)) {
      this.observeLost({ changes: keepBack(row, [record]), keys: 0 });
      return;
    }
    const outcomes = decideFirings(row, this.catalogues.of(entity.workspace), record, context.now);
    for (const outcome of outcomes) this.emitOutcome(outcome, entity, record, context);
  }

  /** The hold has ended: decides what was kept back, in order, for the survivor. */
  private release(row: EntityRow, context: Context): void {
    const plan = this.catalogues.of(row.entity.workspace);
    const { kept } = row;
    row.kept = [];
    for (const change of kept) {
      for (const outcome of decideFirings(row, plan, change, context.now))
        this.emitOutcome(outcome, row.entity, change, context);
    }
  }

  /** `entity` may be the survivor of the one that changed. */
  private emitOutcome(outcome: Outcome, entity: Entity, change: SegmentChanged, context: Context): void {
    const { trigger, on } = outcome;
    const { workspace } = entity;
    const { revision, effectiveAt, cause, reason, identifiers } = change;
    const fact = { entity, trigger, revision, effectiveAt, recordedAt: context.now, cause, on };
    if (outcome.kind === 'suppressed') {
      const { why, values, memberships, lastFiredAt } = outcome;
      context.emit({ kind: 'firing-suppressed', ...fact, why, values, memberships, lastFiredAt });
      this.observe({ kind: 'suppressed', workspace, trigger, why });
      return;
    }
    const keys = foldFiring(this.entities.of(entity) as EntityRow, outcome.name, change);
    this.observeLost({ changes: 0, keys });
    context.emit({ kind: 'trigger-fired', ...fact, reason, values: outcome.values, identifiers });
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
