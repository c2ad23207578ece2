/** What members give to the roll-ups of their accounts, and what these make of it: lists that are gone through anew each time. */
import {
  type AccountLinked,
  type AccountUnlinked,
  type Entity,
  type MemberContributed,
  type ProfileErased,
  partitionOf,
} from '@attrium/event';
import type { Place } from './replay.js';
import { givenTo, type NaiveRollup, rolledUp } from './rolling-up.js';
import type { Rule, Rules } from './rules.js';
import { type Plain, plainOf, show } from './value.js';

/** After so long the members of a new roll-up are gone through; nobody draws more of them than go at once. */
const SWEEP_EACH_MS = 50;

interface Member {
  readonly entity: Entity;
  accounts: Entity[];
  /** Accounts that it was a member of. */
  left: Entity[];
  given: string | undefined;
  merges: number;
}

interface Entry {
  readonly member: number;
  readonly values: ReadonlyMap<string, Plain>;
  readonly mergeIds: readonly string[];
  readonly mergedBy: string | undefined;
}

interface Sweeps {
  waiting: { readonly workspace: string; readonly revision: number }[];
  dueAt: number;
}

/** Of a member, as the partition has it now. */
export interface MemberNow {
  readonly rules: Rules | undefined;
  readonly said: ReadonlyMap<string, Plain>;
  readonly folded: ReadonlySet<string>;
  /** Nothing is said of it. */
  readonly isSilent: boolean;
}

export interface Why {
  readonly reason: string;
  readonly cause: string;
  readonly effectiveAt: number;
}

type Say = (place: Place, fact: unknown) => void;

export class NaiveRollups {
  private readonly members = new Map<number, Member>();
  private readonly entries = new Map<number, Entry[]>();
  private readonly seen = new Set<string>();
  private readonly sweeps = new Map<number, Sweeps>();
  /** Partitions and workspaces that ever had a member, or an account that was given something. */
  private readonly listed = new Set<string>();

  constructor(
    private readonly partitions: number,
    private readonly say: Say,
  ) {}

  join({ entity, account, cause, occurredAt }: AccountLinked, now: MemberNow, place: Place): void {
    const member = this.members.get(entity.ordinal) ?? { entity, accounts: [], left: [], given: undefined, merges: 0 };
    this.members.set(entity.ordinal, member);
    this.listed.add(`${place.partition}/${entity.workspace}`);
    member.accounts.push(account);
    if (rollupsOf(now.rules).length === 0 || now.isSilent) return;
    const why = { reason: 'event', cause, effectiveAt: occurredAt };
    const to = this.isNews(member, now) ? member.accounts : [account];
    this.send(member, to, now, why, place);
  }

  leave({ entity, account, cause, occurredAt, mergeId }: AccountUnlinked, place: Place): void {
    const member = this.members.get(entity.ordinal);
    if (member === undefined) return;
    member.accounts = member.accounts.filter(({ ordinal }) => ordinal !== account.ordinal);
    member.left = [...member.left.filter(({ ordinal }) => ordinal !== account.ordinal), account];
    const reason = mergeId === undefined ? 'event' : 'merge';
    this.sayLeft(member, [account], { reason, cause, effectiveAt: occurredAt }, place, mergeId);
  }

  erase({ entity, former, requestId: cause, erasedAt: effectiveAt }: ProfileErased, place: Place): void {
    for (const { id, ordinal } of [entity, ...former]) {
      const member = this.members.get(ordinal);
      if (member === undefined || partitionOf(id, this.partitions) !== place.partition) continue;
      this.sayLeft(member, [...member.accounts, ...member.left], { reason: 'event', cause, effectiveAt }, place);
      this.members.delete(ordinal);
    }
  }

  give({ ordinal }: Entity, now: MemberNow, why: Why, place: Place): void {
    const member = this.members.get(ordinal);
    if (member === undefined || member.accounts.length === 0 || rollupsOf(now.rules).length === 0) return;
    if (this.isNews(member, now)) this.send(member, member.accounts, now, why, place);
  }

  /** False when it came before. */
  take(record: MemberContributed, { partition }: Place): boolean {
    if (this.seen.has(record.id)) return false;
    this.seen.add(record.id);
    this.listed.add(`${partition}/${record.entity.workspace}`);
    const { ordinal: member } = record.member;
    const mine = this.entriesOf(record.entity.ordinal).filter((each) => each.member === member)[0];
    const values = new Map(record.values.map(({ name, value }) => [name, plainOf(value)!]));
    const { mergeIds } = record;
    const entry = record.left
      ? mine === undefined || record.mergedBy === undefined
        ? undefined
        : { ...mine, mergedBy: record.mergedBy }
      : { member, values, mergeIds, mergedBy: mine?.mergedBy };
    const others = this.entriesOf(record.entity.ordinal).filter((each) => each.member !== member);
    const all = entry === undefined ? others : [...others, entry];
    const merged = new Set(all.flatMap((each) => each.mergeIds));
    this.entries.set(
      record.entity.ordinal,
      all.filter(({ mergedBy }) => mergedBy === undefined || !merged.has(mergedBy)),
    );
    return true;
  }

  /** Whether the account was given anything. */
  knows(account: number): boolean {
    return this.entries.has(account);
  }

  valueOf(account: number, { text, key }: NaiveRollup): Plain | undefined {
    const entries = this.entriesOf(account);
    if (entries.length === 0) return undefined;
    return rolledUp(
      text,
      entries.flatMap(({ values }) => values.get(key) ?? []),
    );
  }

  activated(before: Rules | undefined, after: Rules, workspace: string, place: Place): void {
    const known = keysOf(before);
    const isNew = keysOf(after).some((key) => !known.includes(key));
    if (!isNew || !this.listed.has(`${place.partition}/${workspace}`)) return;
    const sweeps = this.sweeps.get(place.partition) ?? { waiting: [], dueAt: 0 };
    this.sweeps.set(place.partition, sweeps);
    if (sweeps.waiting.length === 0) sweeps.dueAt = place.now + SWEEP_EACH_MS;
    const others = sweeps.waiting.filter((each) => each.workspace !== workspace);
    sweeps.waiting = [...others, { workspace, revision: after.revision }];
  }

  dueIn({ partition }: Place): number | undefined {
    const sweeps = this.sweeps.get(partition);
    return sweeps === undefined || sweeps.waiting.length === 0 ? undefined : sweeps.dueAt;
  }

  /** All members of a workspace give what they have; its accounts say what they have. */
  sweep(place: Place, nowOf: (entity: Entity) => MemberNow): { workspace: string; why: Why } {
    const sweeps = this.sweeps.get(place.partition)!;
    const { workspace, revision } = sweeps.waiting.shift()!;
    const why = { reason: 'backfill', cause: `catalogue:${revision}`, effectiveAt: sweeps.dueAt };
    sweeps.dueAt += SWEEP_EACH_MS;
    for (const member of this.members.values()) {
      const { entity, accounts } = member;
      if (!isOf(entity, workspace, place, this.partitions) || accounts.length === 0) continue;
      const now = nowOf(entity);
      if (now.isSilent || rollupsOf(now.rules).length === 0) continue;
      this.isNews(member, now);
      this.send(member, accounts, now, why, place);
    }
    return { workspace, why };
  }

  private sayLeft(member: Member, accounts: readonly Entity[], why: Why, place: Place, mergedBy?: string): void {
    if (member.given === undefined) return;
    for (const account of accounts) {
      const fact = { to: account.id, member: member.entity.id, values: [], merges: [], left: true, mergedBy };
      this.say(place, { ...fact, ...why });
    }
  }

  private entriesOf(account: number): readonly Entry[] {
    return this.entries.get(account) ?? [];
  }

  private isNews(member: Member, now: MemberNow): boolean {
    const given = JSON.stringify(givenBy(now));
    const isSame = given === (member.given ?? '[]') && member.merges === now.folded.size;
    member.given = given;
    member.merges = now.folded.size;
    return !isSame;
  }

  private send(member: Member, accounts: readonly Entity[], now: MemberNow, why: Why, place: Place): void {
    for (const account of accounts) {
      const fact = { to: account.id, member: member.entity.id, values: givenBy(now), merges: [...now.folded].sort() };
      this.say(place, { ...fact, left: false, ...why });
    }
  }
}

/** What was sent, in the same words. */
export function contributionFact(record: MemberContributed): unknown {
  const { entity, member, values, mergeIds, left, mergedBy, reason, cause, effectiveAt } = record;
  const given = values.map(({ name, value }) => `${name}: ${show(plainOf(value))}`).sort();
  const head = { to: entity.id, member: member.id, values: given, merges: [...mergeIds].sort(), left };
  return { ...head, ...(left ? { mergedBy } : {}), reason, cause, effectiveAt };
}

export function rollupsOf(rules: Rules | undefined): NaiveRollup[] {
  const account: readonly Rule[] = rules?.ofKind('account').rules ?? [];
  return account.flatMap(({ rollup }) => rollup ?? []);
}

/** Of roll-ups, and of the formulas that read one, also through others. */
function keysOf(rules: Rules | undefined): string[] {
  const account: readonly Rule[] = rules?.ofKind('account').rules ?? [];
  const made = account.filter(({ rollup }) => rollup !== undefined);
  for (const { name } of made) {
    // The list grows while it is gone through.
    for (const rule of account)
      if (rule.formula?.reads.includes(name) === true && !made.includes(rule)) made.push(rule);
  }
  return made.map(({ rollup, meaning }) => rollup?.key ?? meaning);
}

function givenBy({ rules, said }: MemberNow): string[] {
  return rollupsOf(rules)
    .flatMap((rollup) => {
      const value = givenTo(rollup, said);
      return value === undefined ? [] : [`${rollup.key}: ${show(value)}`];
    })
    .sort();
}

function isOf({ workspace, id }: Entity, asked: string, { partition }: Place, partitions: number): boolean {
  return workspace === asked && partitionOf(id, partitions) === partition;
}
