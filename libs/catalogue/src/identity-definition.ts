/** What a workspace's identity section means: which identifiers link events to profiles, and how long message ids are remembered. */

export const NORMALISATIONS = ['none', 'email', 'phone', 'lower_case'] as const;
/**
 * none: compared as sent. email: trimmed, in lower case. lower_case: the same for any text. phone: digits with an optional + before
 * them; a value that is no phone number is refused.
 */
export type Normalisation = (typeof NORMALISATIONS)[number];

/** Where a type takes values from beside what clients send as identifiers: a trait or a property, optionally of one event only. */
export interface IdentifierSource {
  readonly kind: 'trait' | 'property';
  readonly path: readonly string[];
  readonly event?: string | undefined;
}

/** The windows that a limit of identifiers can have by name, rolling, ms. */
export const LIMIT_WINDOWS_MS: ReadonlyMap<string, number> = new Map([
  ['day', 86_400_000],
  ['week', 7 * 86_400_000],
  ['month', 30 * 86_400_000],
]);

export interface IdentifierTypeDefinition {
  readonly name: string;
  /** Values of this type that a profile may hold, or gain within `windowMs`. */
  readonly limit: number;
  /** The limit counts what was linked within so many milliseconds of log time; undefined: all that the profile holds. */
  readonly windowMs?: number | undefined;
  readonly normalise: Normalisation;
  /** Values that are refused, beside those that name nobody in any workspace. */
  readonly blockedValues: readonly string[];
  /** The same as patterns (`compileValuePattern`). */
  readonly blockedPatterns: readonly string[];
  readonly from: readonly IdentifierSource[];
  /** Other names under which clients send it in `context.externalIds`. */
  readonly externalIds: readonly string[];
}

export interface IdentityDefinition {
  /** The highest priority first. A type that is not here is refused. */
  readonly types: readonly IdentifierTypeDefinition[];
  /** Types that are passed over without a word. */
  readonly ignored: readonly string[];
  /** How long a message id is remembered, in whole hours. */
  readonly dedupHours: number;
  /** From how many merges on further ones are held; undefined: never. */
  readonly quarantine?: QuarantineThreshold | undefined;
}

/** So many profiles may be merged into one within the window (log time); what would be more is held. */
export interface QuarantineThreshold {
  readonly merges: number;
  readonly windowMs: number;
}

type BuiltIn = Pick<IdentifierTypeDefinition, 'limit' | 'normalise' | 'externalIds' | 'blockedValues'>;

/** Values of device ids that very many devices share: an emulator's Android id of old, and what systems say instead of a MAC address. */
const SHARED_DEVICE_IDS = ['9774d56d682e549c', '02:00:00:00:00:00'];

/** The types that ingest finds by itself, in their order of priority when a workspace says nothing. */
export const BUILT_IN_TYPES: ReadonlyMap<string, BuiltIn> = new Map<string, BuiltIn>([
  ['user_id', { limit: 1, normalise: 'none', externalIds: [], blockedValues: [] }],
  ['email', { limit: 5, normalise: 'email', externalIds: [], blockedValues: [] }],
  ['phone', { limit: 5, normalise: 'phone', externalIds: [], blockedValues: [] }],
  ['anonymous_id', { limit: 5, normalise: 'none', externalIds: [], blockedValues: [] }],
  [
    'device_id',
    { limit: 5, normalise: 'none', externalIds: ['android.id', 'ios.id'], blockedValues: SHARED_DEVICE_IDS },
  ],
  [
    'advertising_id',
    { limit: 5, normalise: 'lower_case', externalIds: ['android.idfa', 'ios.idfa'], blockedValues: [] },
  ],
]);

const CUSTOM: BuiltIn = { limit: 5, normalise: 'none', externalIds: [], blockedValues: [] };
const DEDUP_HOURS = 24;

/** A person has a few devices and browsers; ten that turn out to be one within a day are mostly a shared or made-up identifier. */
export const DEFAULT_QUARANTINE: QuarantineThreshold = { merges: 10, windowMs: 86_400_000 };

/** A type as it is when only its name is given. */
export function defaultType(name: string): IdentifierTypeDefinition {
  return { name, blockedPatterns: [], from: [], ...(BUILT_IN_TYPES.get(name) ?? CUSTOM) };
}

/** What holds for a workspace whose catalogue has no identity section. */
export const DEFAULT_IDENTITY: IdentityDefinition = {
  types: [...BUILT_IN_TYPES.keys()].map(defaultType),
  ignored: [],
  dedupHours: DEDUP_HOURS,
  quarantine: DEFAULT_QUARANTINE,
};
