import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { basicUser, bearerToken } from './authorization.js';
import { KeyRing, type KeySource } from './key-ring.js';
import { hashOfKey, inspectKeyText, keyEntryName, newKeyText } from './key-text.js';
import { natsOptions } from './nats-endpoint.js';

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

async function ringOf(entries: readonly [string, unknown][]) {
  let put: (entryName: string, value: Uint8Array | undefined) => void = () => {};
  const source: KeySource = {
    async watch(onEntry) {
      put = onEntry;
      for (const [entryName, value] of entries) onEntry(entryName, bytes(value));
      return { close() {} };
    },
  };
  const ring = new KeyRing();
  await ring.open(source);
  return { ring, put };
}

describe('key text', () => {
  it('is told apart from a mistyped one, for any single wrong character', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('write', 'secret'),
        fc.nat(29),
        fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'),
        (kind, at, wrong) => {
          const text = newKeyText(kind as 'write' | 'secret');
          const changed = `${text.slice(0, 7 + at)}${wrong}${text.slice(8 + at)}`;
          expect(inspectKeyText(text)).toEqual({ kind: 'well-formed', keyKind: kind });
          // The checksum has 20 bits: a wrong character inside it is always found, elsewhere all but one time in a million.
          if (changed !== text && at >= 26) expect(inspectKeyText(changed).kind).toBe('mistyped');
        },
      ),
    );
  });

  it('never repeats', () => {
    const keys = new Set(Array.from({ length: 1_000 }, () => newKeyText('write')));
    expect(keys.size).toBe(1_000);
  });
});

describe('key ring', () => {
  const write = newKeyText('write');
  const secret = newKeyText('secret');
  const writeEntry = { kind: 'write', workspace: 'shop', source: 'web', createdAt: 1 };

  it('grants what the entry of the key says', async () => {
    const { ring } = await ringOf([
      [keyEntryName('write', write), writeEntry],
      [
        keyEntryName('secret', secret),
        { kind: 'secret', workspace: 'shop', role: 'read', hash: hashOfKey(secret), createdAt: 1 },
      ],
    ]);
    expect(ring.lookup('write', write)).toMatchObject({ kind: 'granted', grant: { workspace: 'shop', source: 'web' } });
    expect(ring.lookup('secret', secret)).toMatchObject({ kind: 'granted', grant: { role: 'read' } });
  });

  it('does not take a write key for a secret key, nor the other way', async () => {
    const { ring } = await ringOf([[keyEntryName('write', write), writeEntry]]);
    expect(ring.lookup('secret', write).kind).toBe('unknown');
  });

  it('follows revocation and removal', async () => {
    const { ring, put } = await ringOf([[keyEntryName('write', write), writeEntry]]);
    put(keyEntryName('write', write), bytes({ ...writeEntry, revoked: true }));
    expect(ring.lookup('write', write).kind).toBe('revoked');
    put(keyEntryName('write', write), undefined);
    expect(ring.lookup('write', write).kind).toBe('unknown');
  });

  it('grants nothing for an entry that it cannot read, and counts it', async () => {
    const { ring } = await ringOf([[keyEntryName('write', write), { kind: 'write' }]]);
    expect(ring.lookup('write', write).kind).toBe('unknown');
    expect(ring.refused).toBe(1);
  });

  it('tells a mistyped key from an unknown one', async () => {
    const { ring } = await ringOf([]);
    const swapped = `${write.slice(0, -1)}${write.endsWith('a') ? 'b' : 'a'}`;
    expect(ring.lookup('write', swapped).kind).toBe('mistyped');
    expect(ring.lookup('write', 'wk_elsewhere').kind).toBe('unknown');
    expect(ring.lookup('write', 'x'.repeat(10_000)).kind).toBe('unknown');
  });
});

describe('authorization headers', () => {
  it('give the user of Basic, with or without its colon', () => {
    expect(basicUser(`Basic ${Buffer.from('key:').toString('base64')}`)).toBe('key');
    expect(basicUser(`basic ${Buffer.from('key').toString('base64')}`)).toBe('key');
    expect(basicUser(`Basic ${Buffer.from(':password').toString('base64')}`)).toBeUndefined();
    expect(basicUser('Bearer key')).toBeUndefined();
    expect(basicUser('Basic %%%')).toBeUndefined();
  });

  it('give the token of Bearer', () => {
    expect(bearerToken('Bearer abc')).toBe('abc');
    expect(bearerToken('Basic abc')).toBeUndefined();
    expect(bearerToken('Bearer a b')).toBeUndefined();
  });
});

describe('NATS_URL', () => {
  it('gives servers, and user and password or a token apart from them', () => {
    expect(natsOptions('nats://a:1,b:2', 'x')).toEqual({ url: 'nats://a:1,nats://b:2', name: 'x' });
    expect(natsOptions('nats://me:p%40ss@a:1', 'x')).toEqual({
      url: 'nats://a:1',
      name: 'x',
      credentials: { kind: 'password', user: 'me', password: 'p@ss' },
    });
    expect(natsOptions('tls://tok@a:1', 'x')).toMatchObject({
      url: 'tls://a:1',
      credentials: { kind: 'token', token: 'tok' },
    });
  });
});
