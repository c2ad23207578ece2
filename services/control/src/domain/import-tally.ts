/** Counts the rows of an import, and tells whom they name. */
import type { Identifier } from '@attrium/event';

/** How identity answers for an identifier: the one it names (with the group id of an account), or why there is none. */
export type MatchedIdentifier =
  | { readonly id: string; readonly groupId?: string | undefined; readonly why?: undefined }
  | { readonly why: string };

/** One that a row names for the first time. */
export interface Named {
  /** As which it is remembered: the id of the profile, or the group id of the account. */
  readonly key: string;
  readonly identifier: Identifier;
}

export interface UnmatchedRow {
  readonly line: number;
  readonly identifier: string;
  readonly reason: string;
}

export interface Tally {
  /** matched + repeated + unmatched. */
  readonly rows: number;
  readonly matched: number;
  readonly repeated: number;
  readonly unmatched: number;
  readonly unmatchedByReason: Readonly<Record<string, number>>;
  /** The first of them, as many as a report has. */
  readonly unmatchedRows: readonly UnmatchedRow[];
}

/** Unmatched rows of one report. */
export const UNMATCHED_ROWS_MAX = 1_000;
const TEXT_LENGTH_MAX = 100;

export class ImportTally {
  private readonly keys = new Set<string>();
  private rows = 0;
  private repeated = 0;
  private unmatched = 0;
  private readonly byReason = new Map<string, number>();
  private readonly unmatchedRows: UnmatchedRow[] = [];

  /** Whether a row named the one that is remembered so. */
  has(key: string): boolean {
    return this.keys.has(key);
  }

  malformed(line: number, text: string): void {
    this.rows++;
    this.miss(line, text, 'malformed');
  }

  /**
   * Takes a row in: it names whom its identifiers name, those that name nobody aside. One that names several is ambiguous, and names
   * nobody. Undefined for those, and for what an earlier row named.
   */
  take(line: number, identifiers: readonly Identifier[], matches: readonly MatchedIdentifier[]): Named | undefined {
    this.rows++;
    const found = matches.flatMap((match, at) =>
      match.why === undefined ? [{ key: match.groupId ?? match.id, identifier: identifiers[at]! }] : [],
    );
    const [named] = found;
    if (named === undefined || found.some(({ key }) => key !== named.key)) {
      const reason = named !== undefined ? 'ambiguous' : matches[0]!.why!;
      this.miss(line, identifiers.map(({ type, value }) => `${type}:${value}`).join(' '), reason);
      return undefined;
    }
    if (this.keys.has(named.key)) {
      this.repeated++;
      return undefined;
    }
    this.keys.add(named.key);
    return named;
  }

  tally(): Tally {
    const { rows, repeated, unmatched, keys, byReason } = this;
    return {
      ...{ rows, matched: keys.size, repeated, unmatched },
      unmatchedByReason: Object.fromEntries(byReason),
      unmatchedRows: [...this.unmatchedRows],
    };
  }

  private miss(line: number, text: string, reason: string): void {
    this.unmatched++;
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + 1);
    if (this.unmatchedRows.length === UNMATCHED_ROWS_MAX) return;
    const identifier = text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX).toWellFormed()}…`;
    this.unmatchedRows.push({ line, identifier, reason });
  }
}
