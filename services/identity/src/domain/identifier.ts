/** What an identifier may be: its types with their priority and limits, how values are normalised, and which are refused. */
import type { Event, Identifier, RefusalReason } from '@attrium/event';

/** The rules by which one workspace groups identifiers into profiles. */
export interface IdentityRules {
  /** Types that are used, the highest priority first. */
  readonly types: readonly string[];
  /** Values of one type that a profile may hold. */
  readonly valuesMax: Readonly<Record<string, number>>;
  readonly identifiersPerProfileMax: number;
  /** Profiles that may be merged into one, over its whole life. */
  readonly mergesPerProfileMax: number;
}

export const DEFAULT_RULES: IdentityRules = {
  types: ['user_id', 'email', 'anonymous_id'],
  valuesMax: { user_id: 1, email: 5, anonymous_id: 5 },
  identifiersPerProfileMax: 1_000,
  mergesPerProfileMax: 100,
};

/** UTF-16 code units of a value: three bytes each at most, so that a key stays inside what the state store can hold (1,978 bytes). */
export const IDENTIFIER_LENGTH_MAX = 512;

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

/** An identifier of an event that does not take part in resolving it. */
export interface Refusal {
  readonly identifier: Identifier;
  readonly why: RefusalReason;
}

/** The identifier in the form in which it is compared: an email trimmed and in lower case, every value as well-formed Unicode. */
export function normalise(identifier: Identifier): Identifier {
  const { type, value } = identifier;
  const changed = type === 'email' ? value.trim().toLowerCase() : value;
  // The log and the state store keep UTF-8, in which a lone surrogate does not survive: it is replaced before anything is compared.
  const wellFormed = changed.isWellFormed() ? changed : changed.toWellFormed();
  return wellFormed === value ? identifier : { type, value: wellFormed };
}

export function isBlocked(value: string): boolean {
  const trimmed = value.trim();
  return BLOCKED_VALUES.has(trimmed.toLowerCase()) || BLOCKED_PATTERN.test(trimmed);
}

/** A refused identifier is told in a fact, which has its limits too. */
function shortened(identifier: Identifier): Identifier {
  const { type, value } = identifier;
  if (value.length <= IDENTIFIER_LENGTH_MAX) return identifier;
  return { type, value: value.slice(0, IDENTIFIER_LENGTH_MAX).toWellFormed() };
}

/** Why a normalised identifier cannot be used; undefined when it can. */
export function refusalOf(identifier: Identifier, rules: IdentityRules): RefusalReason | undefined {
  if (!rules.types.includes(identifier.type)) return 'unknown-type';
  if (identifier.value.length > IDENTIFIER_LENGTH_MAX) return 'too-long';
  return isBlocked(identifier.value) ? 'blocked' : undefined;
}

/** One key for an identifier in its workspace; workspace and type hold no slash. */
export function identifierKey(workspace: string, identifier: Identifier): string {
  return `${workspace}/${identifier.type}/${identifier.value}`;
}

/**
 * The identifiers of an event that can be used, normalised, each once, the highest priority first; those of one type keep the event's
 * order. The previous identifier of an alias comes last: it is what is given up first when a limit would be broken.
 */
export function usableIdentifiers(
  event: Event,
  rules: IdentityRules,
  isKnown: (identifier: Identifier) => boolean,
): { usable: Identifier[]; refused: Refusal[] } {
  const usable: Identifier[] = [];
  const refused: Refusal[] = [];
  const take = (given: Identifier): void => {
    const identifier = normalise(given);
    const why = refusalOf(identifier, rules);
    if (why !== undefined) refused.push({ identifier: shortened(identifier), why });
    else if (!usable.some((other) => other.type === identifier.type && other.value === identifier.value)) {
      usable.push(identifier);
    }
  };
  for (const identifier of event.identifiers) take(identifier);
  if (usable.length > 1) usable.sort((a, b) => rules.types.indexOf(a.type) - rules.types.indexOf(b.type));
  const previous = event.type === 'alias' ? previousOf(event, isKnown) : undefined;
  if (previous !== undefined) take(previous);
  return { usable, refused };
}

/**
 * The other identifier of an alias; undefined for an alias to itself, which SDKs send (analytics-next's `alias('u2')` after
 * `identify('u1')` arrives as u1 → u1) and which does nothing. A `previous_id` is a user id if one of that value is known, else an
 * anonymous id.
 */
function previousOf(event: Event, isKnown: (identifier: Identifier) => boolean): Identifier | undefined {
  const { previous } = event;
  if (previous === undefined) return undefined;
  const { value } = normalise(previous);
  if (event.identifiers.some((own) => own.type === 'user_id' && normalise(own).value === value)) return undefined;
  if (previous.type !== 'previous_id') return previous;
  const asUser = { type: 'user_id', value };
  return isKnown(asUser) ? asUser : { type: 'anonymous_id', value };
}
