/**
 * The rows of a keyed stage, one an entity, and the merge protocol over them (docs/internals/merges.md): a loser hands its state over and
 * leaves a pointer; a survivor is held until it has folded that state and the stage before is done.
 */
import {
  adoptMerges,
  completeUpstream,
  type Entity,
  type FactBody,
  type LogRecord,
  type MergeCompleted,
  type MergeState,
  noMerges,
  openMerge,
  type ProfileErased,
  type ProfilesMerged,
  partitionOf,
  releaseMerges,
  type StageName,
  type StateTransferred,
  takeTransfer,
} from '@attrium/event';
import { ErasedEntities, type ErasureProgress, type ErasureQuestion } from './erased-entities.js';
import type { Context, StageEnvironment, Table, TableCodec } from './stage.js';

/** A live entity. Stages add their own state. */
export interface LiveRow {
  readonly kind: 'entity';
  readonly entity: Entity;
  /** Undefined until the first merge. */
  merges: MergeState | undefined;
}

/** An entity that was merged away. */
export interface PointerRow {
  readonly kind: 'pointer';
  readonly mergedInto: Entity;
}

/** What became of a record that is not simply folded, for metrics. */
export type EntityOccurrence =
  /** A record, other than a transfer, for an entity that was merged away: it is dropped. */
  | { readonly kind: 'misaddressed' }
  /** A transfer sent on to the survivor of a later merge. */
  | { readonly kind: 'transfer-forwarded' }
  /** A transfer that came again and was dropped. */
  | { readonly kind: 'transfer-repeated' }
  /** A row was dropped, because its entity was erased. */
  | { readonly kind: 'entity-erased' }
  /** A record for an entity that was erased, as a transfer that was on its way: it is dropped. */
  | { readonly kind: 'record-of-erased' };

export interface ReleasedMerges {
  readonly mergeIds: readonly string[];
  /** When the latest merging event occurred, ms. */
  readonly occurredAt: number;
}

/** What a stage puts into the protocol. */
export interface EntityRules<R extends LiveRow> {
  readonly stage: StageName;
  /** Encoding of rows in the table and in transfers. */
  readonly codec: TableCodec<R | PointerRow>;
  readonly stateVersion: number;
  /** The oldest version that the codec still reads: old logs hold transfers of it. By default the current one only. */
  readonly stateVersionOldest?: number;
  /** True for the first keyed stage, which waits for no other one. */
  readonly isFirst: boolean;
  /** Whether a keyed stage reads the output: then `ProfilesMerged` is passed on. */
  readonly passesMergesOn: boolean;
  create(entity: Entity): R;
  /** Names whose projected rows of a loser become void. */
  published(row: R): readonly string[];
  /** The loser's last moment, before its state is encoded. */
  beforeHandOver?(row: R, context: Context): void;
  /** `ProfilesMerged` names this row as the survivor. */
  merging?(row: R, record: ProfilesMerged): void;
  /** Folds a loser's state: a commutative merge. */
  fold(row: R, loser: R, context: Context): void;
  /** Something of the protocol has happened to this row; `released` when its hold has just ended: evaluate it once. */
  settled(row: R, released: ReleasedMerges | undefined, context: Context): void;
  observe(occurrence: EntityOccurrence): void;
}

export class EntityRows<R extends LiveRow> {
  private readonly table: Table<number, R | PointerRow>;
  /** Entities whose row a record of this stage made: it may have overtaken their `ProfileCreated`, which takes another way. */
  private readonly early: Table<number, boolean>;
  private readonly erased: ErasedEntities;
  private readonly partition: number;
  private readonly partitions: number;

  constructor(
    environment: StageEnvironment,
    private readonly rules: EntityRules<R>,
  ) {
    this.table = environment.table('entities', rules.codec);
    this.early = environment.table('early-entities', undefined, { filtersKeys: true });
    this.erased = new ErasedEntities(environment);
    this.partition = environment.partition;
    this.partitions = environment.partitions;
  }

  /** For reading only. */
  get(ordinal: number): R | PointerRow | undefined {
    return this.table.get(ordinal);
  }

  /** The next rows in the order of ordinals, for reading only. */
  page(
    after: number | undefined,
    rowsMax: number,
  ): readonly { readonly ordinal: number; readonly row: R | PointerRow }[] {
    return this.table.page(after, rowsMax).map(({ key, value }) => ({ ordinal: key, row: value }));
  }

  /** An existing row, to be changed. */
  edit(ordinal: number): R | undefined {
    const row = this.table.edit(ordinal);
    return row === undefined || row.kind === 'pointer' ? undefined : (row as R);
  }

  /** The entity's row, to be changed; made if there is none. Undefined when the entity was merged away, or erased. */
  of(entity: Entity): R | undefined {
    const row = this.table.edit(entity.ordinal);
    if (row === undefined) {
      if (this.isErased(entity)) return undefined;
      const created = this.rules.create(entity);
      this.table.put(entity.ordinal, created);
      return created;
    }
    if (row.kind === 'pointer') {
      this.rules.observe({ kind: 'misaddressed' });
      return undefined;
    }
    checkEntity(row as R, entity);
    return row as R;
  }

  /** As `of`, for a record that another partition sent and that may have overtaken the entity's `ProfileCreated`. */
  arriving(entity: Entity): R | undefined {
    if (this.table.get(entity.ordinal) === undefined) {
      if (this.isErased(entity)) return undefined;
      this.early.put(entity.ordinal, true);
    }
    return this.of(entity);
  }

  /** `ProfileCreated` or `AccountCreated`: unless a transfer was faster there is no row of this entity, and the store need not be asked for it. */
  created({ ordinal }: Entity): void {
    if (this.early.get(ordinal) === undefined) this.table.expectNone?.(ordinal);
    else this.early.delete(ordinal);
  }

  /** Whether a record of this entity, which has no row, has to be dropped. */
  isErased({ ordinal }: Entity): boolean {
    const isErased = this.erased.has(ordinal);
    if (isErased) this.rules.observe({ kind: 'record-of-erased' });
    return isErased;
  }

  answerErasure(question: ErasureQuestion): ErasureProgress {
    return this.erased.answer(question);
  }

  isHere(entity: Entity): boolean {
    return this.partitionFor(entity) === this.partition;
  }

  /** `ProfilesMerged`: plays the part of the loser, of the survivor, or both. */
  merge(record: ProfilesMerged, context: Context): void {
    const { rules } = this;
    if (this.isHere(record.loser)) this.handOver(record, context);
    if (rules.passesMergesOn) passOn(record, context);
    if (!this.isHere(record.survivor)) return;
    const row = this.of(record.survivor);
    if (row === undefined) return;
    rules.merging?.(row, record);
    row.merges ??= noMerges();
    const { mergeId, occurredAt } = record;
    const early = openMerge(row.merges, { mergeId, occurredAt, upstream: rules.isFirst });
    if (early !== undefined) this.fold(row, early, context);
    this.settle(row, context);
  }

  /** `StateTransferred`; those of other stages pass through the same log and are ignored. */
  transfer(record: StateTransferred, context: Context): void {
    const { rules } = this;
    if (record.stage !== rules.stage) return;
    const { stateVersion, stateVersionOldest = stateVersion } = rules;
    if (record.stateVersion < stateVersionOldest || record.stateVersion > stateVersion) {
      throw new Error(`a transfer of state version ${record.stateVersion} cannot be read`);
    }
    const found = this.table.get(record.to.ordinal);
    if (found?.kind === 'pointer') {
      rules.observe({ kind: 'transfer-forwarded' });
      context.forward({ ...record, to: found.mergedInto }, this.partitionFor(found.mergedInto));
      return;
    }
    const row = this.arriving(record.to);
    if (row === undefined) return;
    row.merges ??= noMerges();
    const taken = takeTransfer(row.merges, record.mergeId, record.state);
    if (taken === 'dropped') rules.observe({ kind: 'transfer-repeated' });
    if (taken !== 'fold') return;
    this.fold(row, record.state, context);
    this.settle(row, context);
  }

  /** `MergeCompleted` of the stage before. */
  complete({ entity, mergeIds }: MergeCompleted, context: Context): void {
    const row = this.of(entity);
    if (row === undefined) return;
    row.merges ??= noMerges();
    completeUpstream(row.merges, mergeIds);
    this.settle(row, context);
  }

  /** `ProfileErased`: what is here of the profile, and of those merged into it, goes without a word about it; a tombstone stays. */
  erase(record: ProfileErased, context: Context): void {
    for (const entity of [record.entity, ...record.former]) {
      if (!this.isHere(entity)) continue;
      const { ordinal } = entity;
      const row = this.table.get(ordinal);
      if (row !== undefined) {
        this.table.delete(ordinal);
        this.rules.observe({ kind: 'entity-erased' });
      }
      if (row?.kind === 'entity') context.setTimer(ordinal, undefined);
      if (this.early.get(ordinal) !== undefined) this.early.delete(ordinal);
      this.erased.add(ordinal);
    }
    passOn(record, context);
  }

  /** Sent even when there is nothing to hand over: the survivor waits for it. */
  private handOver({ mergeId, loser, survivor }: ProfilesMerged, context: Context): void {
    const { rules } = this;
    const row = this.of(loser);
    if (row === undefined) return;
    rules.beforeHandOver?.(row, context);
    const transfer: FactBody = {
      kind: 'state-transferred',
      stage: rules.stage,
      mergeId,
      from: loser,
      to: survivor,
      state: rules.codec.encode(row),
      stateVersion: rules.stateVersion,
      published: rules.published(row),
    };
    context.relay(transfer, this.partitionFor(survivor));
    this.table.put(loser.ordinal, { kind: 'pointer', mergedInto: survivor });
  }

  /** Folds a loser's state, and whatever was waiting for it or inside it. */
  private fold(row: R, first: Uint8Array, context: Context): void {
    const waiting = [first];
    for (let state = waiting.shift(); state !== undefined; state = waiting.shift()) {
      const loser = this.rules.codec.decode(state);
      if (loser.kind === 'pointer') throw new Error('a transfer holds no state');
      this.rules.fold(row, loser as R, context);
      waiting.push(...adoptMerges(row.merges as MergeState, (loser as R).merges ?? noMerges()));
    }
  }

  private settle(row: R, context: Context): void {
    this.rules.settled(row, releaseMerges(row.merges as MergeState), context);
  }

  private partitionFor(entity: Entity): number {
    return partitionOf(entity.id, this.partitions);
  }
}

/** Ordinals are never reused; a row of another entity is a bug that must not spread. */
function checkEntity(row: LiveRow, entity: Entity): void {
  if (row.entity.id === entity.id && row.entity.workspace === entity.workspace) return;
  throw new Error(`ordinal ${entity.ordinal} is of ${row.entity.id}, not of ${entity.id}`);
}

/** Appends a record of the input to the output, as a fact of this stage. */
export function passOn(record: Exclude<LogRecord, { kind: 'event' }>, context: Context): void {
  const { id: _id, ...fact } = record;
  context.emit(fact as FactBody);
}
