import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileValuePattern } from './value-pattern.js';

const matches = (pattern: string, value: string): boolean => compileValuePattern(pattern)!(value);

describe('patterns of values', () => {
  it.each([
    ['test-*', 'TEST-1', true],
    ['test-*', 'a test-1', false],
    ['*@example.com', 'ann@example.com', true],
    ['*@example.com', 'ann@example.com.org', false],
    ['?-1', 'a-1', true],
    ['?-1', 'ab-1', false],
    ['[0-]+', '00000000-0000', true],
    ['[0-]+', '', false],
    ['id[0-9]', 'id7', true],
    ['id[0-9]', 'idx', false],
    ['[a-c_-]x', '-x', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['*a*b*', 'xxayyb', true],
    ['*a*b*', 'xxbyya', false],
  ])('%s says of %s: %p', (pattern, value, expected) => {
    expect(matches(pattern, value)).toBe(expected);
  });

  it.each(['', '*', '**?', '[', '[]', '[z-a]', 'a\\', '[[a]', 'x'.repeat(65)])('%p is none', (text) => {
    expect(compileValuePattern(text)).toBeUndefined();
  });

  it('stand for what a regular expression of the same meaning does', () => {
    const token = fc.constantFrom(
      ['a', 'a'],
      ['b', 'b'],
      ['*', '[^]*'],
      ['?', '[^]'],
      ['[ab]', '[ab]'],
      ['[b-c]+', '[b-c]+'],
    );
    fc.assert(
      fc.property(
        fc.array(token, { minLength: 1, maxLength: 6 }),
        fc.stringMatching(/^[abc]{0,7}$/),
        (tokens, value) => {
          const pattern = compileValuePattern(tokens.map(([own]) => own).join(''));
          if (pattern === undefined) return;
          expect(pattern(value)).toBe(new RegExp(`^${tokens.map(([, other]) => other).join('')}$`).test(value));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('come to an end for the worst there is', () => {
    const pattern = compileValuePattern(`${'*a'.repeat(31)}b`)!;
    expect(pattern('a'.repeat(512))).toBe(false);
    const classes = compileValuePattern(`${'[a-z]+'.repeat(10)}!`)!;
    expect(classes('a'.repeat(512))).toBe(false);
  });
});
