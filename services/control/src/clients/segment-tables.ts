/** Questions about segments that only the projected tables can answer: who would be in one, who is, and how many are. */
import type { ClickHouse } from '@attrium/clickhouse';
import type { ParsedCondition } from '@attrium/condition';
import { segmentQuery } from '../domain/segment-query.js';
import { ControlError } from '../errors.js';

export interface QueryLimits {
  readonly timeoutMs: number;
  readonly rowsMax: number;
}

export interface Preview {
  readonly members: number;
  /** All profiles of the workspace that were not merged away. */
  readonly profiles: number;
  /** Ids of some members, in order. */
  readonly sample: readonly string[];
}

export interface Member {
  readonly profileId: string;
  /** ms. */
  readonly since: number;
}

/** What a query may hold in memory; what is above is put on disk, and beyond the limit refused. */
const MEMORY_BYTES_MAX = 1_000_000_000;
const MEMORY_BYTES_BEFORE_DISK = 400_000_000;

const MEMBERS = `SELECT profile_id, toUnixTimestamp64Milli(since) AS since
FROM memberships FINAL
WHERE workspace_id = {workspace:String} AND segment = {segment:String} AND kind = 'profile' AND profile_id > {after:String}
ORDER BY profile_id
LIMIT {limit:UInt32}`;

const SIZES = `SELECT segment, count() AS members
FROM memberships FINAL
WHERE workspace_id = {workspace:String} AND kind = 'profile'
GROUP BY segment`;

export class SegmentTables {
  constructor(
    private readonly options: {
      /** Undefined: the installation has no ClickHouse. */
      readonly clickhouse: ClickHouse | undefined;
      readonly limits: QueryLimits;
    },
  ) {}

  /** Throws ControlError: 050 without ClickHouse, 051 or 052 beyond a limit. */
  async preview(
    workspace: string,
    condition: ParsedCondition,
    given: { readonly now: number; readonly sampleMax: number; readonly of?: 'user' | 'account' },
  ): Promise<Preview> {
    const { sql, parameters } = segmentQuery(condition, { workspace, ...given });
    const [row] = await this.ask<{ members: string; profiles: string; sample: string[] }>(sql, parameters);
    return { members: Number(row!.members), profiles: Number(row!.profiles), sample: row!.sample };
  }

  /** Members whose id comes after one, in order of their ids. Throws as `preview` does. */
  async members(
    workspace: string,
    segment: string,
    page: { readonly after: string; readonly limit: number },
  ): Promise<readonly Member[]> {
    const rows = await this.ask<{ profile_id: string; since: string }>(MEMBERS, { workspace, segment, ...page });
    return rows.map(({ profile_id: profileId, since }) => ({ profileId, since: Number(since) }));
  }

  /** By segment; those without a member are missing. Throws as `preview` does. */
  async sizes(workspace: string): Promise<ReadonlyMap<string, number>> {
    const rows = await this.ask<{ segment: string; members: string }>(SIZES, { workspace });
    return new Map(rows.map(({ segment, members }) => [segment, Number(members)]));
  }

  private async ask<T>(query: string, parameters: Readonly<Record<string, unknown>>): Promise<T[]> {
    const { clickhouse, limits } = this.options;
    if (clickhouse === undefined) {
      throw new ControlError('noTables', {
        message: 'This installation has no ClickHouse: CLICKHOUSE_URL is not set.',
      });
    }
    try {
      const result = await clickhouse.client.query({
        query,
        query_params: { ...parameters },
        format: 'JSONEachRow',
        abort_signal: AbortSignal.timeout(limits.timeoutMs + ANSWER_MS),
        clickhouse_settings: {
          max_execution_time: limits.timeoutMs / 1_000,
          timeout_overflow_mode: 'throw',
          max_rows_to_read: String(limits.rowsMax),
          read_overflow_mode: 'throw',
          max_memory_usage: String(MEMORY_BYTES_MAX),
          max_bytes_before_external_group_by: String(MEMORY_BYTES_BEFORE_DISK),
          output_format_json_quote_64bit_integers: 1,
          join_use_nulls: 0,
        },
      });
      return await result.json<T>();
    } catch (cause) {
      throw this.failureOf(cause);
    }
  }

  private failureOf(cause: unknown): ControlError {
    const { limits } = this.options;
    const { type = '', name = '' } = cause as { type?: string; name?: string };
    if (TOO_MUCH.includes(type)) {
      const message = `The question reads more than ${limits.rowsMax} rows, or needs more memory than it may have.`;
      return new ControlError('tooMuchToRead', { message, cause });
    }
    if (type === 'TIMEOUT_EXCEEDED' || name === 'AbortError' || name === 'TimeoutError') {
      return new ControlError('tooSlow', {
        message: `ClickHouse did not answer within ${limits.timeoutMs} ms.`,
        cause,
      });
    }
    return new ControlError('noTables', { cause });
  }
}

/** For the way of the answer, beyond the limit that ClickHouse itself keeps. */
const ANSWER_MS = 1_000;
const TOO_MUCH = ['TOO_MANY_ROWS', 'TOO_MANY_ROWS_OR_BYTES', 'MEMORY_LIMIT_EXCEEDED'];
