import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvLine } from './csv.js';
import { type CsvRow, CsvRows } from './csv-rows.js';

function read(parts: readonly string[], limits = { fieldsMax: 10, fieldLengthMax: 50 }): CsvRow[] {
  const rows = new CsvRows(limits);
  return [...parts.flatMap((part) => rows.push(part)), ...rows.end()];
}

describe('rows of a CSV text', () => {
  it('are those that were written, each with its line, wherever the text is cut', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'ü', ':') });
    const drawnRows = fc.array(fc.array(text, { minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(drawnRows, fc.array(fc.nat(200)), (rows, cuts) => {
        const whole = rows.map(csvLine).join('');
        const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
        const parts = places.slice(1).map((to, index) => whole.slice(places[index], to));
        const expected = rows.flatMap((row, index) => {
          const before = rows.slice(0, index).map(csvLine).join('');
          const fields = row.map((field) => field.trim());
          return fields.some((field) => field !== '') ? [{ line: before.split('\n').length, fields }] : [];
        });
        expect(read(parts)).toEqual(expected);
      }),
    );
  });

  it('need no line break at the end; empty ones are none', () => {
    expect(read(['a,b\n\n,,\n', ' c'])).toEqual([
      { line: 1, fields: ['a', 'b'] },
      { line: 4, fields: ['c'] },
    ]);
  });

  it('are cut at their limits', () => {
    const limits = { fieldsMax: 2, fieldLengthMax: 3 };
    expect(read(['abcdef,b,c,d\n'], limits)).toEqual([{ line: 1, fields: ['abcd', 'b'] }]);
    expect(read(['"', 'x'.repeat(100_000)], limits)).toEqual([{ line: 1, fields: ['xxxx'] }]);
  });
});
