/**
 * Patterns of blocked values: `*` any characters, `?` one character, `[a-f0-9]` one of a class, `[0-]+` one or more of it, `\` before a
 * character that is meant as itself. A pattern stands for the whole value, in any case. Matching takes at most tokens × characters
 * steps, whatever the pattern: all places that it can be at are followed at once, and nothing is tried again.
 */
import { VALUE_PATTERN_LENGTH_MAX } from './limits.js';

type Test = (unit: number) => boolean;

interface Token {
  readonly test: Test;
  /** Any number of such characters; else exactly one. */
  readonly many: boolean;
}

export type ValuePattern = (value: string) => boolean;

const ANY: Test = () => true;

/** The matcher of a pattern; undefined for a text that is none, or one that would match every value. */
export function compileValuePattern(text: string): ValuePattern | undefined {
  if (text.length === 0 || text.length > VALUE_PATTERN_LENGTH_MAX) return undefined;
  const tokens = tokensOf(text.toLowerCase());
  // At least one place must be about a certain character: `*` and `?` alone would block whatever comes.
  if (tokens === undefined || tokens.every(({ test }) => test === ANY)) return undefined;
  return (value) => matches(tokens, value.toLowerCase());
}

function tokensOf(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (character === '*') tokens.push({ test: ANY, many: true });
    else if (character === '?') tokens.push({ test: ANY, many: false });
    else if (character === '[') {
      const end = text.indexOf(']', index);
      const test = end < 0 ? undefined : classTest(text.slice(index + 1, end));
      if (test === undefined) return undefined;
      tokens.push({ test, many: false });
      index = end;
      if (text[index + 1] !== '+') continue;
      tokens.push({ test, many: true });
      index++;
    } else {
      if (character === '\\') index++;
      if (index === text.length) return undefined;
      const unit = text.charCodeAt(index);
      tokens.push({ test: (other) => other === unit, many: false });
    }
  }
  return tokens;
}

/** `a-f0-9_-`: ranges and characters; a `-` at an end is itself. */
function classTest(members: string): Test | undefined {
  if (members === '' || members.includes('[') || members.includes('\\')) return undefined;
  const ranges: [number, number][] = [];
  for (let index = 0; index < members.length; index++) {
    const first = members.charCodeAt(index);
    const isRange = members[index + 1] === '-' && index + 2 < members.length;
    const last = isRange ? members.charCodeAt(index + 2) : first;
    if (last < first) return undefined;
    ranges.push([first, last]);
    if (isRange) index += 2;
  }
  return (unit) => ranges.some(([first, last]) => unit >= first && unit <= last);
}

function matches(tokens: readonly Token[], value: string): boolean {
  let places = reach(tokens, new Set([0]));
  for (let index = 0; index < value.length && places.size > 0; index++) {
    const unit = value.charCodeAt(index);
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token?.test(unit) === true) next.add(token.many ? place : place + 1);
    }
    places = reach(tokens, next);
  }
  return places.has(tokens.length);
}

/** The places and those behind tokens that may stand for nothing. */
function reach(tokens: readonly Token[], places: Set<number>): Set<number> {
  for (const place of places) if (tokens[place]?.many === true) places.add(place + 1);
  return places;
}
