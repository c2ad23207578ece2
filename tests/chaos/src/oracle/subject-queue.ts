/** What one subject must hold next, and whether what is found there is that: each fact once, in order, byte for byte. */
import type { LogRecord } from '@attrium/event';
import { NO_POSITION, PackBuilder } from '@attrium/processor';
import { canonicalJson } from '@attrium/testing/simulation';
import type { Tally } from '../tally.js';

interface Expected {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly record: LogRecord;
}

const HEADER = { schemaVersion: 1, logicVersion: 1, stage: '', writer: '', owner: '', commit: 1, reached: NO_POSITION };

const RECENT_MAX = 50_000;

/** Reused, for its buffer. */
const builder = new PackBuilder();

export class SubjectQueue {
  private expected: Expected[] = [];
  private head = 0;
  /** Facts that this subject must have in all so far, and those that were found. */
  expectedCount = 0;
  foundCount = 0;
  /** The last expected facts that were found, in two generations: a set that forgets its first again and again gets slow. */
  private recent = new Set<string>();
  private older = new Set<string>();

  constructor(
    private readonly subject: string,
    private readonly tally: Tally,
  ) {}

  expect(record: LogRecord): void {
    // Encoded at once: what the record refers to may change afterwards.
    this.expected.push({ id: record.id, bytes: bytesOf(record), record });
    this.expectedCount++;
  }

  find(record: LogRecord): void {
    const next = this.expected[this.head];
    if (next !== undefined && next.id === record.id) {
      if (!sameBytes(next.bytes, bytesOf(record))) {
        this.tally.lost(
          1,
          `${this.subject}: fact ${record.id} has another content`,
          textOf(next.record),
          textOf(record),
        );
      }
      this.pass(record.id);
      return;
    }
    const what = `${this.subject}: found ${record.id}`;
    if (this.recent.has(record.id) || this.older.has(record.id)) {
      this.tally.doubled(1, `${what} again`, next && textOf(next.record), textOf(record));
      return;
    }
    const at = this.expected.findIndex(({ id }, index) => index > this.head && id === record.id);
    if (at < 0) {
      this.tally.doubled(1, `${what}, which its input does not cause`, next && textOf(next.record), textOf(record));
      return;
    }
    this.tally.reordered(1, `${what} ${at - this.head} facts early`, next && textOf(next.record), textOf(record));
    this.expected.splice(at, 1);
    this.foundCount++;
  }

  /** Reports what must have been found by now and was not, up to the fact of this number, and forgets it. */
  giveUp(until: number): void {
    const missing = until - this.foundCount;
    if (missing <= 0) return;
    const gone = this.expected.splice(this.head, missing);
    this.tally.lost(missing, `${this.subject}: ${missing} facts are missing`, textOf(gone[0]!.record));
    this.foundCount += missing;
  }

  private pass(id: string): void {
    this.foundCount++;
    this.recent.add(id);
    if (this.recent.size >= RECENT_MAX) [this.older, this.recent] = [this.recent, new Set()];
    this.head++;
    if (this.head < 4_096) return;
    this.expected = this.expected.slice(this.head);
    this.head = 0;
  }
}

/** The record as it stands in the log. */
function bytesOf(record: LogRecord): Uint8Array {
  builder.add(record);
  return builder.finish(HEADER);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function textOf(record: LogRecord): string {
  const { bytes: _bytes, ...plain } = record as LogRecord & { bytes?: unknown };
  const event = 'event' in plain ? { event: { ...plain.event, bytes: undefined } } : {};
  return canonicalJson({ ...plain, ...event }).slice(0, 2_000);
}
