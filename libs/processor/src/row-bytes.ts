/** Compact binary writing and reading of rows: varints, doubles, UTF-8 texts, big integers. */
import type { FastBuffer } from './codec/wire-writer.js';
import { nameAt } from './known-names.js';

const INITIAL_BYTES = 16_384;
/** Below 128, so that the length takes one byte. */
const SHORT_CHARS_MAX = 64;

/** Writes into one buffer that is reused; `take` copies out what was written. */
export class RowWriter {
  private buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  private length = 0;

  take(): Uint8Array {
    // A copy out of Node's pool: memory of its own for each row would cost more than the row.
    const bytes = Buffer.from(this.buffer.subarray(0, this.length));
    this.length = 0;
    return bytes;
  }

  /** Forgets what was written: for a writer whose last row could not be written. */
  reset(): void {
    this.length = 0;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  /** A whole number from 0 to 2^53 - 1. */
  whole(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no whole number`);
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.length++] = rest;
  }

  double(value: number): void {
    this.reserve(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
  }

  text(value: string): void {
    if (value.length <= SHORT_CHARS_MAX && this.shortText(value)) return;
    const bytes = Buffer.byteLength(value, 'utf8');
    this.whole(bytes);
    this.reserve(bytes);
    this.length += this.buffer.write(value, this.length, bytes, 'utf8');
  }

  /** Writes a short ASCII text: a loop beats two calls into native code. False, having written nothing, when it is not ASCII. */
  private shortText(value: string): boolean {
    const chars = value.length;
    this.reserve(chars + 1);
    const { buffer } = this;
    const start = this.length + 1;
    for (let index = 0; index < chars; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      buffer[start + index] = code;
    }
    buffer[this.length] = chars;
    this.length = start + chars;
    return true;
  }

  /** A text of one-byte characters whose length the reader knows. */
  latin(value: string): void {
    this.reserve(value.length);
    for (let index = 0; index < value.length; index++) this.buffer[this.length++] = value.charCodeAt(index);
  }

  bytes(value: Uint8Array): void {
    this.whole(value.byteLength);
    this.reserve(value.byteLength);
    this.buffer.set(value, this.length);
    this.length += value.byteLength;
  }

  /** Sign and number of 64-bit words, then the words of the magnitude, lowest first. */
  big(value: bigint): void {
    let rest = value < 0n ? -value : value;
    const words: bigint[] = [];
    for (; rest > 0n; rest >>= 64n) words.push(BigInt.asUintN(64, rest));
    this.whole(words.length * 2 + (value < 0n ? 1 : 0));
    this.reserve(words.length * 8);
    for (const word of words) this.length = this.buffer.writeBigUInt64LE(word, this.length);
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }
}

/** Reads what a `RowWriter` wrote. Throws RangeError when the bytes end too soon. */
export class RowReader {
  private readonly buffer: FastBuffer;
  private position = 0;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as FastBuffer;
  }

  byte(): number {
    return this.buffer[this.advance(1)]!;
  }

  whole(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  double(): number {
    return this.buffer.readDoubleLE(this.advance(8));
  }

  text(): string {
    const length = this.whole();
    const start = this.advance(length);
    return this.buffer.utf8Slice(start, start + length);
  }

  /** A text that comes again and again. */
  name(): string {
    const length = this.whole();
    const start = this.advance(length);
    return nameAt(this.buffer, start, start + length);
  }

  latin(length: number): string {
    const start = this.advance(length);
    return this.buffer.toString('latin1', start, start + length);
  }

  /** A copy: the caller may keep it. */
  bytes(): Uint8Array {
    const length = this.whole();
    const start = this.advance(length);
    return Uint8Array.prototype.slice.call(this.buffer, start, start + length);
  }

  big(): bigint {
    const head = this.whole();
    let value = 0n;
    for (let word = 0; word < head >> 1; word++) {
      value |= this.buffer.readBigUInt64LE(this.advance(8)) << BigInt(64 * word);
    }
    return (head & 1) === 1 ? -value : value;
  }

  private advance(bytes: number): number {
    const start = this.position;
    if (start + bytes > this.buffer.length) throw new RangeError('the row ends too soon');
    this.position = start + bytes;
    return start;
  }
}
