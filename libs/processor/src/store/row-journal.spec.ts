import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { StoreKey } from '../ports.js';
import { decodeRows, encodeRows, JournalLayer, keyOfMapKey, mapKeyOf } from './row-journal.js';
import { compareKeys } from './store-key.js';

const part = fc.oneof(fc.integer(), fc.maxSafeNat(), fc.string({ unit: 'binary', maxLength: 30 }));
/** A text that begins with NUL stands for a key of several parts; the store refuses it as a key. */
const single = part.filter((value) => typeof value === 'number' || !value.startsWith('\u0000'));
const key: fc.Arbitrary<StoreKey> = fc.oneof(
  single,
  fc.constantFrom(1, 2, 3, 'a', 'b'),
  fc.array(part, { minLength: 2, maxLength: 3 }),
);
const change = fc.record({
  table: fc.constantFrom('one', 'two', 'three'),
  key,
  value: fc.option(fc.uint8Array({ maxLength: 60 }), { nil: undefined }),
});
const numberOf = (name: string): number => ['', 'one', 'two', 'three'].indexOf(name);

describe('the journal of a store', () => {
  it('reads back what it wrote, also several parts in one', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 20 }), { maxLength: 4 }), (lists) => {
        const parts = lists.map((changes) => encodeRows(changes, numberOf));
        for (const part of parts) expect(decodeRows(part.bytes)).toEqual(part);
        const all = decodeRows(Buffer.concat(parts.map(({ bytes }) => bytes)));
        expect(all.keys).toEqual(parts.flatMap(({ keys }) => keys));
        expect(all.tables).toEqual(parts.flatMap(({ tables }) => tables));
      }),
    );
  });

  it('holds of each row the last change', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 20 }), { maxLength: 6 }), (lists) => {
        const layer = new JournalLayer();
        const last = new Map<string, Uint8Array | undefined>();
        for (const changes of lists) {
          layer.add(encodeRows(changes, numberOf));
          for (const { table, key, value } of changes) last.set(JSON.stringify([numberOf(table), key]), value);
        }
        const rows = [...layer.rows()];
        const found = rows.map(({ table, key, value }): [string, Uint8Array | undefined] => [
          JSON.stringify([table, key]),
          value === undefined ? undefined : Uint8Array.from(value),
        ]);
        expect(found).toHaveLength(last.size);
        expect(new Map(found)).toEqual(last);
        for (const { table, key, value } of rows) {
          expect(layer.valueAt(layer.find(table, mapKeyOf(key))!)).toEqual(value);
        }
      }),
    );
  });

  it('tells keys apart as a Map of their contents does, and gives them back', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(keyOfMapKey(mapKeyOf(a))).toEqual(a);
        expect(mapKeyOf(a) === mapKeyOf(b)).toBe(compareKeys(a, b) === 0);
      }),
    );
  });
});
