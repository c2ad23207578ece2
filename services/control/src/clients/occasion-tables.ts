/** The occasions of a trigger in a range of time, and what was known of its profiles then, out of the projected tables. */
import type { TriggerDefinition } from '@attrium/catalogue';
import { eventTest } from '../domain/property-test.js';
import { QueryParameters } from '../domain/query-parameters.js';
import { ControlError } from '../errors.js';
import type { Tables } from './tables.js';

/** Occasions that one dry run decides. */
export const OCCASIONS_MAX = 50_000;
/** Changes of values and memberships that it reads to decide them, of each. */
export const CHANGES_MAX = 200_000;

/** Milliseconds, both inclusive. */
export interface DryRunRange {
  readonly from: number;
  readonly to: number;
}

export interface OccasionRow {
  readonly profile: string;
  readonly change: 'entered' | 'exited' | 'present' | 'changed' | 'occurred';
  readonly recordedAt: number;
  readonly cause: string;
  readonly effectiveAt: number;
  /** Of the row in its own log; 0 for events and for members of the beginning. */
  readonly sequence: number;
  readonly rowIndex: number;
  /** Of an attribute: JSON texts. */
  readonly before: string | null;
  readonly after: string | null;
  /** Of an event: JSON text of the key's property. */
  readonly property: string;
}

export interface ChangeRow {
  readonly profile: string;
  readonly name: string;
  /** Of a value: its JSON text; of a membership: `1`; null or empty: none any more. */
  readonly after: string | null;
  readonly recordedAt: number;
  readonly cause: string;
  readonly effectiveAt: number;
  readonly sequence: number;
  readonly rowIndex: number;
}

export interface BaseRow {
  readonly profile: string;
  readonly name: string;
  readonly after: string;
}

/** Where in a log the last row stands that has the cause of an occasion, whatever it changed. */
export interface CauseRow {
  readonly profile: string;
  readonly cause: string;
  readonly sequence: number;
  readonly rowIndex: number;
}

export interface KnownThen {
  readonly values: readonly BaseRow[];
  readonly valueChanges: readonly ChangeRow[];
  readonly memberships: readonly BaseRow[];
  readonly flips: readonly ChangeRow[];
  /** In the log of values, and in that of memberships. */
  readonly causesOfValues: readonly CauseRow[];
  readonly causesOfFlips: readonly CauseRow[];
}

const ms = (column: string): string => `toUnixTimestamp64Milli(${column})`;
const ATTRIBUTES = `attribute_changes FINAL
  ARRAY JOIN changes.name AS name, changes.before AS was, changes.after AS became, arrayEnumerate(changes.name) AS nth`;
const MEMBERSHIPS = `membership_changes FINAL
  ARRAY JOIN changes.segment AS name, changes.change AS flip, changes.after AS became, arrayEnumerate(changes.segment) AS nth`;
const ROW = `${ms('recorded_at')} AS recordedAt, cause, ${ms('effective_at')} AS effectiveAt, sequence, row_index AS rowIndex`;

/** One trigger, one workspace, one range. */
export class OccasionTables {
  constructor(private readonly tables: Tables) {}

  /** By profile, then in the order of their log. Throws what `Tables` throws, and 051 for too many. */
  async occasions(workspace: string, trigger: TriggerDefinition, range: DryRunRange): Promise<OccasionRow[]> {
    const query = new OccasionQuery(workspace, trigger, range);
    const sql = `SELECT * FROM (${query.sql}) ORDER BY profile, recordedAt, sequence, rowIndex, nth LIMIT ${OCCASIONS_MAX + 1}`;
    const rows = await this.tables.askLarge<Texts<OccasionRow>>(sql, query.parameters.values);
    if (rows.length > OCCASIONS_MAX) {
      const message = `The trigger has more than ${OCCASIONS_MAX} occasions in this time: ask for fewer days.`;
      throw new ControlError('tooMuchToRead', { message });
    }
    return rows.map((row) => ({ ...(row as unknown as OccasionRow), ...numbersOf(row) }));
  }

  /** What is known of the profiles that have occasions: of these attributes and segments. Throws as `occasions`. */
  async known(
    workspace: string,
    trigger: TriggerDefinition,
    range: DryRunRange,
    needs: { readonly attributes: readonly string[]; readonly segments: readonly string[] },
  ): Promise<KnownThen> {
    const read = async (
      names: readonly string[],
      table: string,
      value: string,
    ): Promise<{ base: BaseRow[]; changes: ChangeRow[]; causes: CauseRow[] }> => {
      if (names.length === 0) return { base: [], changes: [], causes: [] };
      const query = new OccasionQuery(workspace, trigger, range);
      const { parameters } = query;
      const asked = `workspace_id = ${query.workspace} AND kind = ${query.kind} AND name IN ${parameters.add('Array(String)', names)}
  AND profile_id IN (SELECT profile FROM (${query.sql}))`;
      const base = await this.tables.askLarge<{ profile: string; name: string; latest: string }>(
        `SELECT profile_id AS profile, name, argMax(${value}, (sequence, row_index, nth)) AS latest FROM ${table}
WHERE ${asked} AND recorded_at < ${query.from}
GROUP BY profile, name HAVING latest != '' LIMIT ${CHANGES_MAX + 1}`,
        parameters.values,
      );
      const changes = await this.tables.askLarge<Texts<ChangeRow>>(
        `SELECT profile_id AS profile, name, ${value} AS after, ${ROW} FROM ${table}
WHERE ${asked} AND recorded_at >= ${query.from} AND recorded_at <= ${query.to}
ORDER BY profile, sequence, row_index, nth LIMIT ${CHANGES_MAX + 1}`,
        parameters.values,
      );
      const log = table.slice(0, table.indexOf(' '));
      const causes = await this.tables.askLarge<{ profile: string; cause: string; place: [string, number] }>(
        `SELECT profile_id AS profile, cause, max((sequence, row_index)) AS place FROM ${log} FINAL
WHERE workspace_id = ${query.workspace} AND kind = ${query.kind} AND recorded_at >= ${query.from} AND recorded_at <= ${query.to}
  AND (profile_id, cause) IN (SELECT profile, cause FROM (${query.sql}))
GROUP BY profile, cause LIMIT ${CHANGES_MAX + 1}`,
        parameters.values,
      );
      if (Math.max(base.length, changes.length, causes.length) > CHANGES_MAX) {
        const message = `The condition reads more than ${CHANGES_MAX} changes in this time: ask for fewer days.`;
        throw new ControlError('tooMuchToRead', { message });
      }
      const known = base.map(({ profile, name, latest: after }) => ({ profile, name, after }));
      return {
        base: known,
        changes: changes.map((row) => ({ ...(row as unknown as ChangeRow), ...numbersOf(row) })),
        causes: causes.map(({ profile, cause, place: [sequence, rowIndex] }) => ({
          ...{ profile, cause, sequence: Number(sequence), rowIndex },
        })),
      };
    };
    const values = await read(needs.attributes, ATTRIBUTES, "ifNull(became, '')");
    const memberships = await read(needs.segments, MEMBERSHIPS, "if(isNull(became), '', '1')");
    return {
      values: values.base,
      valueChanges: values.changes,
      memberships: memberships.base,
      flips: memberships.changes,
      causesOfValues: values.causes,
      causesOfFlips: memberships.causes,
    };
  }

  /** Of the profiles with occasions, how many took part in a merge in this time. Throws what `Tables` throws. */
  async merged(workspace: string, trigger: TriggerDefinition, range: DryRunRange): Promise<number> {
    if (trigger.of !== 'user') return 0;
    const query = new OccasionQuery(workspace, trigger, range);
    const took = `workspace_id = ${query.workspace} AND occurred_at >= ${query.from} AND occurred_at <= ${query.to}`;
    const [row] = await this.tables.askLarge<{ profiles: string }>(
      `SELECT uniqExact(profile) AS profiles FROM (${query.sql})
WHERE profile IN (SELECT survivor_id FROM merges FINAL WHERE ${took} UNION ALL SELECT loser_id FROM merges FINAL WHERE ${took})`,
      query.parameters.values,
    );
    return Number(row?.profiles ?? 0);
  }
}

/** SQL of the occasions of a trigger. */
class OccasionQuery {
  readonly parameters = new QueryParameters();
  readonly workspace: string;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly sql: string;

  constructor(workspace: string, trigger: TriggerDefinition, { from, to }: DryRunRange) {
    const { parameters } = this;
    this.workspace = parameters.add('String', workspace);
    this.kind = parameters.add('String', trigger.of === 'user' ? 'profile' : 'account');
    this.from = `fromUnixTimestamp64Milli(${parameters.add('Int64', from)})`;
    this.to = `fromUnixTimestamp64Milli(${parameters.add('Int64', to)})`;
    this.sql = this.sqlOf(trigger);
  }

  private sqlOf({ when, frequency }: TriggerDefinition): string {
    const entity = `workspace_id = ${this.workspace} AND kind = ${this.kind}`;
    const within = (column: string): string => `${column} >= ${this.from} AND ${column} <= ${this.to}`;
    const add = (text: string): string => this.parameters.add('String', text);
    switch (when.kind) {
      case 'segment': {
        const flips = [...(when.enters ? ['entered'] : []), ...(when.exits ? ['exited'] : [])];
        const named = `${entity} AND name = ${add(when.segment)}`;
        const parts: string[] = [];
        if (flips.length > 0) {
          parts.push(`SELECT profile_id AS profile, toString(flip) AS change, ${ROW}, nth, CAST(NULL, 'Nullable(String)') AS before, CAST(NULL, 'Nullable(String)') AS after, '' AS property
FROM ${MEMBERSHIPS}
WHERE ${named} AND ${within('recorded_at')} AND flip IN ${this.parameters.add('Array(String)', flips)} AND reason != 'backfill'`);
        }
        if (when.present !== undefined) parts.push(this.present(named));
        return parts.join('\nUNION ALL\n');
      }
      case 'attribute':
        return `SELECT profile_id AS profile, 'changed' AS change, ${ROW}, nth, was AS before, became AS after, '' AS property
FROM ${ATTRIBUTES}
WHERE ${entity} AND name = ${add(when.attribute)} AND ${within('recorded_at')} AND reason != 'backfill'`;
      case 'event': {
        const where = when.where === undefined ? '' : ` AND ${eventTest(when.where, this.parameters)}`;
        const property = frequency.kind === 'every' ? undefined : frequency.property;
        const path = property?.split('.').map(add).join(', ');
        const key = path === undefined ? "''" : `JSONExtractRaw(payload, 'properties', ${path})`;
        return `SELECT profile_id AS profile, 'occurred' AS change, ${ms('received_at')} AS recordedAt, message_id AS cause, ${ms('occurred_at')} AS effectiveAt, toUInt64(sequence) AS sequence, row_index AS rowIndex, toUInt32(1) AS nth, CAST(NULL, 'Nullable(String)') AS before, CAST(NULL, 'Nullable(String)') AS after, ${key} AS property
FROM events FINAL
WHERE workspace_id = ${this.workspace} AND type = 'track' AND name = ${add(when.event)} AND ${within('received_at')}${where}`;
      }
      case 'schedule':
        throw new Error('assertion: times of schedules are in no table');
    }
  }

  /** Who was in the segment at the beginning; who was merged away by then is nobody. */
  private present(named: string): string {
    const gone = `SELECT loser_id FROM merges FINAL WHERE workspace_id = ${this.workspace} AND occurred_at < ${this.from}`;
    return `SELECT profile_id AS profile, 'present' AS change, ${ms(this.from)} AS recordedAt, '' AS cause, ${ms(this.from)} AS effectiveAt, toUInt64(0) AS sequence, toUInt32(0) AS rowIndex, toUInt32(0) AS nth, CAST(NULL, 'Nullable(String)') AS before, CAST(NULL, 'Nullable(String)') AS after, '' AS property
FROM (SELECT profile_id, argMax(if(isNull(became), 0, 1), (sequence, row_index, nth)) AS member FROM ${MEMBERSHIPS} WHERE ${named} AND recorded_at < ${this.from} GROUP BY profile_id)
WHERE member = 1 AND profile_id NOT IN (${gone})`;
  }
}

type Texts<T> = Readonly<Record<keyof T, string | null | number>>;

function numbersOf(row: { readonly [K in 'recordedAt' | 'effectiveAt' | 'sequence' | 'rowIndex']: unknown }) {
  const { recordedAt, effectiveAt, sequence, rowIndex } = row;
  return {
    recordedAt: Number(recordedAt),
    effectiveAt: Number(effectiveAt),
    sequence: Number(sequence),
    rowIndex: Number(rowIndex),
  };
}
