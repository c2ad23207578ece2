/** Puts a profile together from what the owners of its parts answer: identity, then attribute-compute and segment at once. */
import { consentOfAttribute } from '@attrium/catalogue';
import type { Entity, Identifier, Value } from '@attrium/event';
import {
  ErasedProfileError,
  type LocatedProfile,
  PROFILE_ID,
  type ProfileAccount,
  type ProfileLocator,
  type ProfilePlace,
} from '@attrium/host';
import type { Telemetry } from './telemetry.js';

export interface AnsweredAttribute {
  readonly value: Value;
  /** ms. */
  readonly effectiveAt: number;
  readonly approximate: boolean;
}

/** What attribute-compute says of an entity. */
type AttributesAnswer =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'merged'; readonly mergedInto: Entity }
  | {
      readonly kind: 'attributes';
      readonly merging: boolean;
      readonly attributes: ReadonlyMap<string, AnsweredAttribute>;
    };

/** What segment says of an entity. */
export interface MembershipsAnswer {
  readonly merging: boolean;
  readonly mergedInto?: Entity | undefined;
  /** By name: member since, ms. */
  readonly segments: Readonly<Record<string, number>>;
}

/** The latest statement on one purpose and channel. */
export interface StatedConsent {
  readonly purpose: string;
  /** Undefined: of the purpose as a whole. */
  readonly channel?: string;
  readonly granted: boolean;
  /** ms. */
  readonly since: number;
}

export interface Profile {
  readonly profileId: string;
  readonly identifiers: readonly Identifier[];
  /** Visible ones with a value, by name, in code unit order. */
  readonly attributes: ReadonlyMap<string, AnsweredAttribute>;
  /** In code unit order; what nobody stated is missing. */
  readonly consent: readonly StatedConsent[];
  /** In code unit order of their names; `since` in ms. */
  readonly segments: readonly { readonly name: string; readonly since: number }[];
  /** A merge is under way: attributes and segments may still change without an event. */
  readonly merging: boolean;
  /** In the order in which it became a member of them. */
  readonly accounts: readonly ProfileAccount[];
}

export class ProfileReader {
  constructor(
    private readonly options: {
      readonly locator: ProfileLocator;
      readonly now: () => number;
      readonly telemetry: Pick<Telemetry, 'profileAnswered'>;
    },
  ) {}

  /** The profile that an identifier belongs to; undefined for nobody. Throws OwnerSilentError and ErasedProfileError. */
  async find(workspace: string, identifier: Identifier): Promise<Profile | undefined> {
    const { now, telemetry } = this.options;
    const start = now();
    try {
      const profile = await this.read(workspace, identifier);
      telemetry.profileAnswered(profile === undefined ? 'nobody' : 'found', now() - start);
      return profile;
    } catch (error) {
      telemetry.profileAnswered(error instanceof ErasedProfileError ? 'erased' : 'failed', now() - start);
      throw error;
    }
  }

  /** As `find`; undefined also for one that was erased. */
  async findLiving(workspace: string, identifier: Identifier): Promise<Profile | undefined> {
    try {
      return await this.find(workspace, identifier);
    } catch (error) {
      if (error instanceof ErasedProfileError) return undefined;
      throw error;
    }
  }

  private async read(workspace: string, identifier: Identifier): Promise<Profile | undefined> {
    const { locator } = this.options;
    const resolved = await locator.find(workspace, identifier);
    if (resolved === undefined) return undefined;
    const [attributes, memberships] = await Promise.all([
      attributesOf(locator, workspace, resolved),
      membershipsOf(locator, workspace, resolved),
    ]);
    const moved = [attributes.at, memberships.at].find(({ profileId }) => profileId !== resolved.profileId);
    // A merge came between the answers. Identity, which decides merges, knows the survivor by now.
    const current: LocatedProfile =
      moved === undefined
        ? resolved
        : ((await locator.find(workspace, { type: PROFILE_ID, value: moved.profileId })) ?? resolved);
    const { answer } = attributes;
    const answered =
      answer.kind === 'attributes' ? sortedByName(answer.attributes) : new Map<string, AnsweredAttribute>();
    return {
      profileId: current.profileId,
      identifiers: current.identifiers,
      attributes: new Map([...answered].filter(([name]) => consentOfAttribute(name) === undefined)),
      consent: consentIn(answered),
      segments: sortedMemberships(memberships.answer),
      accounts: current.accounts ?? [],
      merging: moved !== undefined || memberships.answer.merging || (answer.kind === 'attributes' && answer.merging),
    };
  }
}

function consentIn(attributes: ReadonlyMap<string, AnsweredAttribute>): StatedConsent[] {
  return [...attributes].flatMap(([name, { value, effectiveAt }]) => {
    const of = consentOfAttribute(name);
    return of === undefined ? [] : [{ ...of, granted: value === true, since: effectiveAt }];
  });
}

export function sortedByName<T>(entries: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function sortedMemberships({
  segments,
}: MembershipsAnswer): { readonly name: string; readonly since: number }[] {
  return [...sortedByName(new Map(Object.entries(segments)))].map(([name, since]) => ({ name, since }));
}

/** Of a profile or an account. Throws OwnerSilentError. */
export function attributesOf(locator: ProfileLocator, workspace: string, place: ProfilePlace) {
  return locator.followed<AttributesAnswer>('attribute-compute', place, {
    question: { kind: 'attributes', workspace, consent: true },
    mergedInto: (answer) => (answer.kind === 'merged' ? answer.mergedInto : undefined),
  });
}

/** Of a profile or an account. Throws OwnerSilentError. */
export function membershipsOf(locator: ProfileLocator, workspace: string, place: ProfilePlace) {
  return locator.followed<MembershipsAnswer>('segment', place, {
    question: { kind: 'memberships', workspace },
    mergedInto: (answer) => answer.mergedInto,
  });
}
