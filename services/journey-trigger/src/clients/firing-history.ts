/** Past firings and the attempts to deliver them, as ClickHouse has them: up to some seconds behind the logs. */
import type { ClickHouse } from '@attrium/clickhouse';
import { DeskError } from '../errors.js';

/** Values are JSON text; times in ms. */
export interface PastFiring {
  readonly firingId: string;
  readonly trigger: string;
  readonly profileId: string;
  readonly outcome: 'fired' | 'suppressed';
  /** Empty when it fired. */
  readonly suppressedBy: string;
  readonly revision: number;
  readonly effectiveAt: number;
  readonly recordedAt: number;
  /** Empty when it was suppressed. */
  readonly reason: string;
  readonly cause: string;
  readonly onKind: string;
  readonly onName: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly valueNames: readonly string[];
  readonly valueTexts: readonly string[];
  readonly memberships: readonly string[];
  readonly lastFiredAt: number | null;
  /** happened or timed_out; empty where it waited for nothing. */
  readonly waitOutcome: string;
  readonly propertyNames: readonly string[];
  readonly propertyTexts: readonly string[];
}

export interface PastAttempt {
  readonly firingId: string;
  readonly trigger: string;
  readonly destination: string;
  readonly profileId: string;
  readonly at: number;
  readonly latencyMs: number;
  readonly attempt: number;
  readonly outcome: string;
  readonly why: string;
  readonly status: number;
  readonly replay: string;
}

export interface FiringsAsked {
  readonly workspace: string;
  /** Empty: of any. */
  readonly trigger: string;
  readonly profileId: string;
  readonly outcome: '' | 'fired' | 'suppressed';
  /** From the answer before; empty for the latest. */
  readonly page: string;
  readonly limit: number;
}

const FIRING_COLUMNS = `firing_id AS firingId, trigger, profile_id AS profileId, outcome, suppressed_by AS suppressedBy, revision,
  toUnixTimestamp64Milli(effective_at) AS effectiveAt, toUnixTimestamp64Milli(recorded_at) AS recordedAt, reason, cause,
  on_kind AS onKind, on_name AS onName, before, after, values.name AS valueNames, values.value AS valueTexts, memberships,
  toUnixTimestamp64Milli(last_fired_at) AS lastFiredAt, wait_outcome AS waitOutcome,
  properties.name AS propertyNames, properties.value AS propertyTexts, partition, sequence, row_index`;
const ATTEMPT_COLUMNS = `firing_id AS firingId, trigger, destination, profile_id AS profileId, toUnixTimestamp64Milli(deliveries.at) AS at,
  latency_ms AS latencyMs, attempt, outcome, why, status, replay`;
/** A row that a projector inserted twice is there twice until the engine merges it. */
const ONCE = 'LIMIT 1 BY partition, sequence, row_index';
const PAGE = /^(\d{1,16})-(\d{1,5})-(\d{1,16})-(\d{1,10})$/;

export class FiringHistory {
  /** Without ClickHouse there is no history. */
  constructor(private readonly clickhouse: ClickHouse | undefined) {}

  /** The latest first. Throws DeskError. */
  async firings(asked: FiringsAsked): Promise<{ firings: PastFiring[]; nextPage: string }> {
    const { workspace, trigger, profileId, outcome, page, limit } = asked;
    const behind = PAGE.exec(page);
    if (page !== '' && behind === null) throw new DeskError('misshapen', 'This is no page.');
    const wanted = [
      'workspace_id = {workspace:String}',
      ...(trigger === '' ? [] : ['trigger = {trigger:String}']),
      ...(profileId === '' ? [] : ['profile_id = {profileId:String}']),
      ...(outcome === '' ? [] : ['outcome = {outcome:String}']),
      ...(behind === null
        ? []
        : [
            '(toUnixTimestamp64Milli(recorded_at), partition, sequence, row_index) < ({ms:Int64}, {part:UInt16}, {seq:UInt64}, {row:UInt32})',
          ]),
    ];
    const [, ms, part, seq, row] = behind ?? [];
    const rows = await this.query<PastFiring & { partition: number; sequence: number; row_index: number }>(
      `SELECT ${FIRING_COLUMNS} FROM firings WHERE ${wanted.join(' AND ')}
       ORDER BY recorded_at DESC, partition DESC, sequence DESC, row_index DESC ${ONCE} LIMIT {limit:UInt32}`,
      { workspace, trigger, profileId, outcome, limit, ms, part, seq, row },
    );
    const last = rows.length < limit ? undefined : rows.at(-1);
    return {
      firings: rows.map(({ partition: _partition, sequence: _sequence, row_index: _row, ...firing }) => firing),
      nextPage: last === undefined ? '' : `${last.recordedAt}-${last.partition}-${last.sequence}-${last.row_index}`,
    };
  }

  /** Undefined when there is none (yet). Throws DeskError. */
  async firing(workspace: string, firingId: string): Promise<PastFiring | undefined> {
    const [row] = await this.query<PastFiring & { partition: number; sequence: number; row_index: number }>(
      `SELECT ${FIRING_COLUMNS} FROM firings WHERE workspace_id = {workspace:String} AND firing_id = {firingId:String} LIMIT 1`,
      { workspace, firingId },
    );
    if (row === undefined) return undefined;
    const { partition: _partition, sequence: _sequence, row_index: _row, ...firing } = row;
    return firing;
  }

  /** Of a firing or a destination or both, the latest first. Throws DeskError. */
  async attempts(asked: {
    readonly workspace: string;
    readonly firingId: string;
    readonly destination: string;
    readonly limit: number;
  }): Promise<PastAttempt[]> {
    const wanted = [
      'workspace_id = {workspace:String}',
      ...(asked.firingId === '' ? [] : ['firing_id = {firingId:String}']),
      ...(asked.destination === '' ? [] : ['destination = {destination:String}']),
    ];
    return this.query<PastAttempt>(
      `SELECT ${ATTEMPT_COLUMNS} FROM deliveries WHERE ${wanted.join(' AND ')}
       ORDER BY deliveries.at DESC, partition DESC, sequence DESC, row_index DESC ${ONCE} LIMIT {limit:UInt32}`,
      { ...asked },
    );
  }

  private async query<T>(query: string, given: Record<string, unknown>): Promise<T[]> {
    if (this.clickhouse === undefined) throw new DeskError('noHistory');
    const params = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    try {
      const result = await this.clickhouse.client.query({
        query,
        query_params: params,
        format: 'JSONEachRow',
        clickhouse_settings: { output_format_json_quote_64bit_integers: 0, max_execution_time: 20 },
      });
      return await result.json<T>();
    } catch (cause) {
      throw new DeskError('historySilent', undefined, cause);
    }
  }
}
