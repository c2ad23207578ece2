/** A bounds-checked reader of protobuf fields. Whatever the bytes are, it either returns or throws `CodecError`, and never reads past its end. */
import { nameAt } from '../known-names.js';
import { CodecError } from './codec-error.js';
import type { FastBuffer } from './wire-writer.js';

export class WireReader {
  readonly buffer: FastBuffer;
  position = 0;
  /** The end of the message being read. */
  end: number;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as FastBuffer;
    this.end = bytes.byteLength;
  }

  /** Field number and wire type. */
  tag(): number {
    const tag = this.varint32();
    if (tag >>> 3 === 0) throw new CodecError(`field 0 at byte ${this.position}`);
    return tag;
  }

  /** An unsigned number of at most 32 bits. */
  varint32(): number {
    const { buffer } = this;
    if (this.position >= this.end) throw truncated(this.position);
    const first = buffer[this.position++]!;
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      if (this.position >= this.end) throw truncated(this.position);
      const byte = buffer[this.position++]!;
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new CodecError(`a number above 32 bits at byte ${this.position}`);
  }

  /** A signed number within ±(2^53 - 1); any other is refused. */
  int64(): number {
    const { buffer } = this;
    let low = 0;
    let middle = 0;
    for (let index = 0; index < 10; index++) {
      if (this.position >= this.end) throw truncated(this.position);
      const byte = buffer[this.position++]!;
      if (index < 4) low |= (byte & 0x7f) << (7 * index);
      else if (index < 8) middle |= (byte & 0x7f) << (7 * (index - 4));
      if (byte >= 0x80) continue;
      if (index < 8) return checked(low + middle * 0x10000000, this.position);
      return this.wide(this.position - index - 1);
    }
    throw new CodecError(`a number above 64 bits at byte ${this.position}`);
  }

  /** An unsigned number below 2^53; any other is refused. */
  uint64(): number {
    const value = this.int64();
    if (value < 0) throw new CodecError(`a number of 2^53 or more at byte ${this.position}`);
    return value;
  }

  double(): number {
    if (this.end - this.position < 8) throw truncated(this.end);
    const value = this.buffer.readDoubleLE(this.position);
    this.position += 8;
    return value;
  }

  /** Text that is seldom seen again. Bytes that are no UTF-8 become U+FFFD. */
  string(): string {
    const size = this.size();
    if (size === 0) return '';
    const start = this.position;
    this.position = start + size;
    return this.buffer.utf8Slice(start, this.position);
  }

  /** Text that probably equals `other`, which is returned then. */
  stringLike(other: string): string {
    const size = this.size();
    const { buffer, position } = this;
    this.position = position + size;
    let index = size === other.length ? 0 : size;
    // Equal bytes and code units are equal ASCII; a code unit above 0x7f never equals the byte of its own encoding and fails here.
    while (index < size && buffer[position + index] === other.charCodeAt(index) && buffer[position + index]! < 0x80) {
      index++;
    }
    if (index === size && size === other.length) return other;
    return buffer.utf8Slice(position, this.position);
  }

  /** Text that comes again and again. */
  name(): string {
    const size = this.size();
    const start = this.position;
    this.position = start + size;
    return nameAt(this.buffer, start, this.position);
  }

  /** Bytes as a view of the pack, not a copy. */
  bytes(): Uint8Array {
    const size = this.size();
    const start = this.position;
    this.position = start + size;
    return this.buffer.subarray(start, this.position);
  }

  /** Enters a message: from now on its end is the end. Set `end` to the result when it is read. */
  enter(): number {
    const size = this.size();
    const outer = this.end;
    this.end = this.position + size;
    return outer;
  }

  /** Passes a field that this release does not know. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.skipVarint();
        return;
      case 1:
        this.advance(8);
        return;
      case 2:
        this.advance(this.size());
        return;
      case 5:
        this.advance(4);
        return;
      default:
        throw new CodecError(`wire type ${tag & 7} at byte ${this.position}`);
    }
  }

  private skipVarint(): void {
    for (let index = 0; index < 10; index++) {
      if (this.position >= this.end) throw truncated(this.position);
      if (this.buffer[this.position++]! < 0x80) return;
    }
    throw new CodecError(`a number above 64 bits at byte ${this.position}`);
  }

  private advance(bytes: number): void {
    if (this.end - this.position < bytes) throw truncated(this.end);
    this.position += bytes;
  }

  /** The length of what follows, which lies within the message. */
  private size(): number {
    const size = this.varint32();
    if (size > this.end - this.position) throw truncated(this.end);
    return size;
  }

  /** A number of 9 or 10 bytes: a negative one, or one that is refused. */
  private wide(start: number): number {
    let value = 0n;
    for (let index = start; index < this.position; index++) {
      value |= BigInt(this.buffer[index]! & 0x7f) << BigInt(7 * (index - start));
    }
    return checked(Number(BigInt.asIntN(64, value)), this.position);
  }
}

function checked(value: number, position: number): number {
  if (!Number.isSafeInteger(value)) throw new CodecError(`a number of 2^53 or more at byte ${position}`);
  return value;
}

function truncated(position: number): CodecError {
  return new CodecError(`the bytes end inside a field, at byte ${position}`);
}
