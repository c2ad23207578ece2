/** Identifiers in traits and properties, where a workspace's rules say that these are some. */
import type { IdentifierSource } from '@attrium/catalogue';
import { jsonAt } from '@attrium/condition';
import { Decimal, type Event, type Identifier } from '@attrium/event';
import type { IdentityRules } from './rules.js';

/** `payload`: the event's JSON. Texts and numbers count; null and "" are absence, and so is everything else. */
export function mappedIdentifiers(event: Event, payload: unknown, rules: IdentityRules): Identifier[] {
  const found: Identifier[] = [];
  for (const { type, source } of rules.mapped) {
    const value = textOf(read(event, payload, source));
    if (value !== undefined) found.push({ type, value });
  }
  return found;
}

/** A person's traits are those of identify and, in every event, of its context; those of a group tell of the account. */
function read(event: Event, payload: unknown, { kind, path, event: name }: IdentifierSource): unknown {
  if (kind === 'property') {
    if (name !== undefined && name !== event.name) return undefined;
    return jsonAt(jsonAt(payload, ['properties']), path);
  }
  const own = event.type === 'identify' ? jsonAt(jsonAt(payload, ['traits']), path) : undefined;
  return own ?? jsonAt(jsonAt(payload, ['context', 'traits']), path);
}

function textOf(json: unknown): string | undefined {
  if (typeof json === 'string') return json === '' ? undefined : json;
  return typeof json === 'number' || json instanceof Decimal ? String(json) : undefined;
}
