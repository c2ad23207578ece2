/** Who is whom: groups of identifier texts, searched from one end to the other for every event. */
import type { CatalogueActivated, Event, Identifier, LogRecord } from '@attrium/event';
import type { StoredMessage } from '@attrium/processor';
import { type Account, AccountBook } from './accounts.js';
import type { CountedEvent, Group } from './groups.js';
import { type Given, IdentityRulesAsWritten } from './identity-rules.js';
import { FactBook, replay } from './replay.js';

export interface NaiveIdentity {
  readonly book: FactBook;
  readonly groups: readonly Group[];
  readonly events: readonly CountedEvent[];
  readonly accounts: readonly Account[];
  membersOf(account: Account): readonly Group[];
  /** Workspaces in which a limit was hit: there the grouping depends on the order. */
  readonly limited: ReadonlySet<string>;
  /** By workspace and revision: the order in the shard at which it was taken up. */
  readonly activations: ReadonlyMap<string, ReadonlyMap<number, { position: number; record: LogRecord }>>;
}

const textOf = ({ type, value }: Identifier): string => `${type}:${value}`;

export function expectIdentity(events: readonly StoredMessage[], shards: number): NaiveIdentity {
  const naive = new Grouping(shards);
  let position = 0;
  for (const { record, place } of replay(events)) {
    position++;
    if (record.kind === 'event') naive.read(record, { position, shard: place.partition, id: place.position });
    if (record.kind === 'catalogue-activated') naive.activate(record, position);
  }
  return naive;
}

class Grouping implements NaiveIdentity {
  readonly book = new FactBook();
  readonly groups: Group[] = [];
  readonly events: CountedEvent[] = [];
  readonly limited = new Set<string>();
  readonly activations = new Map<string, Map<number, { position: number; record: LogRecord }>>();
  private readonly accountBook = new AccountBook();
  private readonly seen = new Set<string>();
  /** Where an identifier would belong if nothing had been merged. */
  private readonly homes = new Map<string, number>();
  private readonly created = new Map<number, number>();

  constructor(private readonly shards: number) {}

  get accounts(): readonly Account[] {
    return this.accountBook.accounts;
  }

  membersOf(account: Account): readonly Group[] {
    return this.accountBook.membersOf(account);
  }

  activate(record: LogRecord & { kind: 'catalogue-activated' }, position: number): void {
    const revisions = this.activations.get(record.workspace) ?? new Map();
    this.activations.set(record.workspace, revisions);
    if (record.revision > Math.max(0, ...revisions.keys())) revisions.set(record.revision, { position, record });
  }

  read(event: Event, at: { position: number; shard: number; id: string }): void {
    const { workspace } = event;
    const message = `${workspace}/${event.id}`;
    if (this.seen.has(message)) return;
    this.seen.add(message);
    const say = (fact: unknown): void => this.book.add(at.id, fact);
    const rules = this.rulesOf(workspace);
    const given = this.given(event, rules);
    const texts = given.map(({ text }) => text);
    const usable = texts.filter((text, index) => given[index]!.usable && texts.indexOf(text) === index);
    for (const { text, usable: counts } of given) if (!counts) say({ refused: text });
    if (usable.length === 0) return;
    let taken = usable;
    while (taken.length > 1 && !this.fits(workspace, taken, rules)) taken = taken.slice(0, -1);
    const owners = this.ownersOf(workspace, taken);
    for (const text of usable.slice(taken.length)) {
      this.limited.add(workspace);
      if (!owners.some(({ identifiers }) => identifiers.has(text))) say({ refused: text });
    }
    const [group = this.create(workspace, at.shard, say), ...losers] = owners;
    const home = taken.map((text) => this.homes.get(`${workspace}/${text}`)).find((found) => found !== undefined);
    for (const text of taken) {
      if (owners.some(({ identifiers }) => identifiers.has(text))) continue;
      say({ linked: text, to: group.ordinal });
      this.homes.set(`${workspace}/${text}`, home ?? group.ordinal);
      group.identifiers.add(text);
    }
    for (const loser of losers) {
      say({ merged: loser.ordinal, into: group.ordinal, identifiers: [...loser.identifiers].sort() });
      for (const text of loser.identifiers) group.identifiers.add(text);
      loser.identifiers.clear();
      loser.gone = true;
    }
    say({ event: event.id, of: group.ordinal, origin: home ?? group.ordinal });
    const counted = { event, position: at.position, group, identifiers: taken };
    this.events.push(counted);
    this.accountBook.read(counted, losers, () => this.nextOrdinal(at.shard), say);
  }

  private rulesOf(workspace: string): IdentityRulesAsWritten {
    const revisions = [...(this.activations.get(workspace)?.values() ?? [])];
    return new IdentityRulesAsWritten(revisions.at(-1)?.record as CatalogueActivated | undefined);
  }

  private given(event: Event, rules: IdentityRulesAsWritten): Given[] {
    const { workspace, type, previous } = event;
    const rank = ({ text }: Given): number => rules.ranks.indexOf(text.split(':')[0]!);
    const given = rules.given(event).sort((a, b) => rank(a) - rank(b));
    const isSelf = event.identifiers.some((own) => own.type === 'user_id' && own.value === previous?.value);
    if (type !== 'alias' || previous === undefined || isSelf) return given;
    const isUser =
      rules.ranks.includes('user_id') && this.ownersOf(workspace, [`user_id:${previous.value}`]).length > 0;
    const meant = previous.type !== 'previous_id' ? previous.type : isUser ? 'user_id' : 'anonymous_id';
    return [...given, ...[rules.one({ type: meant, value: previous.value }) ?? []].flat()];
  }

  /** Groups that hold one of them, the oldest first. */
  private ownersOf(workspace: string, texts: readonly string[]): Group[] {
    return this.groups.filter(
      (group) => group.workspace === workspace && texts.some((text) => group.identifiers.has(text)),
    );
  }

  /** No type has more values than the limit, or than one of the groups has had all along. */
  private fits(workspace: string, texts: readonly string[], rules: IdentityRulesAsWritten): boolean {
    const owners = this.ownersOf(workspace, texts);
    const all = new Set([...texts, ...owners.flatMap(({ identifiers }) => [...identifiers])]);
    return rules.ranks.every((type) => {
      const count = (of: Iterable<string>): number => [...of].filter((text) => text.startsWith(`${type}:`)).length;
      return count(all) <= Math.max(rules.limitOf(type)!, ...owners.map(({ identifiers }) => count(identifiers)));
    });
  }

  private create(workspace: string, shard: number, say: (fact: unknown) => void): Group {
    const group = { workspace, ordinal: this.nextOrdinal(shard), identifiers: new Set<string>(), gone: false };
    this.groups.push(group);
    say({ created: group.ordinal });
    return group;
  }

  /** Profiles and accounts are counted together. */
  private nextOrdinal(shard: number): number {
    const number = (this.created.get(shard) ?? 0) + 1;
    this.created.set(shard, number);
    return number * this.shards + shard;
  }
}

/** What identity said, in the same words. What is told to two partitions is one fact. */
export function identityFacts(records: readonly LogRecord[]): FactBook {
  const book = new FactBook();
  const ordinals = new Map<string, number>();
  for (const record of records)
    if (record.kind === 'profile-created' || record.kind === 'account-created')
      ordinals.set(record.entity.id, record.entity.ordinal);
  const told = new Set<string>();
  for (const record of records) {
    const position = record.id.slice(1, record.id.lastIndexOf('-'));
    const fact = factOf(record, ordinals);
    const text = `${position} ${JSON.stringify(fact)}`;
    if (fact === undefined || (TOLD_TWICE.includes(record.kind) && told.has(text))) continue;
    told.add(text);
    book.add(position, fact);
  }
  return book;
}

const TOLD_TWICE: readonly LogRecord['kind'][] = ['profiles-merged', 'account-linked', 'account-unlinked'];

function factOf(record: LogRecord, ordinals: ReadonlyMap<string, number>): unknown {
  switch (record.kind) {
    case 'profile-created':
      return { created: record.entity.ordinal };
    case 'identifier-linked':
      return { linked: textOf(record.identifier), to: record.entity.ordinal };
    case 'identifier-refused':
      return { refused: textOf(record.identifier) };
    case 'profiles-merged': {
      const { loser, survivor, identifiers } = record;
      return { merged: loser.ordinal, into: survivor.ordinal, identifiers: identifiers.map(textOf).sort() };
    }
    case 'account-created':
      return { account: record.entity.ordinal, groupId: record.groupId };
    case 'account-linked':
      return { joined: record.entity.ordinal, account: record.account.ordinal };
    case 'account-unlinked':
      return { left: record.entity.ordinal, account: record.account.ordinal };
    case 'current-account-changed':
      return { current: record.entity.ordinal, account: record.account?.ordinal };
    case 'event-resolved': {
      const { event, entity, origin } = record;
      return { event: event.id, of: entity.ordinal, origin: ordinals.get(origin) };
    }
    default:
      return undefined;
  }
}
