/** History as the projector of `events` has written it into ClickHouse. */
import type { ClickHouse } from '@attrium/clickhouse';
import { type Entity, EVENT_TYPES, type Event, type EventType, type SeededEvent } from '@attrium/event';
import { cursorOf, type EventRow, historyQuery, placeOf } from './history-query.js';
import {
  bytesOfSeed,
  CHUNK_BYTES_MAX,
  CHUNK_EVENTS_MAX,
  type History,
  type HistoryPage,
  type HistoryRequest,
} from './seeder.js';

export interface ClickHouseHistoryOptions {
  readonly clickhouse: ClickHouse;
  /** How far the projector of `events` is. Rejects when it does not answer. */
  readonly projectedUpTo: () => Promise<number>;
  /** The ordinal of a profile, for rows from before they carried it. Rejects when identity does not answer. */
  readonly ordinalOf: (workspace: string, profileId: string) => Promise<number>;
  /** The account that events with a group id belong to; undefined for none. Rejects when identity does not answer. */
  readonly accountOf: (workspace: string, groupId: string) => Promise<Entity | undefined>;
}

/** Rows of one answer: what does not fit the chunk is kept for the next one. */
const ROWS_MAX = CHUNK_EVENTS_MAX;
const MEMORY_BYTES_MAX = 1_000_000_000;
/** Accounts that are remembered, so that not every event asks identity. */
const ACCOUNTS_MAX = 10_000;
const THREADS_MAX = 2;
const QUERY_SECONDS_MAX = 120;

interface Rest {
  /** The cursor behind which the rows stand. */
  readonly after: string;
  readonly rows: readonly EventRow[];
  readonly isEnd: boolean;
}

export class ClickHouseHistory implements History {
  /** By partition and workspace: one page each at most. */
  private readonly rests = new Map<string, Rest>();
  private readonly accounts = new Map<string, Entity>();

  constructor(private readonly options: ClickHouseHistoryOptions) {}

  projectedUpTo(): Promise<number> {
    return this.options.projectedUpTo();
  }

  async read(request: HistoryRequest): Promise<HistoryPage> {
    const { workspace, partition, after, filter } = request;
    const key = `${partition}/${workspace}/${request.before.sequence}`;
    const rest = this.rests.get(key);
    const { rows, isEnd } = rest?.after === after ? rest : await this.query(request);
    const events: SeededEvent[] = [];
    let bytes = 0;
    let taken = 0;
    let upTo = after;
    for (const row of rows) {
      const place = cursorOf(placeOf(row));
      // Rows of one key stand side by side: a repeated insert shows as the same row once more.
      if (place !== upTo) {
        const event = eventOf(workspace, row);
        const account = filter.accounts ? await this.accountOf(workspace, row) : undefined;
        const entities = [
          ...(filter.users ? [await this.profileOf(workspace, row)] : []),
          ...(account === undefined ? [] : [account]),
        ];
        bytes += entities.length * bytesOfSeed(event);
        if (bytes > CHUNK_BYTES_MAX && events.length > 0) break;
        for (const entity of entities) events.push({ entity, event });
      }
      upTo = place;
      taken++;
    }
    const left = rows.slice(taken);
    if (left.length > 0) this.rests.set(key, { after: upTo, rows: left, isEnd });
    else this.rests.delete(key);
    return { events, upTo, isLast: left.length === 0 && isEnd };
  }

  private async query(request: HistoryRequest): Promise<Pick<Rest, 'rows' | 'isEnd'>> {
    const { query, parameters } = historyQuery(request, ROWS_MAX);
    const result = await this.options.clickhouse.client.query({
      query,
      query_params: { ...parameters },
      format: 'JSONEachRow',
      clickhouse_settings: {
        optimize_read_in_order: 1,
        max_threads: THREADS_MAX,
        max_execution_time: QUERY_SECONDS_MAX,
        max_memory_usage: String(MEMORY_BYTES_MAX),
      },
    });
    const rows = await result.json<EventRow>();
    return { rows, isEnd: rows.length < ROWS_MAX };
  }

  private async accountOf(workspace: string, { group_id: groupId }: EventRow): Promise<Entity | undefined> {
    if (groupId === '') return undefined;
    const key = `${workspace}\n${groupId}`;
    const known = this.accounts.get(key);
    if (known !== undefined) return known;
    const account = await this.options.accountOf(workspace, groupId);
    if (this.accounts.size >= ACCOUNTS_MAX) this.accounts.clear();
    if (account !== undefined) this.accounts.set(key, account);
    return account;
  }

  private async profileOf(workspace: string, { profile_id: id, ordinal_text }: EventRow): Promise<Entity> {
    const known = Number(ordinal_text);
    return {
      ...({ workspace, kind: 'profile', id } as const),
      ordinal: known > 0 ? known : await this.options.ordinalOf(workspace, id),
    };
  }
}

function eventOf(workspace: string, row: EventRow): Event {
  const { message_id: id, source, name, occurred, group_id: groupId } = row;
  return {
    ...{
      kind: 'event',
      id,
      workspace,
      source,
      type: typeOf(row.type),
      name,
      occurredAt: Number(occurred),
      receivedAt: 0,
    },
    identifiers: row.identifier_types.map((type, index) => ({ type, value: row.identifier_values[index] ?? '' })),
    ...(groupId === '' ? {} : { groupId }),
    payload: new Uint8Array(Buffer.from(row.payload_base64, 'base64')),
  };
}

function typeOf(text: string): EventType {
  const type = EVENT_TYPES.find((each) => each === text);
  if (type === undefined) throw new Error(`the table events has an event of type ${text}`);
  return type;
}
