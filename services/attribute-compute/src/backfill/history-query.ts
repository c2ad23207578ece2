/** The questions to ClickHouse by which history is read, page by page in the order of the table's key: a page needs no sort. */
import type { Place } from '../domain/backfill.js';
import type { HistoryRequest } from './seeder.js';

/** A place in the order of the key of `events` behind the workspace: name, day since 1970, profile, sequence, row. */
export type EventPlace = readonly [name: string, day: number, profileId: string, sequence: number, rowIndex: number];

export interface EventRow {
  readonly name: string;
  readonly day: number;
  readonly profile_id: string;
  readonly seq: string;
  readonly row_index: number;
  readonly ordinal_text: string;
  readonly message_id: string;
  readonly type: string;
  readonly occurred: string;
  readonly source: string;
  readonly group_id: string;
  readonly identifier_types: readonly string[];
  readonly identifier_values: readonly string[];
  /** Base64, so that every byte comes as it is. */
  readonly payload_base64: string;
}

export function placeOf(row: EventRow): EventPlace {
  return [row.name, row.day, row.profile_id, Number(row.seq), row.row_index];
}

/** A place as the cursor of a partition has it. */
export function cursorOf(place: EventPlace): string {
  return JSON.stringify(place);
}

export function placeOfCursor(cursor: string): EventPlace | undefined {
  return cursor === '' ? undefined : (JSON.parse(cursor) as EventPlace);
}

export interface HistoryQuery {
  readonly query: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Rows behind `after`, of one partition and before its activation, as far as a definition may read them. */
export function historyQuery(request: HistoryRequest, rowsMax: number): HistoryQuery {
  const { workspace, partition, before, filter } = request;
  const after = placeOfCursor(request.after);
  const reads = [
    ...(filter.everything ? ['true'] : []),
    ...(filter.names.length > 0 ? ["(type = 'track' AND name IN {names:Array(String)})"] : []),
    ...(filter.properties ? ["type IN ('track', 'page', 'screen')"] : []),
    ...(filter.traits ? ["(type IN ('identify', 'group') OR position(payload, '\"traits\"') > 0)"] : []),
  ];
  const query = `SELECT name, toUInt32(toDate(occurred_at)) AS day, profile_id, toString(sequence) AS seq, row_index,
    toString(ordinal) AS ordinal_text, message_id, type, toString(toUnixTimestamp64Milli(occurred_at)) AS occurred, source,
    group_id, \`identifiers.type\` AS identifier_types, \`identifiers.value\` AS identifier_values, base64Encode(payload) AS payload_base64
FROM events
WHERE workspace_id = {workspace:String} AND partition = {partition:UInt16} AND ${isBefore}
  AND (${reads.length === 0 ? 'false' : reads.join(' OR ')})${onlyNames(request) ? ' AND name IN {names:Array(String)}' : ''}${filter.users ? '' : " AND group_id != ''"}${after === undefined ? '' : `\n  AND ${isAfter}`}
ORDER BY workspace_id, name, toDate(occurred_at), profile_id, sequence, row_index
LIMIT ${rowsMax}`;
  return { query, parameters: { workspace, partition, names: filter.names, ...placeParameters(before, after) } };
}

/** Then the key of the table leads to them. */
function onlyNames({ filter }: HistoryRequest): boolean {
  return filter.names.length > 0 && !filter.properties && !filter.traits && !filter.everything;
}

const isBefore = '(sequence < {sequence:UInt64} OR (sequence = {sequence:UInt64} AND row_index < {record:UInt32}))';

/** Spelt out, so that the primary key is used for its first columns. */
const isAfter = `name >= {name:String} AND (name > {name:String} OR (toDate(occurred_at) >= {day:Date} AND (toDate(occurred_at) > {day:Date}
    OR (profile_id, sequence, row_index) > ({profile:String}, {afterSequence:UInt64}, {afterRow:UInt32}))))`;

function placeParameters({ sequence, record }: Place, after: EventPlace | undefined): Record<string, unknown> {
  if (after === undefined) return { sequence, record };
  const [name, day, profile, afterSequence, afterRow] = after;
  return { sequence, record, name, day: isoDate(day), profile, afterSequence, afterRow };
}

function isoDate(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
