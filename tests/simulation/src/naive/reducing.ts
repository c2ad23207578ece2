/** What strategies and reducers give, from the list of all that came: by sorting, grouping and counting, without states. */
import { type Plain, textOfUnits, wholeNumber } from './value.js';

/** Where an event happened, and what was seen there. */
export interface Visit {
  /** The session's own id, or the device. */
  readonly where: string;
  readonly isNamed: boolean;
  readonly isMobile: boolean;
  readonly page: string | undefined;
}

/** What one event brings to one rule. */
export interface Contribution {
  readonly at: number;
  readonly eventId: string;
  readonly value: Plain | undefined;
  /** Set for rules of sessions. */
  readonly visit?: Visit;
}

export type Reduce = (inside: readonly Contribution[], limit?: number) => Plain | undefined;

/** By the words of the catalogue; declared and computed attributes share those that mean the same. */
export const REDUCE: Readonly<Record<string, Reduce>> = {
  most_recent: (all) => byTime(all).at(-1)?.value,
  last_value: (all) => byTime(all).at(-1)?.value,
  first_stored: (all) => byTime(all)[0]?.value,
  first_value: (all) => byTime(all)[0]?.value,
  count: (all) => wholeNumber(all.length),
  exists: (all) => ({ is: 'truth', truth: all.length > 0 }),
  sum: (all) => ({ is: 'number', units: total(all) }),
  average: (all) => (all.length === 0 ? undefined : { is: 'number', units: quotient(total(all), all.length) }),
  min: (all) => bySize(all)[0],
  max: (all) => bySize(all).at(-1),
  first_time: (all) => timeOf(byTime(all)[0]),
  last_time: (all) => timeOf(byTime(all).at(-1)),
  distinct_count: (all) => wholeNumber(groupsOf(all).length),
  distinct_list: (all, limit = 100) => {
    const texts = groupsOf(all).sort((a, b) => b.latest - a.latest || (a.text < b.text ? 1 : -1));
    return texts.length === 0 ? undefined : { is: 'list', texts: texts.slice(0, limit).map(({ text }) => text) };
  },
  most_frequent: (all) =>
    groupsOf(all).sort((a, b) => b.times - a.times || b.latest - a.latest || (a.text < b.text ? 1 : -1))[0]?.value,
  union: (all) => {
    const texts = all.flatMap(({ value }) => (value?.is === 'list' ? value.texts : []));
    return { is: 'list', texts: [...new Set(texts)].sort() };
  },
};

/** By time, then by id. */
function byTime(all: readonly Contribution[]): Contribution[] {
  return [...all].sort((a, b) => a.at - b.at || (a.eventId < b.eventId ? -1 : 1));
}

function timeOf(contribution: Contribution | undefined): Plain | undefined {
  return contribution === undefined ? undefined : { is: 'time', ms: contribution.at };
}

const sizeOf = (value: Plain): bigint =>
  value.is === 'number' ? value.units : value.is === 'time' ? BigInt(value.ms) : 0n;

function bySize(all: readonly Contribution[]): Plain[] {
  const values = all.flatMap(({ value }) => (value === undefined ? [] : [value]));
  return values.sort((a, b) => (sizeOf(a) < sizeOf(b) ? -1 : sizeOf(a) > sizeOf(b) ? 1 : 0));
}

function total(all: readonly Contribution[]): bigint {
  return all.reduce((sum, { value }) => sum + (value?.is === 'number' ? value.units : 0n), 0n);
}

interface Group {
  readonly text: string;
  readonly value: Plain;
  times: number;
  latest: number;
}

function groupsOf(all: readonly Contribution[]): Group[] {
  const groups: Group[] = [];
  for (const { at, value } of all) {
    if (value === undefined) continue;
    const text = textOf(value);
    const group = groups.find((each) => each.text === text);
    if (group === undefined) groups.push({ text, value, times: 1, latest: at });
    else {
      group.times++;
      group.latest = Math.max(group.latest, at);
    }
  }
  return groups;
}

function textOf(value: Plain): string {
  if (value.is === 'number') return textOfUnits(value.units);
  if (value.is === 'list') return value.texts.join();
  return value.is === 'text' ? value.text : String(value.is === 'time' ? value.ms : value.truth);
}

/** Of the 15 digits that are kept the last one is even where it is halfway. */
export function quotient(units: bigint, count: number): bigint {
  if (units < 0n) return -quotient(-units, count);
  let step = 1n;
  while (units / (BigInt(count) * step) >= 10n ** 15n) step *= 10n;
  const divisor = BigInt(count) * step;
  const below = units / divisor;
  const rest = units % divisor;
  const isHalf = rest * 2n === divisor;
  const isAbove = rest * 2n > divisor || (isHalf && below % 2n === 1n);
  return (below + (isAbove ? 1n : 0n)) * step;
}
