/** A catalogue as this stage uses it: which triggers watch a segment or an attribute; paused ones watch nothing. Derived, never stored. */
import type { CompiledCatalogue, CompiledTrigger, Frequency } from '@attrium/catalogue';
import { compileCondition, type Predicate } from '@attrium/condition';
import { type MovePredicate, moved } from './move.js';
import { attributesAsked, type PermissionRules } from './permission.js';

export interface PlannedTrigger {
  readonly name: string;
  readonly frequency: Frequency;
  /** Whether it fires on what a backfill changes. */
  readonly onBackfill: boolean;
  /** The `if`; undefined: always true. */
  readonly condition: Predicate | undefined;
  /** Asked after the `if` and the frequency. */
  readonly permission: PermissionRules;
  /** Attributes that `permission` reads: a firing that it suppressed carries their values too. */
  readonly asked: readonly string[];
  /** Of triggers on attributes: whether a change is one that it watches for. */
  readonly watches: MovePredicate;
  /** Attributes whose values the firing carries. */
  readonly payload: readonly string[];
  /** Segments that the `if` names. */
  readonly segments: readonly string[];
}

export interface Plan {
  /** By segment, by segment, by attribute; triggers in the order of the catalogue. */
  readonly onEntered: ReadonlyMap<string, readonly PlannedTrigger[]>;
  readonly onExited: ReadonlyMap<string, readonly PlannedTrigger[]>;
  readonly onChanged: ReadonlyMap<string, readonly PlannedTrigger[]>;
}

export function planOf({ triggers }: CompiledCatalogue): Plan {
  const onEntered = new Map<string, PlannedTrigger[]>();
  const onExited = new Map<string, PlannedTrigger[]>();
  const onChanged = new Map<string, PlannedTrigger[]>();
  for (const trigger of triggers) {
    const { when } = trigger;
    if (trigger.paused) continue;
    const planned = planTrigger(trigger);
    if (when.kind === 'attribute') addTo(onChanged, when.attribute, planned);
    if (when.kind === 'segment' && when.enters) addTo(onEntered, when.segment, planned);
    if (when.kind === 'segment' && when.exits) addTo(onExited, when.segment, planned);
  }
  return { onEntered, onExited, onChanged };
}

function planTrigger(trigger: CompiledTrigger): PlannedTrigger {
  const { name, when, frequency, condition, consent, quietHours, payload, segments, onBackfill = false } = trigger;
  const predicate = condition === undefined ? undefined : compileCondition(condition);
  const watches = moved(when.kind === 'attribute' ? when.moves : []);
  const permission = { consent, quietHours };
  const asked = attributesAsked(permission);
  return { name, frequency, onBackfill, watches, condition: predicate, permission, asked, payload, segments };
}

function addTo<V>(map: Map<string, V[]>, key: string, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
