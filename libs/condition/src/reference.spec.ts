/** docs/reference/conditions.md is held to the code. */
import { readFileSync } from 'node:fs';
import { parseExactJson, type ValueType } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { compileCondition } from './compile.js';
import type { Condition } from './condition.js';
import { typedValueOfJson } from './json.js';
import { parseCondition } from './parse.js';
import { AGE_COMPARATORS } from './parsing.js';
import { eventSubject } from './subject.js';
import { WRITTEN_COMPARATORS } from './written-comparison.js';

const TEXT = readFileSync(new URL('../../../docs/reference/conditions.md', import.meta.url), 'utf8');

interface Row {
  readonly type: string;
  readonly comparison: string;
  readonly trueOf: readonly string[];
  readonly falseOf: readonly string[];
}

const NONE = '_none_';

function valuesIn(cell: string): string[] {
  return [...cell.matchAll(/_none_|`([^`]*)`/g)].map(([all, code]) => code ?? all);
}

const ROWS: readonly Row[] = TEXT.slice(TEXT.indexOf('## Truth table'), TEXT.indexOf('## In a preview'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.includes('`{'))
  .map((line) => {
    const [type, comparison, trueOf, falseOf] = line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''));
    const [first] = valuesIn(comparison!);
    return { type: type!, comparison: first!, trueOf: valuesIn(trueOf!), falseOf: valuesIn(falseOf!) };
  });

function holds({ type, comparison }: Row, value: string): boolean {
  const isProperty = type === 'any';
  const json = { [isProperty ? 'property' : 'attribute']: 'it', ...(parseExactJson(comparison) as object) };
  const scope = { attributeType: () => type as ValueType, hasSegment: () => false };
  const outcome = parseCondition(json, { over: isProperty ? 'event' : 'entity', path: '', scope });
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
  const read = value === NONE ? undefined : parseExactJson(value);
  if (isProperty) return compileCondition(outcome.condition as Condition)(eventSubject({ it: read }));
  const left = read === undefined ? undefined : typedValueOfJson(read, type as ValueType);
  // What the table shows is a value of the type.
  expect(left === undefined).toBe(value === NONE);
  const subject = { attribute: () => left, property: () => undefined, inSegment: () => false };
  return compileCondition(outcome.condition as Condition)(subject);
}

describe('the truth table of conditions', () => {
  it('has every comparator, of a missing value and of values that make it true and false', () => {
    const keys = new Set(ROWS.flatMap(({ comparison }) => Object.keys(parseExactJson(comparison) as object)));
    expect([...keys].sort()).toEqual([...WRITTEN_COMPARATORS].sort());
    for (const { trueOf, falseOf, comparison } of ROWS) {
      expect([comparison, trueOf.length > 0, falseOf.length > 0]).toEqual([comparison, true, true]);
      const aboutMissing = [...trueOf, ...falseOf].filter((value) => value === NONE);
      expect([comparison, aboutMissing]).toEqual([comparison, [NONE]]);
    }
  });

  it.each(ROWS)('$type $comparison is true and false of what it says', (row) => {
    for (const value of row.trueOf) expect([value, holds(row, value)]).toEqual([value, true]);
    for (const value of row.falseOf) expect([value, holds(row, value)]).toEqual([value, false]);
  });
});

describe('the reference of conditions', () => {
  it('has every comparator in its list', () => {
    const list = TEXT.slice(TEXT.indexOf('## Comparators'), TEXT.indexOf('## What a profile did'));
    for (const comparator of [...WRITTEN_COMPARATORS, ...AGE_COMPARATORS]) expect(list).toContain(`\`${comparator}\``);
  });
});
