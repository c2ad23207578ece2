/** Which accounts there are and who their members are: a list of all group events, gone through for every event. */
import type { Event } from '@attrium/event';
import type { CountedEvent, Group } from './groups.js';

export interface Account {
  readonly workspace: string;
  readonly groupId: string;
  readonly ordinal: number;
  readonly events: Pick<CountedEvent, 'event' | 'position'>[];
}

interface Grouping {
  /** The group that it is of by now. */
  group: Group;
  readonly account: Account;
  readonly event: Event;
}

type Say = (fact: unknown) => void;

export class AccountBook {
  readonly accounts: Account[] = [];
  private readonly groupings: Grouping[] = [];

  /** `losers` have just become part of the group of the event. */
  read(counted: CountedEvent, losers: readonly Group[], nextOrdinal: () => number, say: Say): void {
    const { event, group } = counted;
    const before = this.of(group);
    const wasCurrent = this.currentOf(group);
    for (const loser of losers) {
      const left = this.of(loser);
      for (const account of left) say({ left: loser.ordinal, account: account.ordinal });
      if (left.size > 0) say({ current: loser.ordinal });
    }
    for (const each of this.groupings) if (losers.includes(each.group)) each.group = group;
    const account = this.accountOf(event, nextOrdinal, say);
    if (account !== undefined) {
      account.events.push(counted);
      say({ event: event.id, of: account.ordinal, origin: account.ordinal });
      if (event.type === 'group') this.groupings.push({ group, account, event });
    }
    for (const each of this.of(group)) {
      if (!before.has(each)) say({ joined: group.ordinal, account: each.ordinal });
    }
    const current = this.currentOf(group);
    if (current !== undefined && current !== wasCurrent) say({ current: group.ordinal, account: current.ordinal });
  }

  /** The group is gone. */
  forget(group: Group, say: Say): void {
    const left = this.of(group);
    for (const account of left) say({ left: group.ordinal, account: account.ordinal });
    if (left.size > 0) say({ current: group.ordinal });
    for (const each of this.groupings.filter((one) => one.group === group)) {
      this.groupings.splice(this.groupings.indexOf(each), 1);
    }
  }

  /** An event that names an account and nobody else. */
  readListed(counted: Pick<CountedEvent, 'event' | 'position'>, say: Say): void {
    const { id, workspace, groupId } = counted.event;
    const account = this.accounts.find((each) => each.workspace === workspace && each.groupId === groupId);
    if (account === undefined) return;
    account.events.push(counted);
    say({ event: id, of: account.ordinal, origin: account.ordinal });
  }

  private accountOf({ workspace, groupId }: Event, nextOrdinal: () => number, say: Say): Account | undefined {
    if (groupId === undefined) return undefined;
    if (groupId === 'null') {
      say({ refused: `group_id:${groupId}` });
      return undefined;
    }
    const known = this.accounts.find((each) => each.workspace === workspace && each.groupId === groupId);
    if (known !== undefined) return known;
    const account = { workspace, groupId, ordinal: nextOrdinal(), events: [] };
    this.accounts.push(account);
    say({ account: account.ordinal, groupId });
    return account;
  }

  /** The groups that are members, each once. */
  membersOf(account: Account): Group[] {
    return [...new Set(this.groupings.filter((each) => each.account === account).map(({ group }) => group))];
  }

  private of(group: Group): Set<Account> {
    return new Set(this.groupings.filter((each) => each.group === group).map(({ account }) => account));
  }

  private currentOf(group: Group): Account | undefined {
    const own = this.groupings.filter((each) => each.group === group);
    const order = (a: Event, b: Event): number => a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : 1);
    return own.sort((a, b) => order(a.event, b.event)).at(-1)?.account;
  }
}
