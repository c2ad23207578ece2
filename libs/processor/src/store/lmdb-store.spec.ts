import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeConformance } from '@attrium/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openLmdbStore } from './lmdb-store.js';

for (const [name, journalBytesMax] of [
  ['LMDB', undefined],
  ['LMDB, each commit folded at once', 0],
] as const) {
  storeConformance(name, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'attrium-store-'));
    let store = openLmdbStore({ directory, journalBytesMax });
    return {
      store,
      reopen: async () => {
        await store.close();
        store = openLmdbStore({ directory, journalBytesMax });
        return store;
      },
      close: async () => {
        await store.close();
        rmSync(directory, { recursive: true });
      },
    };
  });
}

describe('LMDB state store', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'attrium-store-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('refuses commits once its file has reached the limit, and keeps what it has', async () => {
    const store = openLmdbStore({ directory, mapSizeBytesMax: 1 << 20 });
    const rows = store.partition(0);
    const value = new Uint8Array(300_000);
    let refusal: unknown;
    for (let key = 0; key < 10 && refusal === undefined; key++) {
      await rows.commit([{ table: 'rows', key, value }], Uint8Array.of(key)).catch((error: unknown) => {
        refusal = error;
      });
    }
    expect(refusal).toMatchObject({ code: 'ATR-STORE-001', retryable: true });
    expect(rows.get('rows', rows.checkpoint()![0]!)).toHaveLength(300_000);
    await store.close();
  });

  it('refuses a key that is too long, and then stores nothing', async () => {
    const store = openLmdbStore({ directory });
    const rows = store.partition(0);
    const commit = rows.commit(
      [
        { table: 'rows', key: 1, value: Uint8Array.of(1) },
        { table: 'rows', key: ['email', 'x'.repeat(1_890)], value: Uint8Array.of(1) },
      ],
      Uint8Array.of(1),
    );
    await expect(commit).rejects.toMatchObject({ code: 'ATR-STORE-002', retryable: false });
    expect(rows.checkpoint()).toBeUndefined();
    expect([...rows.range('rows', {})]).toEqual([]);
    await rows.commit(
      [{ table: 'rows', key: ['email', 'x'.repeat(1_800)], value: Uint8Array.of(1) }],
      Uint8Array.of(2),
    );
    expect([...rows.range('rows', {})]).toHaveLength(1);
    await store.close();
  });

  it('says when a folder cannot hold a store', () => {
    expect(() => openLmdbStore({ directory: '/dev/null/store' })).toThrow(
      expect.objectContaining({ code: 'ATR-STORE-003' }),
    );
  });
});
