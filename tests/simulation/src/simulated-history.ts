/** The history of a line as ClickHouse would have it: what is stored of `resolved`, in the order of the table's key, in small pages. */
import type { History, HistoryPage, HistoryRequest } from '@attrium/attribute-compute';
import { partitionFilters, partitionOfSubject, type SeededEvent, streamOf } from '@attrium/event';
import type { SimulatedLog } from '@attrium/testing/simulation';
import { recordsOf } from './stored-records.js';

const PAGE_EVENTS = 2;

interface Row {
  readonly key: string;
  readonly seed: SeededEvent;
}

export class SimulatedHistory implements History {
  constructor(private readonly log: SimulatedLog) {}

  async projectedUpTo(): Promise<number> {
    return this.log.stored(streamOf('resolved')).at(-1)?.sequence ?? 0;
  }

  async read({ workspace, partition, before, after }: HistoryRequest): Promise<HistoryPage> {
    const rows: Row[] = [];
    for (const message of this.log.stored(streamOf('resolved'), partitionFilters('resolved', partition))) {
      if (partitionOfSubject(message.subject) !== partition || message.sequence > before.sequence) continue;
      for (const [index, record] of recordsOf(message).entries()) {
        if (message.sequence === before.sequence && index >= before.record) continue;
        if (record.kind !== 'event-resolved' || record.entity.workspace !== workspace) continue;
        const { entity, event } = record;
        const place = [message.sequence, index].map((number) => String(number).padStart(9, '0'));
        rows.push({ key: [event.name, entity.id, ...place].join(' '), seed: { entity, event } });
      }
    }
    rows.sort((a, b) => (a.key < b.key ? -1 : 1));
    const left = rows.filter(({ key }) => key > after);
    const page = left.slice(0, PAGE_EVENTS);
    const upTo = page.at(-1)?.key ?? after;
    return { events: page.map(({ seed }) => seed), upTo, isLast: page.length === left.length };
  }
}
