/** Finds where a profile lives, and follows merges that not every stage has seen yet. */
import { type Entity, type Identifier, partitionOf, type StageName } from '@attrium/event';
import { OperatingError } from './errors.js';
import { type AskStage, OwnerSilentError } from './stage-client.js';

/** Whom to ask about a profile. */
export interface ProfilePlace {
  readonly profileId: string;
  readonly ordinal: number;
  readonly partition: number;
}

export interface ProfileAccount {
  readonly accountId: string;
  readonly groupId: string;
  readonly groupedAt: number;
  /** It is the one that the latest group event of the profile names. */
  readonly current: boolean;
}

/** What identity says: the live profile. */
export interface LocatedProfile extends ProfilePlace {
  readonly identifiers: readonly Identifier[];
  /** The accounts that it is a member of; absent for none. `groupedAt`: of the latest group event that says so, ms. */
  readonly accounts?: readonly ProfileAccount[] | undefined;
}

/** A question about one profile; its ordinal is filled in. */
export interface ProfileQuestion {
  readonly kind: string;
  readonly workspace: string;
  readonly [key: string]: unknown;
}

/** identifiers: all of a profile, each with its home. merges: those that it is made of. */
export type HistoryKind = 'identifiers' | 'merges';

/** The type of an identifier that is the id of a profile itself. */
export const PROFILE_ID = 'profile_id';

/** A stage that is behind may know a profile under the id of one merged into it, that one of another, and so on. */
const MERGE_HOPS_MAX = 8;
const TYPE = /^[a-z][a-z0-9_]{0,63}$/;
const VALUE_LENGTH_MAX = 512;

/** A sentence on what is wrong with an identifier that a caller gave; undefined for nothing. */
export function identifierFault({ type, value }: Identifier): string | undefined {
  if (!TYPE.test(type)) return 'A type of identifiers has 1 to 64 lower-case letters, digits and _, a letter first.';
  if (value.length === 0 || value.length > VALUE_LENGTH_MAX) {
    return `The value of an identifier has 1 to ${VALUE_LENGTH_MAX} characters.`;
  }
  return undefined;
}

/** An identifier or a profile id is missing, or has a form that none has. */
export class BadIdentifierError extends OperatingError {
  constructor(message: string) {
    super(message, { code: 'ATR-HOST-021', status: 'invalid' });
  }
}

/** No profile has what was asked for. */
export class NoProfileError extends OperatingError {
  constructor(message: string) {
    super(message, { code: 'ATR-HOST-022', status: 'not-found' });
  }
}

/** The id is of a profile that was erased. */
export class ErasedProfileError extends OperatingError {
  constructor(profileId: string, erasedAt: number) {
    const details = { profileId, erasedAt: new Date(erasedAt).toISOString() };
    super('This profile was erased.', { code: 'ATR-HOST-023', status: 'gone', details });
  }
}

/** What identity says of the id of an erased profile. `erasedAt`: log time, ms. */
interface ErasedProfile {
  readonly profileId: string;
  readonly erasedAt: number;
}

/** Throws ErasedProfileError. */
function living<T extends object>(found: T | ErasedProfile | null): T | undefined {
  if (found !== null && 'erasedAt' in found) throw new ErasedProfileError(found.profileId, found.erasedAt);
  return found ?? undefined;
}

export class ProfileLocator {
  constructor(
    private readonly options: {
      readonly ask: AskStage;
      readonly partitions: number;
      readonly shards: number;
    },
  ) {}

  /** The live profile that an identifier (of type `profile_id`: a profile id, also a merged one) belongs to. Throws OwnerSilentError and ErasedProfileError. */
  async find(workspace: string, identifier: Identifier): Promise<LocatedProfile | undefined> {
    const question =
      identifier.type === PROFILE_ID
        ? { kind: 'profile', workspace, profileId: identifier.value }
        : { kind: 'resolve', workspace, identifier };
    const { ask, shards } = this.options;
    return living(
      await ask<LocatedProfile | ErasedProfile | null>('identity', partitionOf(workspace, shards), question),
    );
  }

  /** As `find`, for an API: throws also BadIdentifierError and NoProfileError. */
  async require(workspace: string, identifier: Identifier): Promise<LocatedProfile> {
    const isProfileId = checked(identifier);
    const found = await this.find(workspace, identifier);
    if (found === undefined) throw nobody(isProfileId);
    return found;
  }

  /** What identity says of how the live profile of an identifier came about; undefined for nobody. Throws OwnerSilentError and ErasedProfileError. */
  async history<T extends object>(
    kind: HistoryKind,
    workspace: string,
    identifier: Identifier,
  ): Promise<T | undefined> {
    const { ask, shards } = this.options;
    const question = { kind, workspace, identifier };
    return living(await ask<T | ErasedProfile | null>('identity', partitionOf(workspace, shards), question));
  }

  /** As `history`, for an API: throws also BadIdentifierError and NoProfileError. */
  async requireHistory<T extends object>(kind: HistoryKind, workspace: string, identifier: Identifier): Promise<T> {
    const isProfileId = checked(identifier);
    const found = await this.history<T>(kind, workspace, identifier);
    if (found === undefined) throw nobody(isProfileId);
    return found;
  }

  /** Asks a stage about a profile, and asks again where the answer names a survivor. Throws OwnerSilentError. */
  async followed<T>(
    stage: StageName,
    place: ProfilePlace,
    asked: { readonly question: ProfileQuestion; readonly mergedInto: (answer: T) => Entity | undefined },
  ): Promise<{ readonly answer: T; readonly at: ProfilePlace }> {
    const { ask, partitions } = this.options;
    let at = place;
    for (let hops = 0; hops <= MERGE_HOPS_MAX; hops++) {
      const answer = await ask<T>(stage, at.partition, { ...asked.question, ordinal: at.ordinal });
      const survivor = asked.mergedInto(answer);
      if (survivor === undefined) return { answer, at };
      const { id, ordinal } = survivor;
      at = { profileId: id, ordinal, partition: partitionOf(id, partitions) };
    }
    throw new OwnerSilentError('The merges of this profile are still on their way.');
  }
}

/** Whether it is the id of a profile. Throws BadIdentifierError. */
function checked(identifier: Identifier): boolean {
  const isProfileId = identifier.type === PROFILE_ID;
  const fault = identifierFault(identifier);
  if (fault !== undefined) throw new BadIdentifierError(isProfileId ? 'This is no id of a profile.' : fault);
  return isProfileId;
}

function nobody(isProfileId: boolean): NoProfileError {
  return new NoProfileError(isProfileId ? 'There is no such profile.' : 'No profile has this identifier.');
}
