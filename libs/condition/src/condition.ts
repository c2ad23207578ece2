/** The one condition language: a tree that is true or false of an entity or of an event. */
import type { ExactNumber, Timestamp, Value, ValueType } from '@attrium/event';

export const COMPARATORS = [
  'equals',
  'not_equals',
  'gt',
  'gte',
  'lt',
  'lte',
  'in',
  'not_in',
  'contains',
  'starts_with',
  'ends_with',
  'exists',
] as const;
export type Comparator = (typeof COMPARATORS)[number];

/** What a comparison looks at: an attribute of the entity or a property of the event (dots go into nested objects). */
export type Operand =
  | { readonly kind: 'attribute'; readonly name: string }
  | { readonly kind: 'property'; readonly path: readonly string[] }
  | EventAttribute;

/** A typed field of events, with the properties that it is taken from: the first that fits the event and has a value of the type. */
export interface EventAttribute {
  readonly kind: 'event_attribute';
  readonly name: string;
  readonly type: ValueType;
  readonly from: readonly EventField[];
}

/** A property (path into nested objects), optionally of track events of one name or of events of one source only. */
export interface EventField {
  readonly path: readonly string[];
  readonly event?: string | undefined;
  readonly source?: string | undefined;
}

export type Condition =
  | { readonly kind: 'all'; readonly of: readonly Condition[] }
  | { readonly kind: 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | {
      readonly kind: 'compare';
      readonly operand: Operand;
      readonly comparator: Comparator;
      /** The right side; a list for `in` and `not_in`; a boolean for `exists`. */
      readonly value: Value;
    }
  | { readonly kind: 'segment'; readonly segment: string };

/**
 * What an entity did or did not do. It exists only in parsed catalogues: libs/catalogue turns it into a comparison with an
 * unnamed attribute, so that stages never meet it.
 */
export interface Behaviour extends Happening {
  readonly kind: 'behaviour';
  /** false: did not, the exact negation of did. */
  readonly did: boolean;
  /** How many such events make it true; 1 or more. */
  readonly atLeast: number;
  /** Only what came after the last of these counts; nothing as long as there is none. Never together with times. */
  readonly since?: Occurrence | undefined;
}

/** When something was done for the first or the last time; false for who never did it. Like a behaviour, it exists only in parsed catalogues. */
export interface Moment extends Occurrence {
  readonly kind: 'moment';
  readonly which: 'first' | 'last';
  readonly test: MomentTest;
}

/** At least so long ago (or, when `newer`, less long); or how it compares with an instant. */
export type MomentTest =
  | { readonly ageMs: number; readonly newer: boolean }
  | { readonly comparator: 'gt' | 'gte' | 'lt' | 'lte'; readonly at: Timestamp };

/** Events one after the other, by time and then by id. Like a behaviour, it exists only in parsed catalogues. */
export interface Sequence {
  readonly kind: 'sequence';
  /** Two or more. */
  readonly steps: readonly SequenceStep[];
  /** Rolling window that all of its events are in; undefined: ever. */
  readonly withinMs?: number | undefined;
}

export interface SequenceStep extends Occurrence {
  /** The step before it is less than so long before it; undefined, and for the first step: at any time before. */
  readonly withinMs?: number | undefined;
}

/** What the events of an entity add up to. Like a behaviour, it exists only in parsed catalogues. The sum of no events is 0. */
export interface Aggregate extends Happening {
  readonly kind: 'aggregate';
  readonly reducer: 'sum';
  /** The property that is added up; texts of numbers count as numbers, and everything else counts for nothing. */
  readonly property: readonly string[];
  /** In place of `property`, which is empty then. */
  readonly eventAttribute?: EventAttribute | undefined;
  readonly comparator: AggregateComparator;
  readonly value: ExactNumber;
}

export const AGGREGATE_COMPARATORS = ['equals', 'gt', 'gte', 'lt', 'lte'] as const satisfies readonly Comparator[];
export type AggregateComparator = (typeof AGGREGATE_COMPARATORS)[number];

/**
 * Whether a timestamp is at least so long ago (or, when `newer`, less long, times to come included); false for no value. It exists only
 * in parsed catalogues: what flips by the passing of time alone is an unnamed attribute.
 */
export interface Age {
  readonly kind: 'age';
  readonly attribute: string;
  readonly olderThanMs: number;
  readonly newer: boolean;
}

/** The events of one name that a condition lets pass. */
export interface Occurrence {
  readonly event: string;
  /** Over event properties only. */
  readonly where?: Condition | undefined;
}

/** Which events an event condition is about. */
export interface Happening extends Occurrence {
  /** Rolling window in milliseconds; undefined: ever. Never together with a fixed range. */
  readonly withinMs?: number | undefined;
  /** First and last millisecond of a fixed range of event times; undefined: open. */
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
}

/** A condition as users write it: every `Condition` is one, and it may hold what only catalogues know. */
export type ParsedCondition =
  | Condition
  | Behaviour
  | Aggregate
  | Age
  | Moment
  | Sequence
  | { readonly kind: 'all'; readonly of: readonly ParsedCondition[] }
  | { readonly kind: 'any'; readonly of: readonly ParsedCondition[] }
  | { readonly kind: 'not'; readonly of: ParsedCondition };

/** Where a condition finds what it asks for. A missing attribute or property is `undefined`. */
export interface ConditionSubject {
  attribute(name: string): Value | undefined;
  /** The property as a value: JSON scalars and lists of strings; anything else is `undefined`. */
  property(path: readonly string[]): Value | undefined;
  inSegment(name: string): boolean;
  /** Of subjects that are events; without it, an event attribute has no value. */
  eventAttribute?(attribute: EventAttribute): Value | undefined;
}
