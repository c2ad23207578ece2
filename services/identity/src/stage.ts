/** Binds identity to the stage loop: `events`, one shard of workspaces, to `resolved`, spread by profile. */
import { isListEvent } from '@attrium/catalogue';
import {
  type Entity,
  type ErasureRequested,
  type Event,
  type FactBody,
  type Identifier,
  type LogRecord,
  parseExactJson,
  partitionOf,
  type QuarantineDecided,
  type RefusalReason,
} from '@attrium/event';
import type { Context, PartitionStage, StageBinding, StageEnvironment, Table } from '@attrium/processor';
import { type AccountDecision, type AccountEvent, decideAccounts, evolveAccounts } from './domain/account.js';
import { decideErasure, type ErasureDecision, erasureFacts, evolveErasure } from './domain/erasure.js';
import type { HitLimit, Refusal } from './domain/identifier.js';
import { listedIn } from './domain/listed.js';
import { mappedIdentifiers } from './domain/mapped-identifiers.js';
import { decideQuarantine, evolveQuarantine, type QuarantineRejection } from './domain/quarantine-decision.js';
import type { QuarantineEntry, QuarantineList, QuarantineStatus } from './domain/quarantine-state.js';
import { decide, evolve, type Resolution } from './domain/resolution.js';
import { IDENTITY_CAPS, type IdentityCaps, type IdentityRules } from './domain/rules.js';
import {
  type AccountRow,
  type CatalogueRow,
  type ErasureRow,
  entityAt,
  type IdentifierRow,
  type IdentityState,
  type ProfileRow,
} from './domain/state.js';
import { WorkspaceRules } from './domain/workspace-rules.js';
import { answer } from './question.js';
import { type Chunk, chunkCodec, DEDUP_IDS_MAX, type DedupIndex, DedupWindow } from './store/dedup-window.js';
import { SeedCollection } from './store/seed-collection.js';

/** What became of a record, for metrics; on replay after a start it is told again. */
export type Occurrence =
  | { readonly kind: 'resolved'; readonly created: boolean; readonly linked: number; readonly merged: number }
  /** `linked`: profiles that became members. */
  | { readonly kind: 'account'; readonly created: boolean; readonly linked: number }
  | { readonly kind: 'unresolved' }
  | { readonly kind: 'duplicate' }
  /** A merge waits for somebody's decision; `listed`: there was room to note by which identifier. `isNew`: it had not waited before. */
  | { readonly kind: 'merge-held'; readonly isNew: boolean; readonly listed: boolean }
  | { readonly kind: 'quarantine-decided'; readonly outcome: QuarantineStatus | QuarantineRejection }
  | { readonly kind: 'merged-by-release'; readonly merged: number }
  | { readonly kind: 'identifier-refused'; readonly why: RefusalReason; readonly hit?: HitLimit | undefined }
  /** Rules look into the event's traits and properties, and these are no JSON. */
  | { readonly kind: 'payload-unreadable' }
  | { readonly kind: 'catalogue-outdated' }
  /** A request to erase; known: it came again. */
  | { readonly kind: 'erasure'; readonly outcome: ErasureDecision['kind'] }
  /** The cap on remembered message ids is reached: the dedup window is only this long. */
  | { readonly kind: 'dedup-window-shrunk'; readonly windowMs: number };

export interface IdentityOptions {
  readonly observe?: (occurrence: Occurrence) => void;
  readonly caps?: IdentityCaps;
  readonly dedupIdsMax?: number;
}

export const identityBinding: StageBinding = createIdentityBinding();

/** Caps decide: every owner must have the same. */
export function createIdentityBinding(options: IdentityOptions = {}): StageBinding {
  return {
    name: 'identity',
    input: 'events',
    output: 'resolved',
    logicVersion: 1,
    // 6: which profiles were erased, by which requests.
    stateVersion: 6,
    open: (environment) => new IdentityShard(environment, options),
  };
}

const NONE_MAPPED: readonly Identifier[] = [];

class IdentityShard implements PartitionStage {
  private readonly state: IdentityState;
  private readonly dedup: DedupWindow;
  private readonly rules: WorkspaceRules;
  /** Workspaces that have had an event. */
  private readonly histories: Table<string, true>;
  private readonly seeds: SeedCollection;
  private readonly shard: number;
  private readonly shards: number;
  private readonly partitions: number;
  private readonly observe: (occurrence: Occurrence) => void;

  constructor(environment: StageEnvironment, options: IdentityOptions) {
    const { partition: shard, partitions, shards } = environment;
    this.partitions = partitions;
    this.observe = options.observe ?? (() => {});
    this.shard = shard;
    this.shards = shards;
    const catalogues = environment.table<string, CatalogueRow>('catalogues');
    this.rules = new WorkspaceRules(catalogues, options.caps ?? IDENTITY_CAPS);
    this.histories = environment.table('histories');
    this.seeds = new SeedCollection(environment);
    this.state = {
      identifiers: environment.table<string, IdentifierRow>('identifiers', undefined, { filtersKeys: true }),
      profiles: environment.table<number, ProfileRow>('profiles'),
      profileIds: environment.table<string, number>('profile-ids', undefined, { filtersKeys: true }),
      accounts: environment.table<number, AccountRow>('accounts'),
      accountIds: environment.table<string, number>('account-ids', undefined, { filtersKeys: true }),
      accountMembers: environment.table<string, number[]>('account-members'),
      quarantine: environment.table<string, QuarantineEntry>('quarantine'),
      quarantineLists: environment.table<string, QuarantineList>('quarantine-lists'),
      erasures: environment.table<string, ErasureRow>('erasures'),
      counters: environment.table<string, { count: number }>('counters'),
    };
    this.dedup = new DedupWindow(
      {
        chunks: environment.table<number, Chunk>('dedup-chunks', chunkCodec),
        index: environment.table<number, DedupIndex>('dedup-index'),
      },
      options.dedupIdsMax ?? DEDUP_IDS_MAX,
      (windowMs) => this.observe({ kind: 'dedup-window-shrunk', windowMs }),
    );
  }

  timersBefore(): undefined {
    return undefined;
  }

  expire(): void {
    throw new Error('assertion: identity sets no timers');
  }

  answer(question: unknown): unknown {
    const { state, partitions } = this;
    return answer({ state, rulesOf: (workspace) => this.rules.of(workspace), partitions }, question);
  }

  decide(record: LogRecord, context: Context): void {
    switch (record.kind) {
      case 'event':
        this.resolve(record, context);
        return;
      case 'catalogue-activated':
        this.activate(record, context);
        return;
      case 'erasure-requested':
        this.erase(record, context);
        return;
      case 'seed-completed': {
        const switched = this.seeds.take(record);
        if (switched !== undefined) this.emitToAll(switched, context);
        return;
      }
      case 'backfill-ordered': {
        const { id: _id, ...order } = record;
        if (order.order === 'cancel') this.seeds.forget(order);
        this.emitToAll(order, context);
        return;
      }
      case 'quarantine-decided':
        this.judge(record, context);
        return;
      case 'logic-activated':
        this.emitToAll({ kind: 'logic-activated', version: record.version }, context);
        return;
      default:
        return;
    }
  }

  private resolve(event: Event, context: Context): void {
    if (this.dedup.has(event.workspace, event.id, context.now)) {
      this.observe({ kind: 'duplicate' });
      return;
    }
    if (isListEvent(event)) {
      this.enlist(event, context);
      return;
    }
    // Everything is decided before anything is changed, so that a record that cannot be decided leaves no trace in the state.
    const { shard, shards } = this;
    const rules = this.rules.of(event.workspace);
    const mapped = rules.mapped.length === 0 ? NONE_MAPPED : this.mappedOf(event, rules);
    const options = { rules, now: context.now, mapped, shard, shards };
    const decision = decide(this.state, event, options);
    if (decision.kind === 'unresolved') {
      this.emitRefusals(event, decision.refused, undefined, context);
      this.observe({ kind: 'unresolved' });
    } else {
      const accounts = decideAccounts(this.state, event, decision, options);
      this.emitResolution(event, decision, accounts, context);
      if (this.histories.get(event.workspace) === undefined) this.histories.put(event.workspace, true);
      evolve(this.state, decision, { cause: event.id, occurredAt: event.occurredAt, now: context.now, rules });
      evolveAccounts(this.state, accounts, decision);
      const { created, linked, merges } = decision;
      this.observe({ kind: 'resolved', created, linked: linked.length, merged: merges.length });
    }
    this.dedup.add();
  }

  private enlist(event: Event, context: Context): void {
    const listed = listedIn(this.state, event, this.rules.of(event.workspace));
    if (listed === undefined) this.observe({ kind: 'unresolved' });
    else {
      context.emit({ kind: 'event-resolved', ...listed, event }, partitionOf(listed.entity.id, this.partitions));
      this.observe({ kind: 'resolved', created: false, linked: 0, merged: 0 });
    }
    this.dedup.add();
  }

  private mappedOf(event: Event, rules: IdentityRules): readonly Identifier[] {
    try {
      const { buffer, byteOffset, byteLength } = event.payload;
      const text = Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
      return mappedIdentifiers(event, parseExactJson(text), rules);
    } catch {
      this.observe({ kind: 'payload-unreadable' });
      return NONE_MAPPED;
    }
  }

  /** Somebody's decision about an identifier by which merges were held. */
  private judge(record: QuarantineDecided, context: Context): void {
    const { shard, shards } = this;
    const { now } = context;
    const { workspace, author, id: cause } = record;
    const options = { rules: this.rules.of(workspace), now, shard, shards };
    const outcome = decideQuarantine(this.state, record, options);
    if (outcome.kind !== 'decided') {
      this.observe({ kind: 'quarantine-decided', outcome: outcome.kind });
      return;
    }
    // It is never of a time that the log has not come to.
    const occurredAt = Math.min(record.decidedAt, now);
    const { entity, identifier, decision, resolution, limited } = outcome;
    const merged = resolution.merges.length;
    const event = { workspace, id: cause, type: 'track', groupId: undefined, occurredAt } as const;
    const accounts = decideAccounts(this.state, event, resolution, options);
    this.emitMerges(event, resolution, accounts, context);
    const ended = { entity, identifier, decision, author, merged, limited, cause, occurredAt } as const;
    context.emit({ kind: 'quarantine-ended', ...ended }, partitionOf(entity.id, this.partitions));
    evolve(this.state, resolution, { cause, occurredAt, now, rules: options.rules });
    evolveAccounts(this.state, accounts, resolution);
    evolveQuarantine(this.state, outcome, { workspace, author, now });
    this.observe({ kind: 'quarantine-decided', outcome: decision === 'release' ? 'released' : 'refused' });
    if (merged > 0) this.observe({ kind: 'merged-by-release', merged });
  }

  private emitResolution(event: Event, decision: Resolution, accounts: AccountDecision, context: Context): void {
    const { entity, origin } = decision;
    const { named } = accounts;
    const { id: cause, occurredAt } = event;
    const partition = partitionOf(entity.id, this.partitions);
    if (decision.created) context.emit({ kind: 'profile-created', entity, cause, occurredAt }, partition);
    for (const identifier of decision.linked) {
      context.emit({ kind: 'identifier-linked', entity, identifier, cause, occurredAt }, partition);
    }
    if (named?.created === true) {
      const { entity: account, groupId } = named;
      const created = { kind: 'account-created', entity: account, groupId, cause, occurredAt } as const;
      context.emit(created, partitionOf(account.id, this.partitions));
    }
    this.emitMerges(event, decision, accounts, context);
    this.emitHeld(event, decision, context);
    const { refused } = accounts;
    this.emitRefusals(
      event,
      refused === undefined ? decision.refused : [...decision.refused, refused],
      entity,
      context,
    );
    context.emit({ kind: 'event-resolved', entity, origin, event }, partition);
    if (named !== undefined) {
      const { entity: account, created } = named;
      const resolved = { kind: 'event-resolved', entity: account, origin: account.id, event } as const;
      context.emit(resolved, partitionOf(account.id, this.partitions));
      this.observe({ kind: 'account', created, linked: accounts.linked.length });
    }
  }

  private emitHeld({ id: cause, occurredAt }: Event, { held }: Resolution, context: Context): void {
    for (const { identifier, owner, merges, entry, isNew } of held) {
      this.observe({ kind: 'merge-held', isNew, listed: entry !== undefined });
      if (!isNew) continue;
      const entity = entityAt(this.state, owner);
      const quarantined = { kind: 'identifier-quarantined', entity, identifier, merges, cause, occurredAt } as const;
      context.emit(quarantined, partitionOf(entity.id, this.partitions));
    }
  }

  /** Merges, and what they and the event do to memberships of accounts. */
  private emitMerges(
    { id: cause, occurredAt }: AccountEvent,
    decision: Resolution,
    accounts: AccountDecision,
    context: Context,
  ): void {
    const { entity } = decision;
    const partition = partitionOf(entity.id, this.partitions);
    // Before the merge: from then on nothing is addressed to the loser.
    for (const { mergeId, loser, account } of accounts.unlinked) {
      this.emitToBoth({ kind: 'account-unlinked', entity: loser, account, cause, occurredAt, mergeId }, context);
    }
    for (const loser of accounts.leaving) {
      const left = { kind: 'current-account-changed', entity: loser, account: undefined, cause, occurredAt } as const;
      context.emit(left, partitionOf(loser.id, this.partitions));
    }
    for (const { mergeId, loser, identifiers } of decision.merges) {
      const merged = {
        kind: 'profiles-merged',
        mergeId,
        survivor: entity,
        loser,
        identifiers,
        cause,
        occurredAt,
      } as const;
      context.emit(merged, partition);
      const other = partitionOf(loser.id, this.partitions);
      if (other !== partition) context.emit(merged, other);
    }
    for (const account of accounts.linked) {
      this.emitToBoth({ kind: 'account-linked', entity, account, cause, occurredAt }, context);
    }
    if (accounts.current !== undefined) {
      const { current: account } = accounts;
      context.emit({ kind: 'current-account-changed', entity, account, cause, occurredAt }, partition);
    }
  }

  private emitToBoth(fact: FactBody & { readonly entity: Entity; readonly account: Entity }, context: Context): void {
    const partitions = [fact.entity, fact.account].map(({ id }) => partitionOf(id, this.partitions));
    for (const partition of new Set(partitions)) context.emit(fact, partition);
  }

  /** Without a profile they go where the workspace's name leads. */
  private emitRefusals(event: Event, refused: readonly Refusal[], entity: Entity | undefined, context: Context): void {
    const { workspace, id: cause, occurredAt } = event;
    for (const { identifier, why, hit } of refused) {
      const partition = partitionOf(entity?.id ?? workspace, this.partitions);
      context.emit({ kind: 'identifier-refused', workspace, entity, identifier, why, cause, occurredAt }, partition);
      this.observe({ kind: 'identifier-refused', why, hit });
    }
  }

  /** A revision that is not above the one in force was overtaken: it is dropped. */
  private activate(record: LogRecord & { kind: 'catalogue-activated' }, context: Context): void {
    const { id: _id, ...body } = record;
    const { workspace, revision, catalogue } = record;
    const { buffer, byteOffset, byteLength } = catalogue;
    const catalogueJson = Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
    const identity = this.rules.activate({ workspace, revision, catalogueJson });
    if (identity === undefined) {
      this.observe({ kind: 'catalogue-outdated' });
      return;
    }
    this.dedup.setWindow(workspace, identity.dedupHours);
    const historic = this.histories.get(workspace) === true;
    this.emitToAll(historic ? { ...body, historic } : body, context);
  }

  private erase(request: ErasureRequested, context: Context): void {
    const { now } = context;
    const decision = decideErasure(this.state, request, this.rules.of(request.workspace));
    const said = erasureFacts(decision, request, { now, partitions: this.partitions });
    for (const { fact, partition } of said) context.emit(fact, partition);
    evolveErasure(this.state, decision, request, now);
    this.observe({ kind: 'erasure', outcome: decision.kind });
  }

  private emitToAll(fact: FactBody, context: Context): void {
    for (let partition = 0; partition < this.partitions; partition++) context.emit(fact, partition);
  }
}
