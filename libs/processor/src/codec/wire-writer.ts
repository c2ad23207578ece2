/** A growing buffer that protobuf fields are written into. Like generated code it leaves out fields that hold their default. */

/** Undocumented methods of Buffer, without the checks of `write` and `toString`: they cost more than the copying of a short string. */
export interface FastBuffer extends Buffer {
  utf8Write(text: string, offset: number, length: number): number;
  utf8Slice(start: number, end: number): string;
}

/** Longest varint. */
const VARINT_BYTES_MAX = 10;
/** Up to this length a loop over the characters beats a call into native code. */
const LOOP_CHARS_MAX = 12;

export class WireWriter {
  buffer: FastBuffer;
  position = 0;

  constructor(capacityBytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(capacityBytes) as FastBuffer;
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.position + bytes;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2)) as FastBuffer;
    this.buffer.copy(grown, 0, 0, this.position);
    this.buffer = grown;
  }

  /** Begins a message field; `lengthBytes` is a guess of how many bytes its length will take. Give the result to `close`. */
  open(tag: number, lengthBytes: 1 | 2 | 3): number {
    this.reserve(1 + lengthBytes);
    this.buffer[this.position++] = tag;
    const mark = this.position;
    this.position = mark + lengthBytes;
    return mark;
  }

  /** Ends a message field: puts its length before it, and moves it where the guess was wrong. */
  close(mark: number, lengthBytes: 1 | 2 | 3): void {
    const start = mark + lengthBytes;
    const size = this.position - start;
    const needed = sizeOfVarint(size);
    if (needed !== lengthBytes) {
      if (needed > lengthBytes) this.reserve(needed - lengthBytes);
      this.buffer.copyWithin(mark + needed, start, this.position);
      this.position += needed - lengthBytes;
    }
    this.length(mark, size);
  }

  string(tag: number, text: string): void {
    if (text.length > 0) this.element(tag, text);
  }

  /** A string that is written even when it is empty: in a list, in a oneof, or optional. */
  element(tag: number, text: string): void {
    const chars = text.length;
    this.reserve(chars * 3 + VARINT_BYTES_MAX);
    const { buffer } = this;
    buffer[this.position++] = tag;
    if (chars <= LOOP_CHARS_MAX && this.ascii(text)) return;
    // Most text is ASCII, so that its length is the number of its characters.
    const mark = this.position;
    const guess = sizeOfVarint(chars);
    const size = buffer.utf8Write(text, mark + guess, chars * 3);
    const needed = sizeOfVarint(size);
    if (needed !== guess) buffer.copyWithin(mark + needed, mark + guess, mark + guess + size);
    this.length(mark, size);
    this.position = mark + needed + size;
  }

  bytes(tag: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.message(tag, bytes);
  }

  /** A message that is already encoded. */
  message(tag: number, encoded: Uint8Array): void {
    const size = encoded.length;
    this.reserve(size + VARINT_BYTES_MAX);
    this.buffer[this.position++] = tag;
    this.position = this.length(this.position, size);
    this.buffer.set(encoded, this.position);
    this.position += size;
  }

  /** A number from 0 to 127: an enum or a boolean. */
  small(tag: number, value: number): void {
    this.reserve(2);
    this.buffer[this.position++] = tag;
    this.buffer[this.position++] = value;
  }

  /** A whole number within ±(2^53 - 1); anything else is a bug of the caller and throws RangeError. */
  int64(tag: number, value: number): void {
    if (value !== 0) this.optionalInt64(tag, value);
  }

  /** The same from 0 on. */
  uint64(tag: number, value: number): void {
    if (value < 0) throw new RangeError(`${value} is negative`);
    if (value !== 0) this.optionalInt64(tag, value);
  }

  /** A whole number that is written even when it is zero. */
  optionalInt64(tag: number, value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no whole number below 2^53`);
    this.reserve(1 + VARINT_BYTES_MAX);
    const { buffer } = this;
    buffer[this.position++] = tag;
    let position = this.position;
    if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 0x7fn; rest >>= 7n) buffer[position++] = Number(rest & 0x7fn) | 0x80;
      buffer[position++] = Number(rest);
    } else {
      let rest = value;
      for (; rest > 0x7fffffff; rest = Math.floor(rest / 128)) buffer[position++] = (rest % 128) | 0x80;
      for (; rest > 0x7f; rest >>>= 7) buffer[position++] = (rest & 0x7f) | 0x80;
      buffer[position++] = rest;
    }
    this.position = position;
  }

  double(tag: number, value: number): void {
    this.reserve(9);
    this.buffer[this.position] = tag;
    this.buffer.writeDoubleLE(value, this.position + 1);
    this.position += 9;
  }

  /** Writes a length at a place and returns the place after it. */
  private length(at: number, size: number): number {
    const { buffer } = this;
    let position = at;
    let rest = size;
    for (; rest > 0x7f; rest >>>= 7) buffer[position++] = (rest & 0x7f) | 0x80;
    buffer[position++] = rest;
    return position;
  }

  /** Writes a short ASCII string with its length; false, having written nothing, when it is not ASCII. */
  private ascii(text: string): boolean {
    const { buffer, position } = this;
    const chars = text.length;
    for (let index = 0; index < chars; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      buffer[position + 1 + index] = code;
    }
    buffer[position] = chars;
    this.position = position + 1 + chars;
    return true;
  }
}

function sizeOfVarint(value: number): 1 | 2 | 3 | 4 | 5 {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}
