import { Decimal, Timestamp, unitsOf, unitsToText } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jsonText } from './projection.js';
import { decimalText, rowEncoder, timeText } from './tsv.js';

const UNESCAPES: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  '0': '\0',
  b: '\b',
  f: '\f',
  '\\': '\\',
};

describe('rows as tab separated text', () => {
  it('never holds a tab or a line end of a value, and gives every text back', () => {
    const encode = rowEncoder([{ name: 'a', type: 'text' }]);
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('\t', '\n', '\r', '\\', '\0', '\b', '\f', "'", 'a', 'n', 'é', '😀') }),
        (text) => {
          const line = encode([text]);
          expect(line).not.toMatch(/[\t\n\r]/);
          expect(line.replace(/\\(.)/g, (_, character: string) => UNESCAPES[character] as string)).toBe(text);
        },
      ),
    );
  });

  it('writes nulls, arrays and exact decimals as ClickHouse reads them', () => {
    const encode = rowEncoder([
      { name: 'a', type: 'text' },
      { name: 'b', type: 'texts' },
      { name: 'c', type: 'decimals' },
      { name: 'd', type: 'times' },
      { name: 'e', type: 'boolean' },
      { name: 'f', type: 'bytes' },
    ]);
    const row = [
      undefined,
      ["it's", 'a\tb', undefined],
      [0.1, new Decimal(10n ** 37n), undefined],
      [0],
      true,
      Buffer.from('{"é":"\\n"}'),
    ];
    expect(encode(row)).toBe(
      `\\N\t['it\\'s','a\\tb',NULL]\t[0.1,10000000000000000000,NULL]\t['1970-01-01 00:00:00.000']\t1\t{"é":"\\\\n"}`,
    );
  });

  it('writes a time as ISO does, at any instant that the column holds', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2299, 11, 31) }), (ms) => {
        expect(timeText(ms)).toBe(new Date(ms).toISOString().replace('T', ' ').replace('Z', ''));
      }),
    );
    expect(timeText(Number.MAX_SAFE_INTEGER)).toBe('2299-12-31 23:59:59.999');
    expect(timeText(-1e15)).toBe('1900-01-01 00:00:00.000');
  });

  it('has no decimal for a number beyond 38 digits with 18 after the point', () => {
    expect([1e300, 1e-30, 1e-7, -5, Number.NaN].map(decimalText)).toEqual([
      undefined,
      undefined,
      '0.0000001',
      '-5',
      undefined,
    ]);
  });

  it('writes a double as its exact decimal text, by whichever way', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e16, max: 1e16 }), (value) => {
        const units = unitsOf(value);
        expect(decimalText(value)).toBe(units === undefined ? undefined : unitsToText(units));
      }),
    );
  });

  it('writes a time as ISO 8601', () => {
    expect(jsonText(new Timestamp(1_700_000_000_123))).toBe('"2023-11-14T22:13:20.123Z"');
  });

  it('writes values as JSON', () => {
    expect([jsonText('a"b'), jsonText(1.5), jsonText(false), jsonText(['x']), jsonText(new Decimal(1n))]).toEqual([
      '"a\\"b"',
      '1.5',
      'false',
      '["x"]',
      '0.000000000000000001',
    ]);
  });
});
