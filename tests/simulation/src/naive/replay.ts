/** Reads a whole stream in the order of storing, all partitions together, and keeps the log time of each partition. */
import { type LogRecord, partitionOf, partitionOfSubject } from '@attrium/event';
import type { StoredMessage } from '@attrium/processor';
import { recordsOf } from '../stored-records.js';

export interface Place {
  readonly partition: number;
  /** The partition's time at this record: the greatest log time or tick read, ms. */
  readonly now: number;
  /** How ids of facts that this record causes begin, without the stage's letter. */
  readonly position: string;
}

export function* replay(messages: readonly StoredMessage[]): Iterable<{ record: LogRecord; place: Place }> {
  const times = new Map<number, number>();
  for (const message of messages) {
    const { subject, sequence, appendedAt } = message;
    const partition = partitionOfSubject(subject);
    let now = Math.max(times.get(partition) ?? 0, appendedAt);
    for (const [index, record] of recordsOf(message).entries()) {
      if (record.kind === 'tick') now = Math.max(now, record.dueAt);
      yield { record, place: { partition, now, position: `${partition}-${sequence}-${index}` } };
    }
    times.set(partition, now);
  }
}

export function isIn(place: Place, id: string, partitions: number): boolean {
  return partitionOf(id, partitions) === place.partition;
}

/** Facts by the record that caused them; those of one record in any order. */
export class FactBook {
  private readonly facts = new Map<string, string[]>();

  add(position: string, fact: unknown): void {
    const text = JSON.stringify(fact);
    this.facts.set(position, [...(this.facts.get(position) ?? []), text]);
  }

  /** Where two books differ first, in the order of this one's positions. */
  firstDifference(found: FactBook): { position: string; expected: string; found: string } | undefined {
    const order = (a: string, b: string): number => {
      const [left, right] = [a, b].map((text) => text.split('-').map(Number)) as [number[], number[]];
      return left[1]! - right[1]! || left[2]! - right[2]! || left[0]! - right[0]!;
    };
    for (const position of [...new Set([...this.facts.keys(), ...found.facts.keys()])].sort(order)) {
      const [left, right] = [this, found].map((book) => [...(book.facts.get(position) ?? [])].sort()) as [
        string[],
        string[],
      ];
      const missing = left.filter((fact, index) => left.indexOf(fact) !== index || !right.includes(fact));
      const extra = right.filter((fact) => !left.includes(fact));
      if (left.join('\n') === right.join('\n')) continue;
      return { position, expected: missing.join('\n           '), found: extra.join('\n           ') };
    }
    return undefined;
  }
}
