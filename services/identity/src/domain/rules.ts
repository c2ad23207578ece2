/** The rules of one workspace as resolution needs them: compiled from its identity section, once for each revision. */
import {
  compileValuePattern,
  DEFAULT_IDENTITY,
  type IdentifierSource,
  type IdentifierTypeDefinition,
  type IdentityDefinition,
  type Normalisation,
  type QuarantineThreshold,
} from '@attrium/catalogue';

export interface IdentifierRule {
  readonly type: string;
  /** 0 for the highest priority. */
  readonly rank: number;
  /** Values that a profile may hold; with `windowMs` those that it may gain within it. */
  readonly limit: number;
  readonly windowMs?: number | undefined;
  readonly normalise: Normalisation;
  /** Of a normalised value. */
  isBlocked(value: string): boolean;
}

/** What no workspace can change. */
export interface IdentityCaps {
  readonly identifiersPerProfileMax: number;
  /** Profiles that may be merged into one, over its whole life, those included that came with others. */
  readonly mergesPerProfileMax: number;
  /** Identifiers of one event that are looked at; those of the lowest priority are left out. */
  readonly identifiersPerEventMax: number;
  /** Accounts that a profile may be a member of. */
  readonly accountsPerProfileMax: number;
  /** Profiles that group events may make members of one account, over its whole life. */
  readonly membersPerAccountMax: number;
  /** Identifiers of a workspace by which merges are held; of each, profiles that are remembered for its release. */
  readonly heldPerWorkspaceMax: number;
  readonly profilesPerHeldMax: number;
  /** Identifiers of a workspace that somebody has decided about. */
  readonly decidedPerWorkspaceMax: number;
}

export const IDENTITY_CAPS: IdentityCaps = {
  identifiersPerProfileMax: 1_000,
  mergesPerProfileMax: 100,
  identifiersPerEventMax: 50,
  accountsPerProfileMax: 100,
  membersPerAccountMax: 1_000_000,
  heldPerWorkspaceMax: 1_000,
  profilesPerHeldMax: 100,
  decidedPerWorkspaceMax: 10_000,
};

export interface IdentityRules {
  /** By the names under which events bring it: its own, and those of external ids. */
  readonly byName: ReadonlyMap<string, IdentifierRule>;
  /** By type. */
  readonly types: ReadonlyMap<string, IdentifierRule>;
  readonly ignored: ReadonlySet<string>;
  /** Traits and properties that are identifiers. */
  readonly mapped: readonly { readonly type: string; readonly source: IdentifierSource }[];
  /** From how many merges on further ones are held; undefined: never. */
  readonly quarantine: QuarantineThreshold | undefined;
  readonly caps: IdentityCaps;
}

/** Values that name nobody, in lower case: what a bug or a placeholder sends for very many people at once. */
const BLOCKED_VALUES: ReadonlySet<string> = new Set([
  '',
  '-1',
  'null',
  '(null)',
  'nil',
  'none',
  'nan',
  'n/a',
  'undefined',
  'unknown',
  'anonymous',
  '[object object]',
]);
const BLOCKED_PATTERN = /^[0-]+$/;

const BLOCKED_LENGTH_MAX = Math.max(...[...BLOCKED_VALUES].map((word) => word.length));

/** Whether a value names nobody in any workspace. */
export function isPlaceholder(value: string): boolean {
  if (
    value.length > BLOCKED_LENGTH_MAX &&
    isPlain(value.charCodeAt(0)) &&
    isPlain(value.charCodeAt(value.length - 1))
  ) {
    return false;
  }
  const trimmed = value.trim();
  return BLOCKED_VALUES.has(trimmed.toLowerCase()) || BLOCKED_PATTERN.test(trimmed);
}

/** Whether a character neither is a blank nor begins or ends a text of zeros and hyphens. */
function isPlain(unit: number): boolean {
  return unit > 0x20 && unit < 0x80 && unit !== 0x30 && unit !== 0x2d;
}

export function compileRules(definition: IdentityDefinition, caps: IdentityCaps = IDENTITY_CAPS): IdentityRules {
  const types = new Map<string, IdentifierRule>();
  const byName = new Map<string, IdentifierRule>();
  for (const [rank, type] of definition.types.entries()) {
    const rule = ruleOf(type, rank);
    types.set(type.name, rule);
    byName.set(type.name, rule);
    for (const externalId of type.externalIds) byName.set(externalId, rule);
  }
  return {
    types,
    byName,
    ignored: new Set(definition.ignored),
    mapped: definition.types.flatMap(({ name, from }) => from.map((source) => ({ type: name, source }))),
    quarantine: definition.quarantine,
    caps,
  };
}

export const DEFAULT_RULES: IdentityRules = compileRules(DEFAULT_IDENTITY);

function ruleOf(definition: IdentifierTypeDefinition, rank: number): IdentifierRule {
  const { name: type, limit, windowMs, normalise, blockedValues, blockedPatterns } = definition;
  if (blockedValues.length === 0 && blockedPatterns.length === 0) {
    return { type, rank, limit, windowMs, normalise, isBlocked: isPlaceholder };
  }
  const values = new Set(blockedValues.map((value) => value.trim().toLowerCase()));
  const patterns = blockedPatterns.map((text) => {
    const pattern = compileValuePattern(text);
    if (pattern === undefined) throw new Error(`assertion: ${JSON.stringify(text)} is no pattern`);
    return pattern;
  });
  const isBlocked = (value: string): boolean => {
    if (isPlaceholder(value)) return true;
    const trimmed = value.trim();
    return values.has(trimmed.toLowerCase()) || patterns.some((matches) => matches(trimmed));
  };
  return { type, rank, limit, windowMs, normalise, isBlocked };
}
