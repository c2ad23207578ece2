import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Decimal, decimalFromText, numberFromUnits, unitsFromText, unitsOf, unitsToText } from './decimal.js';
import { parseExactJson, stringifyExactJson } from './exact-json.js';
import { fnv1a32 } from './partition.js';
import { durationMs } from './time.js';

describe('exact numbers', () => {
  it('adds 0.1 and 0.2 to 0.3', () => {
    expect(numberFromUnits(unitsOf(0.1)! + unitsOf(0.2)!)).toBe(0.3);
  });

  it('keeps what a double cannot hold', () => {
    const exact = decimalFromText('820982911946154508');
    expect(exact).toBeInstanceOf(Decimal);
    expect(String(exact)).toBe('820982911946154508');
  });

  it('refuses what does not fit 38 digits with 18 after the point', () => {
    expect(decimalFromText('1e20')).toBeUndefined();
    expect(decimalFromText('0.0000000000000000001')).toBeUndefined();
    expect(decimalFromText('99999999999999999999.999999999999999999')).toBeInstanceOf(Decimal);
    expect(decimalFromText('1e999999999')).toBeUndefined();
  });

  it('text and units are the same number, for any units', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), (units) => {
        expect(unitsFromText(unitsToText(units))).toBe(units);
        expect(unitsOf(numberFromUnits(units))).toBe(units);
      }),
    );
  });
});

describe('sums of money', () => {
  it('are the double that their text reads as', () => {
    const tenThousandths = fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n });
    fc.assert(
      fc.property(tenThousandths, (count) => {
        const units = count * 10n ** 14n;
        expect(numberFromUnits(units)).toBe(Number(unitsToText(units)));
      }),
    );
  });
});

describe('exact JSON', () => {
  it('carries long numbers through unchanged', () => {
    const text = '{"id":820982911946154508,"price":0.1,"n":[1,12345678901234567890.123456789]}';
    expect(stringifyExactJson(parseExactJson(text))).toBe(text);
  });

  it('reads a number the same, whatever stands beside it', () => {
    const beside = '"id":820982911946154508';
    for (const source of ['1e30', '1e999', '1.50', '-0.0', '1E2', '0.30000000000000004']) {
      const alone = (parseExactJson(`{"n":${source}}`) as { n: unknown }).n;
      expect((parseExactJson(`{${beside},"n":${source}}`) as { n: unknown }).n).toEqual(alone);
    }
  });

  it('finds a long number wherever it stands', () => {
    fc.assert(
      fc.property(fc.nat({ max: 70 }), fc.stringMatching(/^[1-9]\d{14}\.?\d$/), (before, number) => {
        const text = `{"a":"${'x'.repeat(before)}","n":${number}1}`;
        expect(stringifyExactJson(parseExactJson(text))).toBe(text);
      }),
    );
  });

  it('equals JSON.parse for every JSON of safe numbers', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(JSON.parse(stringifyExactJson(parseExactJson(text))))).toBe(
          JSON.stringify(JSON.parse(text)),
        );
      }),
    );
  });
});

describe('partition', () => {
  it('hashes the UTF-8 bytes as NATS does', () => {
    const reference = (key: string): number => {
      let hash = 0x811c9dc5;
      for (const byte of Buffer.from(key, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193);
      return hash >>> 0;
    };
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => {
        expect(fnv1a32(key)).toBe(reference(key));
      }),
    );
    expect(fnv1a32('a\ud800b')).toBe(reference('a\ud800b'));
  });
});

describe('durations', () => {
  it('reads 30s 5m 12h 30d 2w and nothing else', () => {
    expect(['30s', '5m', '12h', '30d', '2w', '0s', '5', 'd', '-1d', '1.5h'].map(durationMs)).toEqual([
      30_000,
      300_000,
      43_200_000,
      2_592_000_000,
      1_209_600_000,
      ...Array(5).fill(undefined),
    ]);
  });
});
