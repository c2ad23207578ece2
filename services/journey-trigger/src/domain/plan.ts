/** A catalogue as this stage uses it: which triggers watch for what; paused ones watch for nothing. Derived, never stored. */
import {
  type CompiledCatalogue,
  type CompiledTrigger,
  definitionOfWait,
  type MovePredicate,
  mayWait,
  moved,
  stableHash,
} from '@attrium/catalogue';
import { compileCondition, type Predicate, readsOf } from '@attrium/condition';
import { compareText, WAIT_OUTCOMES, type WaitOutcome } from '@attrium/event';
import type { DecidedBy } from './decision.js';
import { attributesAsked } from './permission.js';

export interface PlannedTrigger extends DecidedBy {
  readonly name: string;
  readonly paused: boolean;
  /** Whether it fires on what a backfill changes. */
  readonly onBackfill: boolean;
  /** Attributes that `permission` reads: a firing that it suppressed carries their values too. */
  readonly asked: readonly string[];
  /** Of triggers on attributes: whether a change is one that it watches for. */
  readonly watches: MovePredicate;
  /** Attributes whose values the firing carries. */
  readonly payload: readonly string[];
  /** Properties of the event that the firing carries. */
  readonly properties: readonly string[];
  /** Segments that the `if` names. */
  readonly segments: readonly string[];
  /** Undefined: it fires at once. */
  readonly waits: PlannedWait | undefined;
  /** Of firings that wait: whether `if` is asked again at the end, by what is known then. */
  readonly recheck: boolean;
  /**
   * Identity, over all revisions of a catalogue, of what its firings that wait need to know: a wait goes on as long as it is there. Undefined
   * where none may wait.
   */
  readonly waitKey: string | undefined;
}

export interface PlannedWait {
  readonly kind: 'delay' | 'event' | 'condition';
  /** The delay, or the timeout. */
  readonly ms: number;
  /** Those that it delivers. */
  readonly outcomes: readonly WaitOutcome[];
  /** What it waits for, where that is a condition. */
  readonly until: Predicate | undefined;
}

/** What firings that wait need to know of their entity. */
export interface Needs {
  readonly attributes: ReadonlySet<string>;
  readonly segments: ReadonlySet<string>;
}

export interface Plan {
  readonly revision: number;
  /** Rises with each catalogue that takes effect. */
  readonly step: number;
  /** By name; without those that are archived. */
  readonly triggers: ReadonlyMap<string, PlannedTrigger>;
  /** By segment, by segment, by attribute, by definition; triggers in the order of the catalogue. */
  readonly onEntered: ReadonlyMap<string, readonly PlannedTrigger[]>;
  readonly onExited: ReadonlyMap<string, readonly PlannedTrigger[]>;
  readonly onChanged: ReadonlyMap<string, readonly PlannedTrigger[]>;
  readonly onMatched: ReadonlyMap<string, PlannedTrigger>;
  /** By name: the triggers that fire for those who are in a segment already. */
  readonly onPresent: ReadonlyMap<string, PlannedTrigger>;
  /** By name. */
  readonly onSchedule: ReadonlyMap<string, PlannedTrigger>;
  /** By definition: the triggers whose firings wait for such an event. */
  readonly awaited: ReadonlyMap<string, PlannedTrigger>;
  readonly needs: Needs;
  /** Of all that rows keep by this plan. */
  readonly keys: readonly string[];
}

export function planOf({ revision, triggers: compiled }: CompiledCatalogue, step = revision): Plan {
  const triggers = new Map<string, PlannedTrigger>();
  const onEntered = new Map<string, PlannedTrigger[]>();
  const onExited = new Map<string, PlannedTrigger[]>();
  const onChanged = new Map<string, PlannedTrigger[]>();
  const onMatched = new Map<string, PlannedTrigger>();
  const onPresent = new Map<string, PlannedTrigger>();
  const onSchedule = new Map<string, PlannedTrigger>();
  const awaited = new Map<string, PlannedTrigger>();
  for (const trigger of compiled) {
    const { name, when, archived, paused } = trigger;
    if (archived) continue;
    const planned = planTrigger(trigger);
    triggers.set(name, planned);
    if (planned.waits?.kind === 'event') awaited.set(definitionOfWait(name), planned);
    if (paused) continue;
    if (when.kind === 'attribute') addTo(onChanged, when.attribute, planned);
    if (when.kind === 'segment' && when.enters) addTo(onEntered, when.segment, planned);
    if (when.kind === 'segment' && when.exits) addTo(onExited, when.segment, planned);
    if (when.kind === 'segment' && when.present !== undefined) onPresent.set(name, planned);
    if (when.kind === 'event') onMatched.set(name, planned);
    if (when.kind === 'schedule') onSchedule.set(name, planned);
  }
  return {
    ...{ revision, step },
    ...{ triggers, onEntered, onExited, onChanged, onMatched, onSchedule, onPresent, awaited },
    needs: needsOf(compiled.filter((trigger) => mayWait(trigger) && !trigger.archived)),
    keys: [...triggers.values()].flatMap(({ name, waitKey }) =>
      waitKey === undefined ? [] : [presenceKeyOf(name), waitKey],
    ),
  };
}

/** Identity of a trigger whose firings may wait: present as long as it is neither removed nor archived. */
export function presenceKeyOf(trigger: string): string {
  return `trigger ${trigger}`;
}

function planTrigger(trigger: CompiledTrigger): PlannedTrigger {
  const { name, paused, when, frequency, condition, consent, quietHours, payload, properties, onBackfill } = trigger;
  const permission = { consent, quietHours };
  return {
    ...{ name, paused, frequency, permission, payload, properties, onBackfill: onBackfill === true },
    asked: attributesAsked(permission),
    segments: condition === undefined ? [] : readsOf(condition).segments,
    watches: moved(when.kind === 'attribute' ? when.moves : []),
    condition: condition === undefined ? undefined : compileCondition(condition),
    waits: planWait(trigger),
    recheck: trigger.recheck ?? true,
    waitKey: waitKeyOf(trigger),
  };
}

function waitKeyOf(trigger: CompiledTrigger): string | undefined {
  if (!mayWait(trigger)) return undefined;
  const { name, of, waits, recheck = true, segments } = trigger;
  const known = [waits?.kind ?? 'quiet', recheck, attributesOf(trigger), [...segments].sort(compareText)];
  const needs = of === 'user' ? known : [...known, of];
  return `wait ${name} ${stableHash(JSON.stringify(needs))}`;
}

function planWait({ waits }: CompiledTrigger): PlannedWait | undefined {
  if (waits === undefined) return undefined;
  const { kind } = waits;
  if (waits.kind === 'delay') return { kind, ms: waits.delayMs, outcomes: WAIT_OUTCOMES, until: undefined };
  const { timeoutMs: ms, outcomes } = waits;
  const until = waits.kind === 'condition' ? compileCondition(waits.condition) : undefined;
  return { kind, ms, outcomes, until };
}

function needsOf(triggers: readonly CompiledTrigger[]): Needs {
  return {
    attributes: new Set(triggers.flatMap(attributesOf)),
    segments: new Set(triggers.flatMap(({ segments }) => segments)),
  };
}

function attributesOf({ attributes, payload }: CompiledTrigger): string[] {
  return [...new Set([...attributes, ...payload])].sort(compareText);
}

function addTo<V>(map: Map<string, V[]>, key: string, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
