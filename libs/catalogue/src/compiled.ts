/** What stages work with: a catalogue that is valid, its behavioural conditions turned into unnamed attributes. */
import type { Condition, EventAttribute, SequenceStep } from '@attrium/condition';
import { type ExactNumber, VALUE_TYPES, type ValueType, type WaitOutcome } from '@attrium/event';

import type { ConsentRule, QuietHours } from './consent-definition.js';
import type { RollupMeaning } from './rollup-definition.js';
import type { Schedule } from './schedule.js';
import type { SessionMeaning } from './session.js';

export const MERGE_STRATEGIES = ['most_recent', 'first_stored', 'most_frequent', 'min', 'max', 'sum', 'union'] as const;
export type MergeStrategy = (typeof MERGE_STRATEGIES)[number];

/** The types of attributes that each strategy merges. */
export const TYPES_OF_STRATEGY: Readonly<Record<MergeStrategy, readonly ValueType[]>> = {
  most_recent: VALUE_TYPES,
  first_stored: VALUE_TYPES,
  most_frequent: ['string', 'number', 'boolean', 'timestamp'],
  min: ['number', 'timestamp'],
  max: ['number', 'timestamp'],
  sum: ['number'],
  union: ['string_list'],
};

/** Where a declared attribute takes its values from: a trait or a property (path into nested objects), optionally of one event or source only. */
export interface AttributeSource {
  readonly kind: 'trait' | 'property';
  readonly path: readonly string[];
  /** Event name; undefined: of every event. */
  readonly event?: string | undefined;
  readonly source?: string | undefined;
}

export const REDUCERS = [
  'count',
  'sum',
  'min',
  'max',
  'average',
  'first_value',
  'last_value',
  'first_time',
  'last_time',
  'distinct_count',
  'distinct_list',
  'most_frequent',
  'exists',
] as const;
export type Reducer = (typeof REDUCERS)[number];

/** The types of value that each reducer may give. */
export const TYPES_OF_REDUCER: Readonly<Record<Reducer, readonly ValueType[]>> = {
  count: ['number'],
  sum: ['number'],
  min: ['number', 'timestamp'],
  max: ['number', 'timestamp'],
  average: ['number'],
  first_value: VALUE_TYPES,
  last_value: VALUE_TYPES,
  first_time: ['timestamp'],
  last_time: ['timestamp'],
  distinct_count: ['number'],
  distinct_list: ['string_list'],
  most_frequent: ['string', 'number', 'boolean', 'timestamp'],
  exists: ['boolean'],
};

/** The reducers that read a property of each event (`of`); the others only ask whether and when it happened. */
export const REDUCERS_OF_PROPERTIES: readonly Reducer[] = [
  'sum',
  'min',
  'max',
  'average',
  'first_value',
  'last_value',
  'distinct_count',
  'distinct_list',
  'most_frequent',
];

interface AttributeHead {
  /** Unnamed attributes (behavioural conditions) have a name that begins with `~`. */
  readonly name: string;
  /** Identity of the state: changes when the definition changes its meaning, so that a new meaning starts anew. */
  readonly key: string;
  readonly of: 'user' | 'account';
  readonly type: ValueType;
  readonly visible: boolean;
  /** Set on unnamed attributes of ages: what is folded are timestamps, and the value is a boolean. */
  readonly age?: AgeTest | undefined;
}

/** true once the timestamp is at least `ageMs` ago; with `newer`, true until then. */
export interface AgeTest {
  readonly ageMs: number;
  readonly newer: boolean;
}

export interface DeclaredAttribute extends AttributeHead {
  readonly kind: 'declared';
  readonly merge: MergeStrategy;
  readonly from: readonly AttributeSource[];
}

export interface ComputedAttribute extends AttributeHead {
  readonly kind: 'computed';
  readonly reducer: Reducer;
  readonly event: string;
  /** The property that the reducer reads; set for `REDUCERS_OF_PROPERTIES`. */
  readonly property?: readonly string[] | undefined;
  /** In place of `property`. */
  readonly eventAttribute?: EventAttribute | undefined;
  /** Which of the events count; over event properties only. */
  readonly where?: Condition | undefined;
  /** Rolling window in milliseconds; undefined: lifetime. */
  readonly withinMs?: number | undefined;
  /** Set on unnamed attributes of conditions with a fixed range of event times: first and last millisecond that count. */
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Entries that `distinct_list` keeps; undefined: `LIST_ENTRIES_MAX`. */
  readonly entriesMax?: number | undefined;
  /** Set on unnamed attributes of behavioural conditions: the value is the boolean `count >= atLeast`. */
  readonly atLeast?: number | undefined;
  /** Set on unnamed attributes of conditions about several events: what is looked for instead; `event` is that of the first step. */
  readonly pattern?: EventPattern | undefined;
}

/** What is looked for among the events of an entity, which are in the order of their times, then of their ids. */
export type EventPattern =
  /** One event for each step, one after the other; `withinMs`: all of them in a rolling window. */
  | { readonly kind: 'sequence'; readonly steps: readonly SequenceStep[]; readonly withinMs?: number | undefined }
  /** At least so many events of the first step after the last one of the second. */
  | { readonly kind: 'since'; readonly steps: readonly SequenceStep[]; readonly atLeast: number };

/** Calculated from other attributes of the same entity; keeps no state of its own. */
export interface FormulaAttribute extends AttributeHead {
  readonly kind: 'formula';
  readonly formula: string;
  /** Names of the attributes that it reads, sorted, each once. */
  readonly reads: readonly string[];
}

/** Derived from the sessions that the events of a profile form. */
export interface SessionAttribute extends AttributeHead, SessionMeaning {
  readonly kind: 'session';
}

/** Of accounts: made of what their members have; keeps no state in the row of the account. */
export interface RollupAttribute extends AttributeHead, RollupMeaning {
  readonly kind: 'rollup';
}

export type CompiledAttribute =
  | DeclaredAttribute
  | ComputedAttribute
  | SessionAttribute
  | FormulaAttribute
  | RollupAttribute;

export interface CompiledSegment {
  readonly name: string;
  readonly of: 'user' | 'account';
  /** Over attributes (named and unnamed) and other segments. */
  readonly where: Condition;
  /** Names of the attributes and segments that `where` reads. */
  readonly attributes: readonly string[];
  readonly segments: readonly string[];
}

export type TriggerWhen =
  | {
      readonly kind: 'segment';
      readonly segment: string;
      readonly enters: boolean;
      readonly exits: boolean;
      /** It fires once for each that is in the segment when it becomes active, about so many a second; undefined: not for them. */
      readonly present?: { readonly perSecond: number } | undefined;
    }
  | {
      readonly kind: 'attribute';
      readonly attribute: string;
      /** One of them has to be what happened; none: any change. */
      readonly moves: readonly AttributeMove[];
    }
  | ({ readonly kind: 'event' } & EventFilter)
  /** For who is in the segment then. */
  | { readonly kind: 'schedule'; readonly segment: string; readonly schedule: Schedule };

/** Track events of a name; with `where`, over their properties, only some of them. */
export interface EventFilter {
  readonly event: string;
  readonly where?: Condition | undefined;
}

/** What firings of a trigger wait for before they are made: some time, or something to happen, at most so long. */
export type Waiting = {
  /** Whether `if` is asked again when the firing is made, by the values of then; else it carries those of its cause. */
  readonly recheck: boolean;
} & (
  | { readonly kind: 'delay'; readonly delayMs: number }
  | ({ readonly kind: 'event'; readonly timeoutMs: number; readonly outcomes: readonly WaitOutcome[] } & EventFilter)
  | {
      readonly kind: 'condition';
      readonly timeoutMs: number;
      readonly outcomes: readonly WaitOutcome[];
      readonly condition: Condition;
    }
);

/** A way in which a value changes; all that is given has to hold. */
export interface AttributeMove {
  /** Over this attribute alone, as it was before and as it is after. */
  readonly from?: Condition | undefined;
  readonly to?: Condition | undefined;
  /** The least difference in one direction or the other; a change from or to no value has none. */
  readonly by?: { readonly up?: ExactNumber | undefined; readonly down?: ExactNumber | undefined } | undefined;
}

/** `key`: an attribute, `property`: the path of a property of the event; the frequency holds for each of its values. */
export type Frequency =
  | { readonly kind: 'every' }
  | { readonly kind: 'once'; readonly key?: string | undefined; readonly property?: string | undefined }
  | {
      readonly kind: 'once_per';
      readonly periodMs: number;
      readonly key?: string | undefined;
      readonly property?: string | undefined;
    };

export interface WebhookDestination {
  readonly url: string;
  /** Name of the signing secret; undefined: the workspace's. */
  readonly secret?: string | undefined;
  /** Attempts under way at the same time; undefined: as many as the instance allows. */
  readonly atOnce?: number | undefined;
  /** Attempts a second; undefined: no limit. */
  readonly perSecond?: number | undefined;
}

export interface CompiledTrigger {
  readonly name: string;
  /** The kind of what it watches. */
  readonly of: 'user' | 'account';
  /** It fires nothing; what happens meanwhile is not made up for. */
  readonly paused: boolean;
  /** It fires on what a backfill changes too; undefined: not. */
  readonly onBackfill?: true | undefined;
  /** It is paused for good, and its firings that wait are dropped. */
  readonly archived: boolean;
  readonly when: TriggerWhen;
  /** Undefined: fires at once. */
  readonly waits?: Waiting | undefined;
  readonly condition?: Condition | undefined;
  readonly frequency: Frequency;
  readonly webhooks: readonly WebhookDestination[];
  readonly stream: boolean;
  /** Named attributes whose values the firing carries: those that `payload` names, those that `if` reads, and the key of `frequency`. */
  readonly payload: readonly string[];
  /** Paths of properties of the event that the firing carries, the key of `frequency` included. */
  readonly properties: readonly string[];
  /** Asked after `condition` and `frequency`. */
  readonly consent?: ConsentRule | undefined;
  readonly quietHours?: QuietHours | undefined;
  /** Of firings that wait: whether `condition` is asked again when they are made; undefined: it is. */
  readonly recheck?: boolean | undefined;
  /** What `condition`, that of `waits`, `consent` and `quietHours` read, unnamed attributes too: segment passes on the values of these and of `payload`. */
  readonly attributes: readonly string[];
  readonly segments: readonly string[];
}

export interface CompiledCatalogue {
  readonly workspace: string;
  readonly revision: number;
  readonly attributes: readonly CompiledAttribute[];
  /** In an order in which each comes after the segments that it reads. */
  readonly segments: readonly CompiledSegment[];
  readonly triggers: readonly CompiledTrigger[];
}
