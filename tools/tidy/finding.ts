/** What a rule has found, and which of it is known and allowed. */

export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly line?: number;
  /** What was found, short and stable: exceptions name it. */
  readonly what: string;
  /** What to do in its place. */
  readonly instead: string;
  /** For rules with a limit: how much there is. */
  readonly size?: number;
}

/** A finding that stays, with the reason. One that is no longer found has to be removed from the list. */
export interface Exception {
  readonly rule: string;
  readonly path: string;
  /** As in the finding; undefined for every finding of the rule in this file. */
  readonly what?: string;
  readonly why: string;
  /** For rules with a limit: how far it may grow. */
  readonly sizeMax?: number;
}

export function describeFinding({ rule, path, line, what, instead }: Finding): string {
  return `${path}${line === undefined ? '' : `:${line}`} ${what} (${rule}). ${instead}`;
}

/** The findings that no exception allows, and one more for each exception that allows nothing. */
export function withoutExceptions(findings: readonly Finding[], exceptions: readonly Exception[]): string[] {
  const used = new Set<Exception>();
  const open = findings.flatMap((finding) => {
    const exception = exceptions.find((candidate) => isAbout(candidate, finding));
    if (exception === undefined) return [describeFinding(finding)];
    used.add(exception);
    const { sizeMax = Number.POSITIVE_INFINITY } = exception;
    return (finding.size ?? 0) <= sizeMax ? [] : [`${describeFinding(finding)} Its exception ends at ${sizeMax}.`];
  });
  const idle = exceptions.filter((exception) => !used.has(exception));
  return [
    ...open,
    ...idle.map(({ rule, path, what }) => `${path} ${what ?? ''} (${rule}) is fine now: remove its exception.`),
  ];
}

function isAbout({ rule, path, what }: Exception, finding: Finding): boolean {
  return rule === finding.rule && path === finding.path && (what === undefined || what === finding.what);
}
