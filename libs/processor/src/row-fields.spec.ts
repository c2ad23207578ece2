import { Decimal, type Identifier, type MergeState, Timestamp, type Value } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RowReader, RowWriter } from './row-bytes.js';
import {
  readEntity,
  readIdentifiers,
  readMerges,
  readValue,
  writeEntity,
  writeIdentifiers,
  writeMerges,
  writeValue,
} from './row-fields.js';

const text = fc.string({ unit: 'binary', maxLength: 80 }).filter((value) => value.isWellFormed());
const time = fc.integer({ min: -(2 ** 53 - 1), max: 2 ** 53 - 1 });
const value: fc.Arbitrary<Value> = fc.oneof(
  text,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n }).map((units) => new Decimal(units)),
  time.map((ms) => new Timestamp(ms)),
  fc.array(text, { maxLength: 4 }),
);
const identifier: fc.Arbitrary<Identifier> = fc.record({ type: text, value: text });
const entity = fc.record({
  workspace: text,
  kind: fc.constantFrom('profile' as const, 'account' as const),
  id: text,
  ordinal: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
});
const byId = <T>(entry: fc.Arbitrary<T>) =>
  fc.uniqueArray(fc.tuple(text, entry), { selector: ([id]) => id, maxLength: 3 }).map((entries) => {
    // As a parser makes it: no name reaches the prototype.
    return Object.fromEntries(entries.filter(([id]) => id !== '__proto__')) as Record<string, T>;
  });
const merges: fc.Arbitrary<MergeState> = fc.record({
  open: byId(fc.record({ own: fc.boolean(), upstream: fc.boolean(), occurredAt: time })),
  folded: fc.array(text, { maxLength: 3 }),
  early: byId(fc.uint8Array({ maxLength: 40 })),
  completed: fc.array(text, { maxLength: 3 }),
});

const writer = new RowWriter();
function written(write: () => void): RowReader {
  writer.reset();
  write();
  return new RowReader(writer.take());
}

describe('the parts of rows', () => {
  it('come back as they were, one after another', () => {
    fc.assert(
      fc.property(entity, fc.array(identifier, { maxLength: 4 }), fc.array(value), merges, (of, ids, values, state) => {
        const reader = written(() => {
          writeEntity(writer, of);
          writeIdentifiers(writer, ids);
          for (const each of values) writeValue(writer, each);
          writeMerges(writer, state);
        });
        expect(readEntity(reader)).toEqual(of);
        expect(readIdentifiers(reader)).toEqual(ids);
        for (const each of values) expect(readValue(reader)).toEqual(each);
        const back = readMerges(reader);
        expect(Object.values(back.early).map((bytes) => [...bytes])).toEqual(
          Object.values(state.early).map((bytes) => [...bytes]),
        );
        expect({ ...back, early: Object.keys(back.early) }).toEqual({ ...state, early: Object.keys(state.early) });
      }),
    );
  });

  it('that are cut off throw, whatever was cut', () => {
    const bytes = (() => {
      writer.reset();
      writeIdentifiers(writer, [{ type: 'user_id', value: 'ada' }]);
      return writer.take();
    })();
    for (let size = 0; size < bytes.length; size++) {
      expect(() => readIdentifiers(new RowReader(bytes.subarray(0, size)))).toThrow(RangeError);
    }
  });
});

describe('a name', () => {
  it('is read as any other text, however many names there are', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 200 }), (names) => {
        const reader = written(() => {
          for (const each of names) writer.text(each);
        });
        for (const each of names) expect(reader.name()).toBe(each);
      }),
    );
  });

  it('is not taken for one that differs in a byte that its place does not depend on', () => {
    const alike = Array.from({ length: 26 }, (_, at) => `orders_${String.fromCharCode(97 + at)}_of_the_last_days`);
    const reader = written(() => {
      for (const each of [...alike, ...alike]) writer.text(each);
    });
    for (const each of [...alike, ...alike]) expect(reader.name()).toBe(each);
  });
});
