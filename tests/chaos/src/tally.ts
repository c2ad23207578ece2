/** Counts what was lost, doubled or reordered, and keeps the first differences in words. */

export interface Counts {
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
}

const DIFFERENCES_MAX = 10;
const NOTHING: Counts = { lost: 0, doubled: 0, reordered: 0 };

export class Tally {
  readonly differences: string[] = [];
  private total: Counts = NOTHING;
  private reported: Counts = NOTHING;

  lost(count: number, what: string, expected?: string, found?: string): void {
    this.add({ ...NOTHING, lost: count }, what, expected, found);
  }

  doubled(count: number, what: string, expected?: string, found?: string): void {
    this.add({ ...NOTHING, doubled: count }, what, expected, found);
  }

  reordered(count: number, what: string, expected?: string, found?: string): void {
    this.add({ ...NOTHING, reordered: count }, what, expected, found);
  }

  get counts(): Counts {
    return this.total;
  }

  /** The counts since the last call. */
  takeCounts(): Counts {
    const { total, reported } = this;
    this.reported = total;
    return {
      lost: total.lost - reported.lost,
      doubled: total.doubled - reported.doubled,
      reordered: total.reordered - reported.reordered,
    };
  }

  private add(counts: Counts, what: string, expected: string | undefined, found: string | undefined): void {
    const { lost, doubled, reordered } = this.total;
    this.total = {
      lost: lost + counts.lost,
      doubled: doubled + counts.doubled,
      reordered: reordered + counts.reordered,
    };
    if (this.differences.length >= DIFFERENCES_MAX) return;
    const lines = [what];
    if (expected !== undefined) lines.push(`  expected ${expected}`);
    if (found !== undefined) lines.push(`  found    ${found}`);
    this.differences.push(lines.join('\n'));
  }
}

export function countsText({ lost, doubled, reordered }: Counts): string {
  return `lost ${lost} doubled ${doubled} reordered ${reordered}`;
}

export function isClean({ lost, doubled, reordered }: Counts): boolean {
  return lost + doubled + reordered === 0;
}
