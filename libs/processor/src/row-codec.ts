/** The default encoding of rows: MessagePack of plain data with Set, bigint, Decimal and Timestamp. A Map comes back as an object. */
import { Decimal, Timestamp } from '@attrium/event';
import { addExtension, Packr } from 'msgpackr';
import type { TableCodec } from './stage.js';

addExtension({
  Class: Decimal,
  type: 0x44,
  write: (value: Decimal) => value.units,
  read: (units: bigint | number) => new Decimal(BigInt(units)),
});
addExtension({
  Class: Timestamp,
  type: 0x54,
  write: (value: Timestamp) => value.ms,
  read: (ms: number) => new Timestamp(ms),
});

const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: true, useBigIntExtension: true });

/** Encodes any plain value; equal values give equal bytes only if their keys are in the same order. */
export function encodeRow(value: unknown): Uint8Array {
  return packr.pack(value);
}

export function decodeRow(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}

export const rowCodec: TableCodec<unknown> = { encode: encodeRow, decode: decodeRow };
