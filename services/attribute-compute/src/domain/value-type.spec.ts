import { Decimal, parseExactJson, Timestamp, unitsOf, type ValueType } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { coerce, REFUSED, unitsOfJson } from './value-type.js';

const read = (text: string, type: ValueType): unknown => coerce(parseExactJson(text), type);

describe('values of declared attributes', () => {
  it.each([
    ['"Ada"', 'Ada'],
    ['""', ''],
    ['42', '42'],
    ['403.00', '403'],
    ['1e-7', '0.0000001'],
    ['820982911946154508', '820982911946154508'],
    ['"\\ud800x"', '\ufffdx'],
    ['true', REFUSED],
    ['["a"]', REFUSED],
    ['{"a":1}', REFUSED],
    [JSON.stringify('x'.repeat(4_097)), REFUSED],
  ])('string takes texts, and numbers as their decimal text: %s', (text, value) => {
    expect(read(text, 'string')).toBe(value);
  });

  it.each([
    ['1', 1],
    ['-0', 0],
    ['0.1', 0.1],
    ['"403.00"', 403],
    ['" 7 "', 7],
    ['"+7"', 7],
    ['0.0033333333333333335', 0.003333333333333334],
    ['"0.0000000000000000005"', 0],
    ['"0.0000000000000000015"', 2e-18],
    ['1e300', REFUSED],
    ['"1e999"', REFUSED],
    ['1e20', REFUSED],
    ['"12,50"', REFUSED],
    ['"0x10"', REFUSED],
    ['"Infinity"', REFUSED],
    ['""', REFUSED],
    ['true', REFUSED],
    ['[]', REFUSED],
  ])('number takes JSON numbers and texts of one: %s', (text, value) => {
    expect(read(text, 'number')).toBe(value);
  });

  it('number keeps what a double cannot hold', () => {
    expect(read('820982911946154508.25', 'number')).toEqual(new Decimal(820982911946154508250000000000000000n));
  });

  it.each([
    ['true', true],
    ['false', false],
    ['"true"', REFUSED],
    ['1', REFUSED],
  ])('boolean takes true and false only: %s', (text, value) => {
    expect(read(text, 'boolean')).toBe(value);
  });

  it.each([
    ['"2026-01-02"', Date.UTC(2026, 0, 2)],
    ['"2026-01-02T03:04:05Z"', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['"2026-01-02T03:04:05.123456+02:00"', Date.UTC(2026, 0, 2, 1, 4, 5, 123)],
    ['1767225600000', 1_767_225_600_000],
    ['0', 0],
  ])('timestamp takes ISO-8601 with its zone and whole milliseconds: %s', (text, ms) => {
    expect(read(text, 'timestamp')).toEqual(new Timestamp(ms));
  });

  it.each(['"2026-01-02T03:04:05"', '"02/01/2026"', '1.5', '99999999999999', '"1899-12-31"', '"2026-02-30"', 'true'])(
    'timestamp refuses what depends on the machine or does not fit: %s',
    (text) => {
      expect(read(text, 'timestamp')).toBe(REFUSED);
    },
  );

  it('string_list takes up to 100 texts', () => {
    expect(read('["a","b"]', 'string_list')).toEqual(['a', 'b']);
    expect(read('[]', 'string_list')).toEqual([]);
    expect(read(JSON.stringify(Array(101).fill('a')), 'string_list')).toBe(REFUSED);
    expect(read('["a",1]', 'string_list')).toBe(REFUSED);
    expect(read('"a"', 'string_list')).toBe(REFUSED);
  });

  it('refuses or takes any JSON for any type, and never throws', () => {
    const types: ValueType[] = ['string', 'number', 'boolean', 'timestamp', 'string_list'];
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...types), (json, type) => {
        expect(coerce(json, type)).toBeDefined();
      }),
    );
  });
});

describe('units of numbers', () => {
  it('are those of the decimal text, for every double that has at most 18 digits after the point', () => {
    const doubles = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer().map((n) => n / 100),
    );
    fc.assert(
      fc.property(doubles, (double) => {
        const exact = unitsOf(double);
        if (exact !== undefined) expect(unitsOfJson(double)).toBe(exact);
      }),
      { numRuns: 2_000 },
    );
  });
});
