import { Decimal, Timestamp } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeJson, encodeJson } from './json.js';

describe('JSON of questions', () => {
  it('carries the types that JSON lacks', () => {
    const value = {
      decimal: new Decimal(-123456789012345678901234567890n),
      at: new Timestamp(1_700_000_000_123),
      bytes: Uint8Array.of(0, 255, 7),
      big: 2n ** 70n,
      map: new Map<unknown, unknown>([['a', new Set([1, 'x'])]]),
      list: [new Timestamp(0), null],
    };
    expect(decodeJson(encodeJson(value))).toEqual(value);
  });

  it('gives back every plain value, also one that looks like ours or touches the prototype', () => {
    const looksLikeOurs = fc.record({ $: fc.oneof(fc.jsonValue(), fc.constant({ kind: 'bytes', text: 'AA==' })) });
    const values = fc.oneof(fc.jsonValue(), looksLikeOurs, fc.array(looksLikeOurs));
    fc.assert(
      fc.property(values, (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(decodeJson(encodeJson(plain))).toEqual(plain);
      }),
    );
    const hostile: unknown = JSON.parse('{"__proto__":{"admin":true},"a":1}');
    const back = decodeJson(encodeJson(hostile)) as object;
    expect(Object.keys(back)).toEqual(['__proto__', 'a']);
    expect((back as { admin?: unknown }).admin).toBeUndefined();
  });
});
