/** The history of a line as ClickHouse would have it: what is stored of `resolved`, in the order of the table's key, in small pages. */
import type { History, HistoryPage, HistoryRequest } from '@attrium/attribute-compute';
import {
  type Entity,
  type Event,
  partitionFilters,
  partitionOfSubject,
  type SeededEvent,
  streamOf,
} from '@attrium/event';
import type { SimulatedLog } from '@attrium/testing/simulation';
import { recordsOf } from './stored-records.js';

const PAGE_EVENTS = 2;

interface Row {
  readonly key: string;
  readonly seeds: readonly SeededEvent[];
}

export class SimulatedHistory implements History {
  constructor(private readonly log: SimulatedLog) {}

  async projectedUpTo(): Promise<number> {
    return this.log.stored(streamOf('resolved')).at(-1)?.sequence ?? 0;
  }

  async read({ workspace, partition, before, after, filter }: HistoryRequest): Promise<HistoryPage> {
    const rows: Row[] = [];
    const accounts = this.accountsOf(workspace);
    for (const message of this.log.stored(streamOf('resolved'), partitionFilters('resolved', partition))) {
      if (partitionOfSubject(message.subject) !== partition || message.sequence > before.sequence) continue;
      for (const [index, record] of recordsOf(message).entries()) {
        if (message.sequence === before.sequence && index >= before.record) continue;
        if (record.kind !== 'event-resolved' || record.entity.workspace !== workspace) continue;
        const { entity, event } = record;
        // What an account has of an event is in the row of its profile.
        if (entity.kind === 'account') continue;
        if (!isAsked(event, filter)) continue;
        const account = accounts.get(event.id);
        const place = [message.sequence, index].map((number) => String(number).padStart(9, '0'));
        const seeds = [
          ...(filter.users ? [{ entity, event }] : []),
          ...(filter.accounts && account !== undefined ? [{ entity: account, event }] : []),
        ];
        rows.push({ key: [event.name, entity.id, ...place].join(' '), seeds });
      }
    }
    rows.sort((a, b) => (a.key < b.key ? -1 : 1));
    const left = rows.filter(({ key }) => key > after);
    const page = left.slice(0, PAGE_EVENTS);
    const upTo = page.at(-1)?.key ?? after;
    return { events: page.flatMap(({ seeds }) => seeds), upTo, isLast: page.length === left.length };
  }

  /** By event: the account that it belongs to. */
  private accountsOf(workspace: string): Map<string, Entity> {
    const accounts = new Map<string, Entity>();
    for (const message of this.log.stored(streamOf('resolved'))) {
      for (const record of recordsOf(message)) {
        if (record.kind !== 'event-resolved' || record.entity.workspace !== workspace) continue;
        if (record.entity.kind === 'account') accounts.set(record.event.id, record.entity);
      }
    }
    return accounts;
  }
}

/** As the question to ClickHouse has it. */
function isAsked({ type, name, payload }: Event, filter: HistoryRequest['filter']): boolean {
  if (filter.everything || (type === 'track' && filter.names.includes(name))) return true;
  if (filter.properties && ['track', 'page', 'screen'].includes(type)) return true;
  return (
    filter.traits && (['identify', 'group'].includes(type) || new TextDecoder().decode(payload).includes('"traits"'))
  );
}
