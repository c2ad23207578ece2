/**
 * What a trigger would have done, from what was recorded: each occasion is decided by the values and memberships of then. What nobody recorded
 * (what conditions on events were then) makes an occasion undecided, never a guess.
 */
import type { Frequency, TriggerDefinition } from '@attrium/catalogue';
import { compileCondition, type ParsedCondition } from '@attrium/condition';
import { assertNever, compareText, Decimal, stringifyExactJson, Timestamp, type Value } from '@attrium/event';

/** One time at which the trigger would have been asked. */
export interface Occasion {
  readonly profile: string;
  readonly kind: 'segment-entered' | 'segment-exited' | 'segment-present' | 'attribute-changed' | 'event-occurred';
  /** Log time, ms: what frequency and days are measured by. */
  readonly at: number;
  /** Where it stands among what is known of the profile. */
  readonly place: Place;
  /** Of an event: the value of the property that the frequency's key names, as JSON text; empty for none. */
  readonly property?: string | undefined;
}

/** A place in the two histories of a profile: rows of each up to which (inclusive) something holds; -1: none. */
export interface Place {
  readonly values: number;
  readonly memberships: number;
}

export interface ValueChange {
  readonly name: string;
  readonly value: Value | undefined;
  /** Its row: changes of one row hold together. */
  readonly row: number;
}

export interface MembershipFlip {
  readonly segment: string;
  readonly isMember: boolean;
  readonly row: number;
}

/** What is known of one profile: at the beginning, and what changed since, by rising rows. */
export interface ProfileHistory {
  readonly values: ReadonlyMap<string, Value>;
  readonly members: ReadonlySet<string>;
  readonly valueChanges: readonly ValueChange[];
  readonly flips: readonly MembershipFlip[];
}

export const OUTCOMES = ['fired', 'condition', 'frequency', 'undecided'] as const;
/** condition, frequency: suppressed by it. undecided: it depends on what was not recorded. */
export type DryOutcome = (typeof OUTCOMES)[number];

export interface Decided {
  readonly occasion: Occasion;
  readonly outcome: DryOutcome;
}

/** The occasions of one profile, by rising time; each is decided as the stage would have, had the trigger become active before the first. */
export function decideProfile(
  { condition, frequency }: Pick<TriggerDefinition, 'condition' | 'frequency'>,
  history: ProfileHistory,
  occasions: readonly Occasion[],
): Decided[] {
  const walk = new Walk(history);
  const fired = new Map<string, { at: number; sure: boolean }[]>();
  return occasions.map((occasion) => {
    walk.to(occasion.place);
    const holds = condition === undefined ? true : truthOf(condition, walk, occasion.at);
    if (holds === false) return { occasion, outcome: 'condition' };
    const key = keyOf(frequency, walk, occasion);
    const before = (fired.get(key) ?? []).filter((each) => stillCounts(frequency, each.at, occasion.at));
    if (before.some(({ sure }) => sure)) return { occasion, outcome: holds ? 'frequency' : 'undecided' };
    const sure = holds === true && before.length === 0;
    fired.set(key, [...before, { at: occasion.at, sure }]);
    return { occasion, outcome: sure ? 'fired' : 'undecided' };
  });
}

/** Whether a firing forbids one of a later time. */
function stillCounts(frequency: Frequency, fired: number, at: number): boolean {
  if (frequency.kind === 'every') return false;
  return frequency.kind === 'once' || at - fired < frequency.periodMs;
}

/** No value is a value of its own, and the type is part of it. */
function keyOf(frequency: Frequency, { values }: Walk, { property }: Occasion): string {
  if (frequency.kind === 'every') return '';
  if (frequency.property !== undefined) return `p${property ?? ''}`;
  if (frequency.key === undefined) return '';
  const value = values.get(frequency.key);
  if (value === undefined) return 'k';
  if (value instanceof Timestamp) return `kt${value.ms}`;
  return value instanceof Decimal || typeof value === 'number' ? `kn${value}` : `k${stringifyExactJson(value)}`;
}

/** What is true of the profile at a place that only goes on. */
class Walk {
  readonly values: Map<string, Value>;
  readonly members: Set<string>;
  private value = 0;
  private flip = 0;

  constructor(private readonly history: ProfileHistory) {
    this.values = new Map(history.values);
    this.members = new Set(history.members);
  }

  to({ values, memberships }: Place): void {
    const { valueChanges, flips } = this.history;
    for (; this.value < valueChanges.length && valueChanges[this.value]!.row <= values; this.value++) {
      const { name, value } = valueChanges[this.value]!;
      if (value === undefined) this.values.delete(name);
      else this.values.set(name, value);
    }
    for (; this.flip < flips.length && flips[this.flip]!.row <= memberships; this.flip++) {
      const { segment, isMember } = flips[this.flip]!;
      if (isMember) this.members.add(segment);
      else this.members.delete(segment);
    }
  }
}

/** Undefined: it depends on what was not recorded. */
function truthOf(node: ParsedCondition, known: Walk, at: number): boolean | undefined {
  switch (node.kind) {
    case 'all':
      return allOf(node.of.map((of) => truthOf(of, known, at)));
    case 'any':
      return not(allOf(node.of.map((of) => not(truthOf(of, known, at)))));
    case 'not':
      return not(truthOf(node.of, known, at));
    case 'segment':
      return known.members.has(node.segment);
    case 'compare': {
      const attribute = (name: string): Value | undefined => known.values.get(name);
      return compileCondition(node)({ attribute, property: () => undefined, inSegment: () => false });
    }
    case 'age': {
      const value = known.values.get(node.attribute);
      if (!(value instanceof Timestamp)) return false;
      return at - value.ms >= node.olderThanMs !== node.newer;
    }
    case 'behaviour':
    case 'aggregate':
    case 'moment':
    case 'sequence':
      return undefined;
    default:
      return assertNever(node);
  }
}

function allOf(truths: readonly (boolean | undefined)[]): boolean | undefined {
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : true;
}

function not(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}

export type Counts = Readonly<Record<DryOutcome, number>>;

export interface DryRunTotals {
  readonly counts: Counts;
  /** By UTC date, those with an occasion only, in order. */
  readonly days: readonly ({ readonly day: string } & Counts)[];
  /** The first of each outcome, by time. */
  readonly samples: readonly Decided[];
}

export function totalsOf(decided: readonly Decided[], sampleMax: number): DryRunTotals {
  const none = (): Record<DryOutcome, number> => ({ fired: 0, condition: 0, frequency: 0, undecided: 0 });
  const counts = none();
  const days = new Map<string, Record<DryOutcome, number>>();
  for (const { occasion, outcome } of decided) {
    const day = new Date(occasion.at).toISOString().slice(0, 10);
    const own = days.get(day) ?? none();
    days.set(day, own);
    own[outcome]++;
    counts[outcome]++;
  }
  const inTime = [...decided].sort(
    (a, b) => a.occasion.at - b.occasion.at || compareText(a.occasion.profile, b.occasion.profile),
  );
  return {
    counts,
    days: [...days].sort(([a], [b]) => compareText(a, b)).map(([day, own]) => ({ day, ...own })),
    samples: OUTCOMES.flatMap((outcome) => inTime.filter((each) => each.outcome === outcome).slice(0, sampleMax)),
  };
}
