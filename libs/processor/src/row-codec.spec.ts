import { Decimal, Timestamp } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { decodeRow, encodeRow } from './row-codec.js';

describe('rows', () => {
  it('come back as they were: sets, exact numbers, times, bytes and nesting', () => {
    const row = {
      nested: { deep: [null, true, 'x', { more: 1.5 }] },
      set: new Set(['x', 1]),
      big: 12345678901234567890123456789012345678n,
      negative: -(10n ** 37n),
      decimal: new Decimal(10n ** 30n + 1n),
      time: new Timestamp(1_700_000_000_123),
      bytes: Uint8Array.of(0, 255, 7),
      empty: {},
    };
    const back = decodeRow(encodeRow(row)) as typeof row;
    expect({ ...back, bytes: [...back.bytes] }).toEqual({ ...row, bytes: [0, 255, 7] });
    expect(back.decimal).toBeInstanceOf(Decimal);
    expect(back.time).toBeInstanceOf(Timestamp);
  });
});
