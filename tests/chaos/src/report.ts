/** The table that a run prints: one line a fault. */
import { type Counts, countsText } from './tally.js';

export class Stalls {
  private constructor(private readonly gaps: readonly number[]) {}

  /**
   * For each mark the longest time without anything new, up to the next mark: `times` are those of what was new, in ms, rising.
   * A gap belongs to the mark after which it ended.
   */
  static of(times: readonly number[], marks: readonly number[], end: number): Stalls {
    const gaps = marks.map((mark, index) => longestGap(times, mark, marks[index + 1] ?? end));
    return new Stalls(gaps.sort((a, b) => a - b));
  }

  get text(): string {
    const { gaps } = this;
    if (gaps.length === 0) return '-';
    return `${gaps[Math.floor((gaps.length - 1) / 2)]} / ${gaps.at(-1)}`;
  }
}

function longestGap(times: readonly number[], from: number, to: number): number {
  // The end of the list is where the marks are.
  let last = times.length - 1;
  while (last >= 0 && times[last]! > to) last--;
  const latest = times[last] ?? from;
  // With nothing new in this window, or nothing at all since, it still lasts.
  let longest = latest < from || last === times.length - 1 ? to - latest : 0;
  for (let index = last; index > 0 && times[index]! >= from; index--) {
    longest = Math.max(longest, times[index]! - times[index - 1]!);
  }
  return longest;
}

export interface FaultOutcome {
  readonly name: string;
  readonly rounds: number;
  readonly counts: Counts;
  readonly facts: Stalls;
  readonly webhooks: Stalls;
  /** Requests that were sent again because they had failed. */
  readonly retried: number;
  /** Services that ended by themselves, in words. */
  readonly crashes: readonly string[];
  readonly notes: readonly string[];
}

const WIDTHS = [38, 5, 30, 15, 15, 8] as const;

export function headline(): string {
  return row(['fault', 'times', 'books', 'facts ms', 'webhooks ms', 'retried']);
}

export function outcomeLine(outcome: FaultOutcome): string {
  const { name, rounds, counts, facts, webhooks, retried, crashes } = outcome;
  const notes = [...crashes, ...outcome.notes];
  const cells = [name, String(rounds), countsText(counts), facts.text, webhooks.text, String(retried)];
  return `${row(cells)}${notes.length > 0 ? `  ${notes.join('; ')}` : ''}`;
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(WIDTHS[index]!))
    .join(' ')
    .trimEnd();
}
