/** What the launcher says on the console: its own lines, and the warnings and errors of the services, each kind at most once in ten seconds. */

export type Say = (line: string) => void;

const REPEAT_MS = 10_000;

interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly err?: { readonly code?: string; readonly message?: string };
}

/** Shows the warnings and errors among a service's JSON log lines. While `quiet`, as during start and end, warnings stay in the log file. */
export class WarningConsole {
  private readonly last = new Map<string, { at: number; more: number }>();
  quiet = true;

  constructor(
    private readonly say: Say,
    private readonly now: () => number,
  ) {}

  take(service: string, line: string): void {
    const { level, msg = '', err } = parse(line) ?? {};
    if (level !== 'error' && level !== 'fatal' && (level !== 'warn' || this.quiet)) return;
    const kind = `${service} ${level} ${msg}`;
    const before = this.last.get(kind);
    if (before !== undefined && this.now() - before.at < REPEAT_MS) {
      before.more++;
      return;
    }
    const more = before !== undefined && before.more > 0 ? ` (and ${before.more} more before)` : '';
    const cause = err === undefined ? '' : `: ${err.code === undefined ? '' : `${err.code} `}${err.message ?? ''}`;
    this.last.set(kind, { at: this.now(), more: 0 });
    this.say(`${clockText(this.now())} ${service} ${level}: ${msg}${cause}${more}`);
  }
}

/** The time of day, in this machine's zone: `14:05:09.120`. */
export function clockText(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function parse(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
