/** Where one partition stands in its input: the messages that wait, the one that is open, and the place of the next fact. */
import type { LogRecord } from '@attrium/event';
import type { StoredMessage } from './ports.js';
import type { Position } from './position.js';

/** The place itself is a mutable `Position`, since it is read for every fact: copy it (`place`) to keep it. */
export class InputCursor implements Position {
  sequence = 1;
  record = 0;
  fact = 0;
  private pending: StoredMessage[] = [];
  private message: StoredMessage | undefined;
  private records: readonly LogRecord[] = [];

  constructor(start: Position) {
    this.sequence = start.sequence;
    this.record = start.record;
  }

  get place(): Position {
    return { sequence: this.sequence, record: this.record, fact: this.fact };
  }

  /** Nothing of a record has been decided in part. */
  get isBetweenRecords(): boolean {
    return this.fact === 0;
  }

  get isIdle(): boolean {
    return this.message === undefined && this.pending.length === 0;
  }

  /** The message being read. */
  get open(): StoredMessage | undefined {
    return this.message;
  }

  get waiting(): number {
    return this.pending.length;
  }

  /** The first input sequence that is still needed. */
  get nextSequence(): number {
    const last = this.pending[this.pending.length - 1];
    if (last !== undefined) return last.sequence + 1;
    return this.sequence + (this.message === undefined ? 0 : 1);
  }

  /** Takes a message; those from before the cursor are dropped. */
  offer(message: StoredMessage): void {
    if (message.sequence >= this.nextSequence) this.pending.push(message);
  }

  /** Forgets the messages that wait. */
  dropWaiting(): void {
    this.pending = [];
  }

  /** Moves to the next message that waits; its records are still to be given to `begin`. */
  advance(): StoredMessage | undefined {
    const message = this.pending.shift();
    if (message === undefined) return undefined;
    if (message.sequence !== this.sequence) {
      this.sequence = message.sequence;
      this.record = 0;
      this.fact = 0;
    }
    return message;
  }

  begin(message: StoredMessage, records: readonly LogRecord[]): void {
    this.message = message;
    this.records = records;
  }

  /** The record at the cursor; undefined behind the last one of the open message. */
  get current(): LogRecord | undefined {
    return this.records[this.record];
  }

  /** The record is decided; true when it was the last one of its message. */
  closeRecord(): boolean {
    this.record++;
    this.fact = 0;
    return this.record >= this.records.length;
  }

  closeMessage(): void {
    this.message = undefined;
    this.records = [];
    this.sequence++;
    this.record = 0;
    this.fact = 0;
  }
}
