/** Questions to the projected tables, within limits of time, rows, memory and number at once. */
import type { ClickHouse } from '@attrium/clickhouse';
import { ControlError } from '../errors.js';

export interface QueryLimits {
  readonly timeoutMs: number;
  readonly rowsMax: number;
  /** Large questions under way at the same time, of this instance. */
  readonly largeAtOnceMax: number;
}

type Parameters = Readonly<Record<string, unknown>>;

/** What a query may hold in memory; what is above is put on disk, and beyond the limit refused. */
const MEMORY_BYTES_MAX = 1_000_000_000;
const MEMORY_BYTES_BEFORE_DISK = 400_000_000;
/** Values of one query; each is a field of the request, of which ClickHouse takes a limited number. */
export const PARAMETERS_MAX = 900;
/** For the way of the answer, beyond the limit that ClickHouse itself keeps. */
const ANSWER_MS = 1_000;
const TOO_MUCH = ['TOO_MANY_ROWS', 'TOO_MANY_ROWS_OR_BYTES', 'MEMORY_LIMIT_EXCEEDED'];
/** The projectors make the tables when they first come up. */
const NOT_YET = ['UNKNOWN_TABLE', 'UNKNOWN_DATABASE'];

export class Tables {
  private large = 0;

  constructor(
    private readonly options: {
      /** Undefined: the installation has no ClickHouse. */
      readonly clickhouse: ClickHouse | undefined;
      readonly limits: QueryLimits;
    },
  ) {}

  /** Whether the installation has ClickHouse. */
  get areThere(): boolean {
    return this.options.clickhouse !== undefined;
  }

  /** The rows of an answer. Throws ControlError: 050 without ClickHouse, 051 and 052 beyond a limit, 055 with too many values, 057 for what it refuses. */
  async ask<T>(query: string, parameters: Parameters): Promise<T[]> {
    const { clickhouse, limits } = this.options;
    if (clickhouse === undefined) throw without();
    const given = Object.keys(parameters).length;
    if (given > PARAMETERS_MAX) {
      const message = `The question has ${given} values, and a question may have at most ${PARAMETERS_MAX}.`;
      throw new ControlError('tooManyValues', { message });
    }
    try {
      const result = await clickhouse.client.query({
        query,
        query_params: { ...parameters },
        format: 'JSONEachRow',
        abort_signal: AbortSignal.timeout(limits.timeoutMs + ANSWER_MS),
        clickhouse_settings: settingsOf(limits),
      });
      return await result.json<T>();
    } catch (cause) {
      throw failureOf(cause, limits);
    }
  }

  /** As `ask`, for what may read and hold much. Throws 056 when as many are under way as may be. */
  async askLarge<T>(query: string, parameters: Parameters): Promise<T[]> {
    const leave = this.enter();
    try {
      return await this.ask<T>(query, parameters);
    } finally {
      leave();
    }
  }

  /** As `askLarge`, row by row: no more than a few blocks of the answer are held. */
  async *streamLarge<T>(query: string, parameters: Parameters): AsyncGenerator<T> {
    const { clickhouse, limits } = this.options;
    if (clickhouse === undefined) throw without();
    const leave = this.enter();
    try {
      const result = await clickhouse.client.query({
        query,
        query_params: { ...parameters },
        format: 'JSONEachRow',
        abort_signal: AbortSignal.timeout(limits.timeoutMs + ANSWER_MS),
        clickhouse_settings: settingsOf(limits),
      });
      for await (const rows of result.stream()) for (const row of rows) yield row.json<T>();
    } catch (cause) {
      throw failureOf(cause, limits);
    } finally {
      leave();
    }
  }

  private enter(): () => void {
    const { largeAtOnceMax } = this.options.limits;
    if (this.large >= largeAtOnceMax) {
      const message = `${largeAtOnceMax} large questions are being answered; this instance takes no more at a time.`;
      throw new ControlError('tooManyAtOnce', { message });
    }
    this.large++;
    return () => {
      this.large--;
    };
  }
}

function without(): ControlError {
  return new ControlError('noTables', { message: 'This installation has no ClickHouse: CLICKHOUSE_URL is not set.' });
}

function settingsOf(limits: QueryLimits) {
  return {
    max_execution_time: limits.timeoutMs / 1_000,
    timeout_overflow_mode: 'throw',
    max_rows_to_read: String(limits.rowsMax),
    read_overflow_mode: 'throw',
    max_memory_usage: String(MEMORY_BYTES_MAX),
    max_bytes_before_external_group_by: String(MEMORY_BYTES_BEFORE_DISK),
    output_format_json_quote_64bit_integers: 1,
    join_use_nulls: 0,
  } as const;
}

/** An exception of ClickHouse has a `type`; what has none did not come from it, or not in a form that it was read. */
function failureOf(cause: unknown, limits: QueryLimits): ControlError {
  if (cause instanceof ControlError) return cause;
  const { type, name = '', code } = cause as { type?: string; name?: string; code?: string };
  if (type !== undefined && TOO_MUCH.includes(type)) {
    const message = `The question reads more than ${limits.rowsMax} rows, or needs more memory than it may have.`;
    return new ControlError('tooMuchToRead', { message, cause });
  }
  if (type === 'TIMEOUT_EXCEEDED' || name === 'AbortError' || name === 'TimeoutError') {
    const message = `ClickHouse did not answer within ${limits.timeoutMs} ms.`;
    return new ControlError('tooSlow', { message, cause });
  }
  if (type === undefined || NOT_YET.includes(type)) return new ControlError('noTables', { cause });
  return new ControlError('refusedByTables', { message: `ClickHouse refused the question: ${type}, ${code}.`, cause });
}
