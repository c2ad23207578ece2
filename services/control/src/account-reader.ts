/** Puts an account together from what the owners of its parts answer: identity, then attribute-compute and segment at once. */
import { type Identifier, partitionOf } from '@attrium/event';
import { type AskStage, type ProfileLocator } from '@attrium/host';
import {
  type AnsweredAttribute,
  attributesOf,
  membershipsOf,
  sortedByName,
  sortedMemberships,
} from './profile-reader.js';

/** What identity says of an account. */
interface LocatedAccount {
  readonly accountId: string;
  readonly groupId: string;
  readonly ordinal: number;
  readonly partition: number;
  readonly members: number;
}

export interface Account {
  readonly accountId: string;
  readonly groupId: string;
  /** Profiles that are members. */
  readonly members: number;
  /** Visible ones with a value, by name, in code unit order. */
  readonly attributes: ReadonlyMap<string, AnsweredAttribute>;
  /** In code unit order of their names; `since` in ms. */
  readonly segments: readonly { readonly name: string; readonly since: number }[];
}

export interface AccountMembers {
  readonly accountId: string;
  readonly groupId: string;
  readonly members: number;
  readonly profileIds: readonly string[];
  /** `after` of the next page; absent: there are no more. */
  readonly next?: number | undefined;
}

export class AccountReader {
  constructor(
    private readonly options: { readonly locator: ProfileLocator; readonly ask: AskStage; readonly shards: number },
  ) {}

  /** `identifier`: of type `group_id` or `account_id`. Undefined for none. Throws OwnerSilentError. */
  async find(workspace: string, identifier: Identifier): Promise<Account | undefined> {
    const { locator } = this.options;
    const found = await this.identity<LocatedAccount>(workspace, { kind: 'account', identifier });
    if (found === undefined) return undefined;
    const { accountId, groupId, members, ordinal, partition } = found;
    const place = { profileId: accountId, ordinal, partition };
    const [{ answer }, memberships] = await Promise.all([
      attributesOf(locator, workspace, place),
      membershipsOf(locator, workspace, place),
    ]);
    return {
      accountId,
      groupId,
      members,
      attributes: answer.kind === 'attributes' ? sortedByName(answer.attributes) : new Map(),
      segments: sortedMemberships(memberships.answer),
    };
  }

  /** A page of its members, in the order in which they became members; undefined for no account. Throws OwnerSilentError. */
  members(
    workspace: string,
    identifier: Identifier,
    page: { readonly after: number; readonly limit: number },
  ): Promise<AccountMembers | undefined> {
    return this.identity<AccountMembers>(workspace, { kind: 'members', identifier, ...page });
  }

  private async identity<T>(workspace: string, question: object): Promise<T | undefined> {
    const { ask, shards } = this.options;
    return (await ask<T | null>('identity', partitionOf(workspace, shards), { ...question, workspace })) ?? undefined;
  }
}
