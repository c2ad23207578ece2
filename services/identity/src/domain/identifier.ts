/** The identifiers of an event: named and written as the workspace's rules have them, those that cannot be used refused with a reason. */
import type { Event, Identifier, RefusalReason } from '@attrium/event';
import { phoneNumber } from './phone.js';
import type { IdentifierRule, IdentityRules } from './rules.js';

/** UTF-16 code units of a value: three bytes each at most, so that a key stays inside what the state store can hold (1,978 bytes). */
export const IDENTIFIER_LENGTH_MAX = 512;
/** Of the name of a type, as events bring it. */
const TYPE_LENGTH_MAX = 64;

/**
 * Which limit left an identifier out: values of its type, values gained in the type's window of time, identifiers of the profile or of the event, merges or accounts of the profile,
 * members of the account.
 */
export type HitLimit = 'values' | 'window' | 'identifiers' | 'merges' | 'event' | 'accounts' | 'members';

/** An identifier of an event that does not take part in resolving it. */
export interface Refusal {
  readonly identifier: Identifier;
  readonly why: RefusalReason;
  /** Where `why` is limit. */
  readonly hit?: HitLimit;
}

/** A value in the form in which it is compared; undefined when it has not the form of its type. */
export function normalise(value: string, form: IdentifierRule['normalise']): string | undefined {
  const changed = form === 'none' ? value : form === 'phone' ? phoneNumber(value) : value.trim().toLowerCase();
  // The log and the state store keep UTF-8, in which a lone surrogate does not survive: it is replaced before anything is compared.
  return changed === undefined || changed.isWellFormed() ? changed : changed.toWellFormed();
}

/** The identifier that a question means, in the form in which it is kept; undefined when there can be none. */
export function identifierAsked({ type, value }: Identifier, rules: IdentityRules): Identifier | undefined {
  const rule = rules.byName.get(type);
  // What was linked under rules of before is still found as it was.
  if (rule === undefined) return { type, value };
  const normalised = normalise(value, rule.normalise);
  return normalised === undefined ? undefined : { type: rule.type, value: normalised };
}

/** One key for an identifier in its workspace; workspace and type hold no slash. */
export function identifierKey(workspace: string, identifier: Identifier): string {
  return `${workspace}/${identifier.type}/${identifier.value}`;
}

/** A refused identifier is told in a fact, which has its limits too. */
export function shortened({ type, value }: Identifier): Identifier {
  return { type: cut(type, TYPE_LENGTH_MAX), value: cut(value, IDENTIFIER_LENGTH_MAX) };
}

function cut(text: string, lengthMax: number): string {
  const short = text.length <= lengthMax ? text : text.slice(0, lengthMax);
  return short.isWellFormed() ? short : short.toWellFormed();
}

export interface EventIdentifiers {
  readonly usable: Identifier[];
  readonly refused: Refusal[];
}

/**
 * The identifiers of an event that can be used, normalised, each once, the highest priority first; those of one type keep the event's
 * order, mapped ones last. The previous identifier of an alias comes last of all: it is what is given up first when a limit would be
 * broken.
 */
export function usableIdentifiers(
  event: Event,
  rules: IdentityRules,
  more: { readonly mapped: readonly Identifier[]; readonly isKnown: (identifier: Identifier) => boolean },
): EventIdentifiers {
  const usable: Identifier[] = [];
  const refused: Refusal[] = [];
  const take = (given: Identifier): void => takeInto(usable, refused, given, rules);
  for (const identifier of event.identifiers) take(identifier);
  for (const identifier of more.mapped) take(identifier);
  if (usable.length > 1) usable.sort((a, b) => rules.types.get(a.type)!.rank - rules.types.get(b.type)!.rank);
  const previous = event.type === 'alias' ? previousOf(event, rules, more.isKnown) : undefined;
  if (previous !== undefined) take(previous);
  const { identifiersPerEventMax } = rules.caps;
  if (usable.length > identifiersPerEventMax) {
    for (const identifier of usable.splice(identifiersPerEventMax)) {
      refused.push({ identifier, why: 'limit', hit: 'event' });
    }
  }
  return { usable, refused };
}

/** Takes one in as it is compared, or says why not; a type that the workspace ignores is neither. */
export function takeInto(usable: Identifier[], refused: Refusal[], given: Identifier, rules: IdentityRules): void {
  const rule = rules.byName.get(given.type);
  if (rule === undefined) {
    if (!rules.ignored.has(given.type)) refused.push({ identifier: shortened(given), why: 'unknown-type' });
    return;
  }
  const { type } = rule;
  const value = normalise(given.value, rule.normalise);
  if (value === undefined) {
    // A placeholder of a number that is none is still the same bug of the same sender.
    const why = rule.isBlocked(given.value) ? 'blocked' : 'malformed';
    refused.push({ identifier: shortened({ type, value: given.value }), why });
  } else if (value.length > IDENTIFIER_LENGTH_MAX) {
    refused.push({ identifier: shortened({ type, value }), why: 'too-long' });
  } else if (rule.isBlocked(value)) {
    refused.push({ identifier: { type, value }, why: 'blocked' });
  } else if (!usable.some((other) => other.type === type && other.value === value)) {
    usable.push(type === given.type && value === given.value ? given : { type, value });
  }
}

/**
 * The other identifier of an alias; undefined for an alias to itself, which SDKs send (analytics-next's `alias('u2')` after
 * `identify('u1')` arrives as u1 → u1) and which does nothing. A `previous_id` is a user id if one of that value is known, else an
 * anonymous id.
 */
function previousOf(
  event: Event,
  rules: IdentityRules,
  isKnown: (identifier: Identifier) => boolean,
): Identifier | undefined {
  const { previous } = event;
  if (previous === undefined) return undefined;
  const userRule = rules.types.get('user_id');
  const asUser = (value: string): string => normalise(value, userRule?.normalise ?? 'none') ?? value;
  const user = { type: 'user_id', value: asUser(previous.value) };
  if (event.identifiers.some((own) => own.type === 'user_id' && asUser(own.value) === user.value)) return undefined;
  if (previous.type !== 'previous_id') return previous;
  return userRule !== undefined && isKnown(user) ? user : { type: 'anonymous_id', value: previous.value };
}
