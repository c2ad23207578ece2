/** A profile as the recomputation of segment keeps it. */
import type { EventMatched } from '@attrium/event';
import type { Bonds } from './schedules.js';
import type { Owed } from './sweeps.js';
import type { Plain } from './value.js';

export interface Cause {
  readonly reason: string;
  readonly cause: string;
  readonly effectiveAt: number;
}

export interface Wanted extends Cause {
  readonly recordedAt: number;
  readonly changes: readonly { readonly name: string; readonly text: string }[];
  readonly event?: EventMatched;
}

export interface Person {
  values: Map<string, Plain>;
  /** Since when, by segment. */
  readonly members: Map<string, number>;
  /** Since when one of those who were merged into this one was a member. */
  readonly inherited: Map<string, number>;
  /** Memberships that ended with their segment and were not told yet: since when. */
  readonly gone: Map<string, number>;
  readonly identifiers: Set<string>;
  newestAt: number;
  /** The step of the partition's catalogue when a loser was handed over. */
  step: number;
  kept: Wanted[];
  owed: Owed;
  readonly bonds: Bonds;
}

export function blank(): Person {
  const maps = { members: new Map(), inherited: new Map(), gone: new Map(), identifiers: new Set<string>() };
  return { values: new Map(), ...maps, newestAt: 0, step: 0, kept: [], bonds: new Map(), owed: new Map() };
}

export function unite(mine: Person, theirs: Person, isThere: (segment: string) => boolean): void {
  for (const [segment, since] of [...theirs.members, ...theirs.inherited]) {
    if (!isThere(segment)) continue;
    mine.inherited.set(segment, Math.min(since, mine.inherited.get(segment) ?? since));
  }
  for (const each of theirs.identifiers) mine.identifiers.add(each);
  // Who is in the segment was asked, and has been told, or will be.
  const owed = [...theirs.owed].filter(([, { segment }]) => !mine.members.has(segment));
  mine.owed = new Map([...mine.owed, ...owed]);
  mine.newestAt = Math.max(mine.newestAt, theirs.newestAt);
  keep(mine, theirs.kept);
}

export function keep(person: Person, changes: readonly Wanted[]): void {
  person.kept = [...person.kept, ...changes].sort((a, b) => a.recordedAt - b.recordedAt);
}
