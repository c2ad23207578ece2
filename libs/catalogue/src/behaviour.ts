/** Event conditions (did, did not) as the unnamed attributes they compile to. */
import type { Behaviour } from '@attrium/condition';
import { canonicalJson, stableHash } from './canonical.js';
import type { ComputedAttribute } from './compiled.js';

/** The unnamed attribute of an event condition: true once enough such events are in the window. `did_not` is its negation. */
export function behaviourAttribute(behaviour: Behaviour): ComputedAttribute {
  const { event, where, withinMs, atLeast } = behaviour;
  const name = `~${stableHash(canonicalJson({ event, where, withinMs, atLeast }))}`;
  return {
    kind: 'computed',
    name,
    key: name,
    of: 'user',
    type: 'boolean',
    visible: false,
    reducer: 'count',
    event,
    where,
    withinMs,
    atLeast,
  };
}

/** Whether an attribute comes from an event condition instead of a definition. */
export function isUnnamed(attribute: string): boolean {
  return attribute.startsWith('~');
}
