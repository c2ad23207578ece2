/** Who is whom: groups of identifier texts, searched from one end to the other for every event. */
import type {
  CatalogueActivated,
  ErasureRequested,
  Event,
  Identifier,
  LogRecord,
  QuarantineDecided,
  RefusalReason,
} from '@attrium/event';
import type { StoredMessage } from '@attrium/processor';
import { type Account, AccountBook } from './accounts.js';
import { type CountedEvent, type Group, nowOf } from './groups.js';
import { type Given, IdentityRulesAsWritten } from './identity-rules.js';
import { QuarantineBook } from './quarantine.js';
import { FactBook, type Place, replay } from './replay.js';

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
const typeOf = (text: string): string => text.slice(0, text.indexOf(':'));

/** Refusals whose reason the recomputation says too. */
const TOLD_WHY: readonly RefusalReason[] = ['limit', 'limit-in-window', 'quarantined'];

/** Identifiers that would be of one group. */
interface Together {
  readonly workspace: string;
  readonly texts: readonly string[];
  readonly rules: IdentityRulesAsWritten;
  readonly now: number;
}

/** `ordinals`: of all profiles there ever were, by id. */
export function expectIdentity(
  events: readonly StoredMessage[],
  shards: number,
  ordinals: ReadonlyMap<string, number>,
): NaiveIdentity {
  const naive = new Grouping(shards, ordinals);
  let position = 0;
  for (const { record, place } of replay(events)) {
    position++;
    if (record.kind === 'event')
      naive.read(record, { position, shard: place.partition, id: place.position, now: place.now });
    if (record.kind === 'catalogue-activated') naive.activate(record, position);
    if (record.kind === 'erasure-requested') naive.erase(record, place);
    if (record.kind === 'quarantine-decided')
      naive.decide(record, { shard: place.partition, id: place.position, now: place.now });
  }
  return naive;
}

class Grouping implements NaiveIdentity {
  readonly book = new FactBook();
  readonly groups: Group[] = [];
  events: CountedEvent[] = [];
  readonly limited = new Set<string>();
  readonly activations = new Map<string, Map<number, { position: number; record: LogRecord }>>();
  private readonly accountBook = new AccountBook();
  private readonly quarantine = new QuarantineBook();
  private readonly seen = new Set<string>();
  private readonly requests = new Set<string>();
  /** Where an identifier would belong if nothing had been merged. */
  private readonly homes = new Map<string, number>();
  /** When an identifier was linked, where its type had a limit in a window then: log time, ms. */
  private readonly linkedAt = new Map<string, number>();
  private readonly created = new Map<number, number>();

  constructor(
    private readonly shards: number,
    private readonly ordinals: ReadonlyMap<string, number>,
  ) {}

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

  read(event: Event, at: { position: number; shard: number; id: string; now: number }): void {
    const { workspace } = event;
    const message = `${workspace}/${event.id}`;
    if (this.seen.has(message)) return;
    this.seen.add(message);
    const say = (fact: unknown): void => this.book.add(at.id, fact);
    const rules = this.rulesOf(workspace);
    if (event.name.startsWith('$list:')) {
      this.readListed(event, at.position, rules, say);
      return;
    }
    const given = this.given(event, rules);
    const texts = given.map(({ text }) => text);
    const usable = texts.filter((text, index) => given[index]!.usable && texts.indexOf(text) === index);
    for (const { text, usable: counts } of given) if (!counts) say({ refused: text });
    const unwanted = usable.filter((text) => this.quarantine.stateOf(workspace, text) === 'refused');
    for (const text of unwanted) say({ refused: text });
    let wanted = usable.filter((text) => !unwanted.includes(text));
    if (unwanted.length > 0) this.limited.add(workspace);
    if (wanted.length === 0) return;
    const held: string[] = [];
    let { taken, why } = this.together({ workspace, texts: wanted, rules, now: at.now });
    for (;;) {
      const texts = taken.map((text) => ({ text, group: this.ownersOf(workspace, [text])[0] }));
      const more = this.quarantine.among(workspace, texts, { rules, now: at.now });
      if (more.length === 0) break;
      this.limited.add(workspace);
      held.push(...more);
      wanted = wanted.filter((text) => !held.includes(text));
      ({ taken, why } = this.together({ workspace, texts: wanted, rules, now: at.now }));
    }
    const owners = this.ownersOf(workspace, taken);
    for (const text of wanted.slice(taken.length)) {
      this.limited.add(workspace);
      if (!owners.some(({ identifiers }) => identifiers.has(text))) say({ refused: text, why });
    }
    const [group = this.create(workspace, at.shard, say), ...losers] = owners;
    const home = taken.map((text) => this.homes.get(`${workspace}/${text}`)).find((found) => found !== undefined);
    for (const text of taken) {
      if (owners.some(({ identifiers }) => identifiers.has(text))) continue;
      say({ linked: text, to: group.ordinal });
      this.homes.set(`${workspace}/${text}`, home ?? group.ordinal);
      group.identifiers.add(text);
      if (rules.windowOf(typeOf(text)) !== undefined) this.linkedAt.set(`${workspace}/${text}`, at.now);
    }
    for (const text of held) {
      const [other] = this.ownersOf(workspace, [text]);
      if (owners.includes(other!)) continue;
      say({ refused: text, why: 'quarantined' });
      if (!this.quarantine.hold(workspace, text, group)) continue;
      const merges = this.quarantine.within(other!, rules.quarantine!.ms, at.now);
      say({ quarantined: text, of: other!.ordinal, merges });
    }
    for (const loser of losers) this.merge(group, loser, { rules, now: at.now }, say);
    say({ event: event.id, of: group.ordinal, origin: home ?? group.ordinal });
    const counted = { event, position: at.position, group, identifiers: taken };
    this.events.push(counted);
    this.accountBook.read(counted, losers, () => this.nextOrdinal(at.shard), say);
  }

  /** All that it ever was, and the events that were counted for it: whoever comes with an identifier of it is new. */
  erase({ workspace, identifier, id }: ErasureRequested, { now, position }: Place): void {
    const request = `${workspace}/${id}`;
    if (this.requests.has(request)) return;
    this.requests.add(request);
    const named = this.named(workspace, identifier);
    if (named === undefined || named.erased) return;
    const say = (fact: unknown): void => this.book.add(position, fact);
    this.accountBook.forget(named, say);
    const former = this.groups.filter((group) => group !== named && nowOf(group) === named);
    say({ erased: named.ordinal, former: former.map(({ ordinal }) => ordinal).sort(), request: id, at: now });
    for (const text of named.identifiers) {
      this.homes.delete(`${workspace}/${text}`);
      this.linkedAt.delete(`${workspace}/${text}`);
    }
    this.quarantine.forget(named);
    named.identifiers.clear();
    named.gone = true;
    named.erased = true;
    this.events = this.events.filter(({ group }) => nowOf(group) !== named);
  }

  private named(workspace: string, identifier: Identifier): Group | undefined {
    if (identifier.type === 'profile_id') {
      const ordinal = this.ordinals.get(identifier.value);
      const found = this.groups.find((group) => group.workspace === workspace && group.ordinal === ordinal);
      return found && nowOf(found);
    }
    const text = this.rulesOf(workspace).one(identifier)?.text ?? textOf(identifier);
    return this.ownersOf(workspace, [text])[0];
  }

  /** Whoever has the one identifier, or the account: nobody is made for it. */
  private readListed(
    event: Event,
    position: number,
    rules: IdentityRulesAsWritten,
    say: (fact: unknown) => void,
  ): void {
    const { workspace, groupId, identifiers } = event;
    if (groupId !== undefined) {
      this.accountBook.readListed({ event, position }, say);
      return;
    }
    const text = rules.one(identifiers[0]!)?.text ?? textOf(identifiers[0]!);
    const [group] = this.ownersOf(workspace, [text]);
    if (group === undefined) return;
    say({ event: event.id, of: group.ordinal, origin: this.homes.get(`${workspace}/${text}`) });
    this.events.push({ event, position, group, identifiers: [text] });
  }

  decide(record: QuarantineDecided, at: { shard: number; id: string; now: number }): void {
    const { workspace, decision } = record;
    const say = (fact: unknown): void => this.book.add(at.id, fact);
    const rules = this.rulesOf(workspace);
    const text = rules.one(record.identifier)?.text ?? textOf(record.identifier);
    const groups = this.quarantine.decide(record, text);
    if (groups === undefined) return;
    this.limited.add(workspace);
    const together = this.ownersOf(workspace, [text]);
    const others = groups.filter((group) => !together.includes(group));
    for (const other of others) {
      const texts = [...together, other].map(({ identifiers }) => [...identifiers][0]!);
      if (this.broken({ workspace, texts, rules, now: at.now }).length === 0) together.push(other);
    }
    const [group, ...losers] = together.slice().sort((a, b) => a.ordinal - b.ordinal) as [Group, ...Group[]];
    for (const loser of losers) this.merge(group, loser, { rules, now: at.now }, say);
    const limited = others.length - losers.length;
    say({ ended: text, of: group.ordinal, decision, merged: losers.length, limited });
    const event = { kind: 'event', id: at.id, workspace, type: 'track' } as unknown as Event;
    this.accountBook.read(
      { event, position: 0, group, identifiers: [] },
      losers,
      () => this.nextOrdinal(at.shard),
      say,
    );
  }

  private merge(
    group: Group,
    loser: Group,
    at: { rules: IdentityRulesAsWritten; now: number },
    say: (fact: unknown) => void,
  ): void {
    say({ merged: loser.ordinal, into: group.ordinal, identifiers: [...loser.identifiers].sort() });
    for (const text of loser.identifiers) group.identifiers.add(text);
    loser.identifiers.clear();
    loser.gone = true;
    loser.into = group;
    this.quarantine.merged(group, loser, at);
  }

  /** As many of the texts, from the first on, as can be of one group, and what the next would break. */
  private together({ texts, ...of }: Together): { taken: readonly string[]; why: RefusalReason } {
    let why: RefusalReason = 'limit';
    for (let taken = texts; ; taken = taken.slice(0, -1)) {
      const broken = taken.length > 1 ? this.broken({ ...of, texts: taken }) : [];
      if (broken.length === 0) return { taken, why };
      why = broken.every((type) => of.rules.windowOf(type) !== undefined) ? 'limit-in-window' : 'limit';
    }
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

  /** Types of which there were more values than the limit, and than one of the groups has had all along. */
  private broken({ workspace, texts, rules, now }: Together): string[] {
    const owners = this.ownersOf(workspace, texts);
    const all = new Set([...texts, ...owners.flatMap(({ identifiers }) => [...identifiers])]);
    return rules.ranks.filter((type) => {
      const windowMs = rules.windowOf(type);
      const counts = (text: string): boolean => {
        if (typeOf(text) !== type) return false;
        const isNew = owners.every(({ identifiers }) => !identifiers.has(text));
        const linkedAt = this.linkedAt.get(`${workspace}/${text}`) ?? Number.NEGATIVE_INFINITY;
        return windowMs === undefined || isNew || now - linkedAt < windowMs;
      };
      const count = (of: Iterable<string>): number => [...of].filter(counts).length;
      return count(all) > Math.max(rules.limitOf(type)!, ...owners.map(({ identifiers }) => count(identifiers)));
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

const TOLD_TWICE: readonly LogRecord['kind'][] = [
  'profiles-merged',
  'account-linked',
  'account-unlinked',
  'profile-erased',
];

function factOf(record: LogRecord, ordinals: ReadonlyMap<string, number>): unknown {
  switch (record.kind) {
    case 'profile-created':
      return { created: record.entity.ordinal };
    case 'identifier-linked':
      return { linked: textOf(record.identifier), to: record.entity.ordinal };
    case 'identifier-refused':
      return { refused: textOf(record.identifier), why: TOLD_WHY.includes(record.why) ? record.why : undefined };
    case 'profiles-merged': {
      const { loser, survivor, identifiers } = record;
      return { merged: loser.ordinal, into: survivor.ordinal, identifiers: identifiers.map(textOf).sort() };
    }
    case 'profile-erased': {
      const { entity, former, requestId: request, erasedAt: at } = record;
      return { erased: entity.ordinal, former: former.map(({ ordinal }) => ordinal).sort(), request, at };
    }
    case 'identifier-quarantined': {
      const { identifier, entity, merges } = record;
      return { quarantined: textOf(identifier), of: entity.ordinal, merges };
    }
    case 'quarantine-ended': {
      const { identifier, entity, decision, merged, limited } = record;
      return { ended: textOf(identifier), of: entity.ordinal, decision, merged, limited };
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
