/** Values in the bytes that ClickHouse's binary formats have for them. */
import { type ExactNumber, unitsOf } from '@attrium/event';

/** An undocumented method of Buffer, without the checks of `write`. */
interface FastBuffer extends Buffer {
  utf8Write(text: string, offset: number, length: number): number;
}

const NOTHING = Buffer.alloc(0) as FastBuffer;
const FIRST_CAPACITY_BYTES = 4 << 10;
const VARINT_BYTES_MAX = 10;
/** Up to this length a loop over the characters beats a call into native code. */
const LOOP_CHARS_MAX = 24;

/** What DateTime64(3) can hold. */
const TIME_MIN = Date.UTC(1900, 0, 1);
const TIME_MAX = Date.UTC(2299, 11, 31, 23, 59, 59, 999);
const TWO_32 = 0x100000000;

/** Decimals of up to 15 digits, four of them behind the point, are multiplied by 10^14 in limbs of 24 bits. */
const FIFTEEN_DIGITS = 1e15;
const TEN_THOUSAND = 1e4;
const LIMB = 0x1000000;
const FACTOR_LOW = 1e14 % LIMB;
const FACTOR_HIGH = Math.floor(1e14 / LIMB);
const DECIMAL_END = 10n ** 38n;

export class BinaryWriter {
  /** Bytes written since the last `take`; may be set back to forget the last of them. */
  position = 0;
  private buffer = NOTHING;
  private capacity = FIRST_CAPACITY_BYTES;

  /** The bytes written since the last call; the writer goes on in new memory, of which it takes none before it is needed. */
  take(): Buffer {
    const taken = this.buffer.subarray(0, this.position);
    this.buffer = NOTHING;
    this.position = 0;
    return taken;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.position++] = value;
  }

  varint(value: number): void {
    this.reserve(VARINT_BYTES_MAX);
    this.position = this.putVarint(this.position, value);
  }

  /** An unsigned number, little-endian. */
  uint(value: number, bits: 16 | 32): void {
    this.reserve(4);
    const { buffer } = this;
    buffer[this.position++] = value;
    buffer[this.position++] = value >>> 8;
    if (bits === 16) return;
    buffer[this.position++] = value >>> 16;
    buffer[this.position++] = value >>> 24;
  }

  /** A safe integer as a number of 64 bits. */
  int64(value: number): void {
    const high = Math.floor(value / TWO_32);
    this.uint(value - high * TWO_32, 32);
    this.uint(high, 32);
  }

  /** Decimal text of a number below 2^64. */
  version(text: string): void {
    this.reserve(8);
    this.position = this.buffer.writeBigUInt64LE(BigInt(text), this.position);
  }

  /** Times outside of 1900 to 2299 become the nearest of them. */
  time(ms: number): void {
    this.int64(Math.trunc(Math.min(Math.max(ms, TIME_MIN), TIME_MAX)));
  }

  text(text: string): void {
    const chars = text.length;
    this.reserve(chars * 3 + VARINT_BYTES_MAX);
    if (chars <= LOOP_CHARS_MAX && this.ascii(text)) return;
    // Most text is ASCII, so that its length is the number of its characters.
    const start = this.position;
    const guess = sizeOfVarint(chars);
    const size = this.buffer.utf8Write(text, start + guess, chars * 3);
    const needed = sizeOfVarint(size);
    if (needed !== guess) this.buffer.copyWithin(start + needed, start + guess, start + guess + size);
    this.position = this.putVarint(start, size) + size;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length + VARINT_BYTES_MAX);
    this.position = this.putVarint(this.position, bytes.length);
    this.buffer.set(bytes, this.position);
    this.position += bytes.length;
  }

  /** A Nullable(Decimal(38, 18)); null for a number that does not fit. */
  decimal(value: ExactNumber): void {
    if (typeof value === 'number') {
      const scaled = Math.round(value * TEN_THOUSAND);
      // A number of up to 15 digits is the text of the double next to it, so that no text has to be made.
      if (scaled < FIFTEEN_DIGITS && scaled > -FIFTEEN_DIGITS && scaled / TEN_THOUSAND === value) {
        this.byte(0);
        this.tenThousandths(scaled);
        return;
      }
    }
    const units = unitsOf(value);
    if (units === undefined || units >= DECIMAL_END || units <= -DECIMAL_END) {
      this.byte(1);
      return;
    }
    this.byte(0);
    this.reserve(16);
    this.buffer.writeBigUInt64LE(BigInt.asUintN(64, units), this.position);
    this.buffer.writeBigInt64LE(units >> 64n, this.position + 8);
    this.position += 16;
  }

  /** `value` × 10^14 as a number of 128 bits. */
  private tenThousandths(value: number): void {
    this.reserve(18);
    const { buffer } = this;
    const magnitude = Math.abs(value);
    const a = magnitude % LIMB;
    const rest = Math.floor(magnitude / LIMB);
    const b = rest % LIMB;
    const c = Math.floor(rest / LIMB);
    const limbs = [
      a * FACTOR_LOW,
      a * FACTOR_HIGH + b * FACTOR_LOW,
      b * FACTOR_HIGH + c * FACTOR_LOW,
      c * FACTOR_HIGH,
      0,
      0,
    ];
    const negative = value < 0;
    let carry = 0;
    let borrow = negative ? 1 : 0;
    let at = this.position;
    for (let index = 0; index < 6; index++) {
      const sum = limbs[index]! + carry;
      let limb = sum % LIMB;
      carry = Math.floor(sum / LIMB);
      if (negative) {
        limb = 0xffffff - limb + borrow;
        borrow = limb === LIMB ? 1 : 0;
      }
      buffer[at++] = limb;
      buffer[at++] = limb >>> 8;
      buffer[at++] = limb >>> 16;
    }
    this.position += 16;
  }

  /** Writes short text with its length when it is ASCII; else moves nothing and answers false. */
  private ascii(text: string): boolean {
    const { buffer, position } = this;
    let at = position;
    buffer[at++] = text.length;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) return false;
      buffer[at++] = code;
    }
    this.position = at;
    return true;
  }

  private putVarint(at: number, value: number): number {
    const { buffer } = this;
    let rest = value;
    while (rest >= 0x80) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[at++] = rest;
    return at;
  }

  /** Makes room for `bytes` more. */
  private reserve(bytes: number): void {
    const needed = this.position + bytes;
    if (needed <= this.buffer.length) return;
    while (this.capacity < needed) this.capacity *= 2;
    const grown = Buffer.allocUnsafeSlow(this.capacity) as FastBuffer;
    this.buffer.copy(grown, 0, 0, this.position);
    this.buffer = grown;
  }
}

function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest >>>= 7) size++;
  return size;
}
