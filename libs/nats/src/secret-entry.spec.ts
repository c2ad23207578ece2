import { describe, expect, it } from '@jest/globals';
import { decodeSecretEntry, encodeSecretEntry, replaceSecret } from './secret-entry.js';

const by = (secret: string, now: number, keepMs: number) => ({ secret, now, keepMs });

describe('the entry of a secret', () => {
  it('reads what it wrote, and an entry of one line as it was before there were former secrets', () => {
    const entry = { current: 'c', former: [{ secret: 'b', until: 20 }] };
    expect(decodeSecretEntry(encodeSecretEntry(entry))).toEqual(entry);
    expect(decodeSecretEntry(Buffer.from(' a\n'))).toEqual({ current: 'a', former: [] });
    expect(decodeSecretEntry(Buffer.from('a\nno end'))).toEqual({ current: 'a', former: [] });
  });

  it('keeps the replaced secret for as long as it is told, and nothing without being told', () => {
    const first = replaceSecret(undefined, by('a', 0, 50));
    expect(first).toEqual({ current: 'a', former: [] });
    const second = replaceSecret(first, by('b', 10, 50));
    expect(second).toEqual({ current: 'b', former: [{ secret: 'a', until: 60 }] });
    expect(replaceSecret(second, by('c', 20, 0))).toEqual({ current: 'c', former: [] });
  });

  it('drops former secrets whose time is over, and the oldest beyond three', () => {
    let entry = replaceSecret(undefined, by('a', 0, 0));
    entry = replaceSecret(entry, by('b', 0, 10));
    entry = replaceSecret(entry, by('c', 10, 100));
    expect(entry).toEqual({ current: 'c', former: [{ secret: 'b', until: 110 }] });
    for (const secret of ['d', 'e', 'f']) entry = replaceSecret(entry, by(secret, 20, 100));
    expect(entry.former.map(({ secret }) => secret)).toEqual(['e', 'd', 'c']);
  });

  it('has a secret once: one that comes back is no former one', () => {
    const entry = replaceSecret({ current: 'b', former: [{ secret: 'a', until: 90 }] }, by('a', 10, 50));
    expect(entry).toEqual({ current: 'a', former: [{ secret: 'b', until: 60 }] });
  });
});
