/**
 * The roll-ups of one partition. As the partition of members it knows the accounts of each, and sends what a member gives to the
 * partitions of its accounts; as that of accounts it keeps what came (docs/internals/rollups.md).
 */
import {
  type AccountLinked,
  type AccountUnlinked,
  type AttributeChange,
  type Entity,
  type LogRecord,
  type MemberContributed,
  type NamedValue,
  type ProfileErased,
  partitionOf,
} from '@attrium/event';
import type { Context, StageEnvironment, Table } from '@attrium/processor';
import type { AttributeCounters } from './counters.js';
import { type EntityRow, isHeldRow, type Row } from './domain/entity.js';
import { publishAllFormulas, publishFormulas } from './domain/formula.js';
import { MEMBERS_PAGE, MEMBERS_PAGE_EACH_MS } from './domain/limits.js';
import { type MemberBook, newMemberBook, takeContribution } from './domain/member-book.js';
import type { Plan } from './domain/plan.js';
import { contributionOf, equalContributions, hasNewRollup } from './domain/planned-rollup.js';
import { publishRollups } from './domain/rollup.js';
import { emitChanges } from './emit-changes.js';
import type { Evaluation } from './seeding.js';
import { memberBookCodec } from './store/member-book-codec.js';

/** Of the timer that goes through the members of the partition: no entity has it. */
export const MEMBERS_TIMER = 0;

/** A profile that is, or was, a member of some account. */
interface MemberRow {
  readonly entity: Entity;
  accounts: readonly Entity[];
  /** Accounts that it is a member of no more. */
  left: readonly Entity[];
  /** What it gave last, to all its accounts; undefined: nothing yet. */
  given: readonly NamedValue[] | undefined;
  /** How many merges were in it. */
  merges: number;
}

/** Members and accounts that have to be gone through, because a roll-up is new. */
interface Sweep {
  readonly workspace: string;
  readonly revision: number;
  readonly page: number;
}

export interface RollupSurroundings {
  planOf(workspace: string): Plan;
  /** In line with the plan, for reading only. */
  rowOf(ordinal: number): Row | undefined;
  /** The row of an account, which is made if there is none. */
  accountOf(entity: Entity): EntityRow | undefined;
  accountAt(ordinal: number): EntityRow | undefined;
  align(row: EntityRow, context: Context): Plan;
  /** Of formulas that could not be calculated. */
  countFailed(plan: Plan, names: readonly string[]): void;
  readonly counters: AttributeCounters;
}

/** The place of a record in the output of its sender: of those that come later it is greater. */
type Heard = readonly [sequence: number, record: number, fact: number];

export class Rollups {
  private readonly members: Table<number, MemberRow>;
  /** Ordinals of a workspace's members, and of its accounts that were given something, in the order in which they came, in pages. */
  private readonly pages: Table<readonly [workspace: string, page: number], number[]>;
  private readonly counts: Table<string, number>;
  private readonly sweeps: Table<string, readonly Sweep[]>;
  private readonly books: Table<number, MemberBook>;
  private readonly heard: Table<number, Heard>;
  private readonly partitions: number;
  private readonly partition: number;

  constructor(
    environment: StageEnvironment,
    private readonly surroundings: RollupSurroundings,
  ) {
    this.partition = environment.partition;
    this.partitions = environment.partitions;
    this.members = environment.table('members');
    this.pages = environment.table('member-pages');
    this.counts = environment.table('member-counts');
    this.sweeps = environment.table('member-sweeps');
    this.books = environment.table('member-books', memberBookCodec);
    this.heard = environment.table('heard-contributions');
  }

  timersBefore(record: LogRecord): number | undefined {
    if (record.kind === 'member-contributed') return record.entity.ordinal;
    const isMembership = record.kind === 'account-linked' || record.kind === 'account-unlinked';
    return isMembership && this.isOfMember(record) ? record.entity.ordinal : undefined;
  }

  /** Of records of other kinds nothing follows here. */
  decide(record: LogRecord, context: Context): void {
    switch (record.kind) {
      case 'account-linked':
        if (this.isOfMember(record)) this.link(record, context);
        return;
      case 'account-unlinked':
        if (this.isOfMember(record)) this.unlink(record, context);
        return;
      case 'member-contributed':
        this.contribute(record, context);
        return;
      case 'profile-erased':
        this.erase(record, context);
        return;
      default:
    }
  }

  /** What identity says of a membership goes to the partitions of both: whether this one is the member's. */
  private isOfMember({ entity }: AccountLinked | AccountUnlinked): boolean {
    return partitionOf(entity.id, this.partitions) === this.partition;
  }

  /** What the member has now is the account's at once; a member that is held gives it when it is released. */
  private link({ entity, account, cause, occurredAt }: AccountLinked, context: Context): void {
    const member = this.members.edit(entity.ordinal) ?? this.enlist(entity);
    if (member.accounts.some(({ ordinal }) => ordinal === account.ordinal)) return;
    member.accounts = [...member.accounts, account];
    const plan = this.surroundings.planOf(entity.workspace);
    const row = this.surroundings.rowOf(entity.ordinal);
    if (plan.rollups.rollups.length === 0 || !speaks(row)) return;
    const giving = { reason: 'event', cause, effectiveAt: occurredAt } as const;
    if (this.giveChanged(member, row, giving, context)) return;
    this.send(member, [account], mergesIn(row), giving, context);
  }

  private unlink({ entity, account, cause, occurredAt, mergeId }: AccountUnlinked, context: Context): void {
    const member = this.members.edit(entity.ordinal);
    if (member === undefined) return;
    member.accounts = member.accounts.filter(({ ordinal }) => ordinal !== account.ordinal);
    member.left = [...member.left.filter(({ ordinal }) => ordinal !== account.ordinal), account];
    if (member.given === undefined) return;
    const reason = mergeId === undefined ? 'event' : 'merge';
    this.sendLeft(member, [account], { reason, cause, effectiveAt: occurredAt }, context, mergeId);
  }

  /**
   * What the profile, or one that was merged into it, gave to any account is taken away: last of all that each of them sent, so that nothing
   * of it comes later.
   */
  private erase({ entity, former, requestId, erasedAt }: ProfileErased, context: Context): void {
    for (const { ordinal } of [entity, ...former]) {
      const member = this.members.get(ordinal);
      if (member === undefined) continue;
      const giving = { reason: 'event', cause: requestId, effectiveAt: erasedAt } as const;
      if (member.given !== undefined) this.sendLeft(member, [...member.accounts, ...member.left], giving, context);
      this.members.delete(ordinal);
    }
  }

  /** Values of an entity were published. */
  changed(
    row: EntityRow,
    { rollups }: Plan,
    changes: readonly AttributeChange[],
    giving: Evaluation,
    context: Context,
  ): void {
    if (row.entity.kind === 'account' || rollups.reads.size === 0) return;
    if (changes.some(({ name }) => rollups.reads.has(name))) this.give(row, giving, context);
  }

  /** Gives what differs from what was given, or has more merges in it. */
  give(row: EntityRow, giving: Evaluation, context: Context): void {
    const { ordinal, workspace } = row.entity;
    if (this.surroundings.planOf(workspace).rollups.rollups.length === 0) return;
    if (this.members.get(ordinal)?.accounts.length) this.giveChanged(this.members.edit(ordinal)!, row, giving, context);
  }

  /** A revision is in force: when a roll-up is new, all members and accounts are gone through. */
  activated(before: Plan, after: Plan, context: Context): void {
    const { workspace, revision } = after;
    if (!hasNewRollup(before.rollups, after.rollups) || this.counts.get(workspace) === undefined) return;
    const others = this.waiting().filter((sweep) => sweep.workspace !== workspace);
    if (this.waiting().length === 0) context.setTimer(MEMBERS_TIMER, context.now + MEMBERS_PAGE_EACH_MS);
    this.sweeps.put(WAITING, [...others, { workspace, revision, page: 0 }]);
  }

  /** The timer of the members is due: the next page gives what it has. */
  expire(dueAt: number, context: Context): void {
    const [sweep, ...others] = this.waiting();
    if (sweep === undefined) return;
    const { workspace, revision, page } = sweep;
    const giving = { reason: 'backfill', cause: `catalogue:${revision}`, effectiveAt: dueAt } as const;
    const isActive = this.surroundings.planOf(workspace).rollups.rollups.length > 0;
    for (const ordinal of isActive ? (this.pages.get([workspace, page]) ?? []) : []) {
      this.goThrough(ordinal, giving, context);
    }
    const isLast = !isActive || (page + 1) * MEMBERS_PAGE >= this.counts.get(workspace)!;
    const left = isLast ? others : [...others, { ...sweep, page: page + 1 }];
    this.sweeps.put(WAITING, left);
    if (left.length > 0) context.setTimer(MEMBERS_TIMER, dueAt + MEMBERS_PAGE_EACH_MS);
  }

  private contribute(record: MemberContributed, context: Context): void {
    const { counters, accountOf } = this.surroundings;
    const { workspace } = record.entity;
    const taken = this.take(record);
    if (taken === 'repeated') counters.repeatedContributions++;
    if (taken === 'refused') counters.refusedMembers.set(workspace, (counters.refusedMembers.get(workspace) ?? 0) + 1);
    if (typeof taken === 'string') return;
    const row = accountOf(record.entity);
    if (row !== undefined) this.publish(row, taken, record, context, publishFormulas);
  }

  private publish(
    row: EntityRow,
    book: MemberBook,
    { reason, cause, effectiveAt }: Evaluation,
    context: Context,
    calculate: typeof publishFormulas,
  ): void {
    const plan = this.surroundings.align(row, context);
    const at = { asOf: context.now, effectiveAt };
    const changes = publishRollups(row, plan.rollups, book, at);
    this.surroundings.countFailed(plan, calculate(row, plan.account, changes, at));
    emitChanges(row, plan, changes, { reason, cause, effectiveAt }, context);
  }

  /** What came for an account: all that it has then, or why it is not taken. */
  private take(record: MemberContributed): MemberBook | 'repeated' | 'refused' {
    const [sender, ...place] = placeOf(record.id);
    const before = this.heard.get(sender);
    if (before !== undefined && !isAfter(place, before)) return 'repeated';
    this.heard.put(sender, place);
    const { ordinal } = record.entity;
    let book = this.books.edit(ordinal);
    if (book === undefined) {
      book = newMemberBook();
      this.books.put(ordinal, book);
      this.list(record.entity);
    }
    return takeContribution(book, record) === 'refused' ? 'refused' : book;
  }

  /** A member gives what it has; an account may have been given something before the roll-up was known here. */
  private goThrough(ordinal: number, giving: Evaluation, context: Context): void {
    const member = this.members.get(ordinal);
    if (member === undefined) {
      const book = this.books.get(ordinal);
      // Else it is a member that was erased.
      const row = book === undefined ? undefined : this.surroundings.accountAt(ordinal);
      if (book !== undefined && row !== undefined) this.publish(row, book, giving, context, publishAllFormulas);
      return;
    }
    const row = this.surroundings.rowOf(ordinal);
    if (!speaks(row) || member.accounts.length === 0) return;
    const edited = this.members.edit(ordinal)!;
    this.update(edited, row);
    this.send(edited, edited.accounts, mergesIn(row), giving, context);
  }

  private giveChanged(member: MemberRow, row: EntityRow | undefined, giving: Evaluation, context: Context): boolean {
    if (!this.update(member, row)) return false;
    this.send(member, member.accounts, mergesIn(row), giving, context);
    return true;
  }

  /** Whether the member gives something else than before. */
  private update(member: MemberRow, row: EntityRow | undefined): boolean {
    const plan = this.surroundings.planOf(member.entity.workspace);
    const given = contributionOf(plan.rollups, (name) => {
      const attribute = plan.profile.byName.get(name);
      return attribute === undefined ? undefined : row?.published[attribute.slot]?.value;
    });
    const merges = mergesIn(row).length;
    const isSame = equalContributions(member.given ?? [], given) && member.merges === merges;
    if (isSame && member.given !== undefined) return false;
    member.given = given;
    member.merges = merges;
    return !isSame;
  }

  private send(
    { entity: member, given = [] }: MemberRow,
    accounts: readonly Entity[],
    mergeIds: readonly string[],
    giving: Evaluation,
    context: Context,
  ): void {
    for (const entity of accounts) {
      const body = {
        kind: 'member-contributed',
        entity,
        member,
        values: given,
        mergeIds: [...mergeIds],
        left: false,
      } as const;
      context.relay({ ...body, ...giving }, partitionOf(entity.id, this.partitions));
    }
  }

  private sendLeft(
    { entity: member }: MemberRow,
    accounts: readonly Entity[],
    giving: Evaluation,
    context: Context,
    mergedBy?: string,
  ): void {
    for (const entity of accounts) {
      const body = { kind: 'member-contributed', entity, member, values: [], mergeIds: [], left: true } as const;
      context.relay({ ...body, mergedBy, ...giving }, partitionOf(entity.id, this.partitions));
    }
  }

  private enlist(entity: Entity): MemberRow {
    const member: MemberRow = { entity, accounts: [], left: [], given: undefined, merges: 0 };
    this.members.put(entity.ordinal, member);
    this.list(entity);
    return member;
  }

  private list({ workspace, ordinal }: Entity): void {
    const count = this.counts.get(workspace) ?? 0;
    const key = [workspace, Math.floor(count / MEMBERS_PAGE)] as const;
    const page = this.pages.edit(key);
    if (page === undefined) this.pages.put(key, [ordinal]);
    else page.push(ordinal);
    this.counts.put(workspace, count + 1);
  }

  private waiting(): readonly Sweep[] {
    return this.sweeps.get(WAITING) ?? [];
  }
}

const WAITING = 'waiting';
const NO_MERGES: readonly string[] = [];

/** Nothing is said of who was merged away, or of who is held. */
function speaks(row: Row | undefined): row is EntityRow | undefined {
  return row === undefined || (row.kind === 'entity' && !isHeldRow(row));
}

function mergesIn(row: EntityRow | undefined): readonly string[] {
  return row?.merges?.folded ?? NO_MERGES;
}

/** The partition that a fact comes from, and its place there, out of its id. */
function placeOf(id: string): [sender: number, ...place: Heard] {
  const match = /^\D+(\d+)-(\d+)-(\d+)-(\d+)$/.exec(id);
  if (match === null) throw new Error(`${id} is no id of a fact of this stage`);
  return match.slice(1).map(Number) as unknown as [number, ...Heard];
}

function isAfter(place: Heard, before: Heard): boolean {
  for (let at = 0; at < place.length; at++) if (place[at] !== before[at]) return place[at]! > before[at]!;
  return false;
}
