/** What every state store promises, as tests that run against any adapter. */

import type { PartitionStore, StateStore, StoreKey } from '@attrium/processor';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

export interface StoreUnderTest {
  readonly store: StateStore;
  /** Closes and opens the same store again. */
  reopen(): Promise<StateStore>;
  close(): Promise<void>;
}

const CHECKPOINT = Uint8Array.of(9);

export function storeConformance(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  historyConformance(name, makeStore);
  describe(`state store: ${name}`, () => {
    let made: StoreUnderTest;
    let rows: PartitionStore;

    beforeEach(async () => {
      made = await makeStore();
      rows = made.store.partition(3);
    });

    afterEach(() => made.close());

    const put = (table: string, keys: readonly StoreKey[]): Promise<void> => putKeys(rows, table, keys);
    const keysOf = (table: string, options: { from?: StoreKey; to?: StoreKey; limit?: number } = {}): StoreKey[] =>
      [...rows.range(table, options)].map(({ key }) => key);

    it('an empty partition has no rows and no checkpoint', () => {
      expect(rows.checkpoint()).toBeUndefined();
      expect(rows.get('rows', 1)).toBeUndefined();
      expect(keysOf('rows')).toEqual([]);
    });

    it('a commit shows all its changes and its checkpoint once it is done', async () => {
      await rows.commit(
        [
          { table: 'rows', key: 1, value: Uint8Array.of(1, 2, 3) },
          { table: 'others', key: 1, value: Uint8Array.of(4) },
          { table: 'rows', key: 'text', value: new Uint8Array(0) },
        ],
        Uint8Array.of(7, 7),
      );
      expect(bytesOf(rows.checkpoint())).toEqual([7, 7]);
      expect(bytesOf(rows.get('rows', 1))).toEqual([1, 2, 3]);
      expect(bytesOf(rows.get('others', 1))).toEqual([4]);
      expect(bytesOf(rows.get('rows', 'text'))).toEqual([]);
    });

    it('a later commit replaces and deletes rows, and the last change of a row wins', async () => {
      await put('rows', [1, 2, 3]);
      await rows.commit(
        [
          { table: 'rows', key: 1, value: undefined },
          { table: 'rows', key: 2, value: Uint8Array.of(20) },
          { table: 'rows', key: 3, value: Uint8Array.of(30) },
          { table: 'rows', key: 3, value: Uint8Array.of(31) },
          { table: 'rows', key: 4, value: undefined },
        ],
        CHECKPOINT,
      );
      expect(rows.get('rows', 1)).toBeUndefined();
      expect(bytesOf(rows.get('rows', 2))).toEqual([20]);
      expect(bytesOf(rows.get('rows', 3))).toEqual([31]);
      expect(keysOf('rows')).toEqual([2, 3]);
    });

    it('commits that overlap are applied in the order of the calls', async () => {
      const done = [];
      for (let turn = 0; turn < 50; turn++) {
        done.push(rows.commit([{ table: 'rows', key: 1, value: Uint8Array.of(turn) }], Uint8Array.of(turn)));
      }
      await Promise.all(done);
      expect(bytesOf(rows.get('rows', 1))).toEqual([49]);
      expect(bytesOf(rows.checkpoint())).toEqual([49]);
    });

    it('keeps what was committed, whatever becomes of the arrays that were given and got', async () => {
      const value = Uint8Array.of(1);
      const done = rows.commit([{ table: 'rows', key: 1, value }], CHECKPOINT);
      value[0] = 2;
      await done;
      const first = rows.get('rows', 1)!;
      await rows.commit([{ table: 'rows', key: 2, value: Uint8Array.of(5) }], CHECKPOINT);
      rows.get('rows', 2);
      expect(bytesOf(first)).toEqual([1]);
    });

    it('ranges are in key order: numbers by value, then strings by code point', async () => {
      const ordered = [
        -5,
        0,
        1,
        2,
        10,
        255,
        256,
        1.5e9,
        2 ** 40,
        2 ** 53 - 1,
        '',
        'A',
        'a',
        'a\u0000b',
        'a\u0001',
        'aa',
        'b',
        '\uffff',
        '😀',
      ];
      await put('rows', [...ordered].reverse());
      expect(keysOf('rows')).toEqual(ordered);
    });

    it('ranges over composite keys compare part by part, and a part alone stands before what it begins', async () => {
      const ordered: StoreKey[] = [
        [1, 5],
        [1, 'a'],
        [2, 0],
        [2, 0, 'x'],
        [10, 1],
        ['a', 'b'],
        ['a', 'b', 1],
        ['ab', 1],
      ];
      await put('pairs', [...ordered].reverse());
      expect(keysOf('pairs')).toEqual(ordered);
      expect(keysOf('pairs', { from: [2], to: [3] })).toEqual([ordered[2], ordered[3]]);
      expect(keysOf('pairs', { from: ['a'], to: ['ab'] })).toEqual([ordered[5], ordered[6]]);
      expect(keysOf('pairs', { from: ['a', 'b', 1] })).toEqual([ordered[6], ordered[7]]);
    });

    it('ranges begin at from, end before to and stop at their limit', async () => {
      await put('rows', [1, 2, 3, 4, 5]);
      expect(keysOf('rows', { from: 2 })).toEqual([2, 3, 4, 5]);
      expect(keysOf('rows', { from: 2, to: 4 })).toEqual([2, 3]);
      expect(keysOf('rows', { to: 3 })).toEqual([1, 2]);
      expect(keysOf('rows', { from: 2, limit: 2 })).toEqual([2, 3]);
      expect(keysOf('rows', { limit: 0 })).toEqual([]);
      expect(keysOf('rows', { from: 9 })).toEqual([]);
    });

    it('tables whose names begin alike are apart', async () => {
      await put('row', [1]);
      await put('rows', [2]);
      expect(keysOf('row')).toEqual([1]);
      expect(keysOf('rows')).toEqual([2]);
    });

    it('clear removes the rows and the checkpoint of one partition only', async () => {
      const other = made.store.partition(4);
      await put('rows', [1, 2]);
      await other.commit([{ table: 'rows', key: 1, value: Uint8Array.of(8) }], CHECKPOINT);
      await rows.clear();
      expect(rows.checkpoint()).toBeUndefined();
      expect(rows.get('rows', 1)).toBeUndefined();
      expect(keysOf('rows')).toEqual([]);
      expect(bytesOf(other.get('rows', 1))).toEqual([8]);
      await put('rows', [5]);
      expect(keysOf('rows')).toEqual([5]);
    });

    it('finds everything again when it is opened anew', async () => {
      await put('rows', [1, 'two', 3]);
      await put('pairs', [
        [7, 'x'],
        [7, 'y'],
      ]);
      rows = (await made.reopen()).partition(3);
      expect(bytesOf(rows.checkpoint())).toEqual([9]);
      expect(keysOf('rows')).toEqual([1, 3, 'two']);
      expect(bytesOf(rows.get('pairs', [7, 'y']))).toEqual([1]);
    });

    it('takes 20,000 rows in one commit, and one row of a mebibyte', async () => {
      const keys = Array.from({ length: 20_000 }, (_, index) => index);
      await put('rows', keys);
      expect([...rows.range('rows', {})].map(({ key, value }) => [key, value[0]])).toEqual(
        keys.map((key) => [key, key % 256]),
      );
      const large = new Uint8Array(1 << 20).fill(5);
      await rows.commit([{ table: 'large', key: 'one', value: large }], CHECKPOINT);
      expect(Buffer.compare(rows.get('large', 'one')!, large)).toBe(0);
    });

    it('refuses a composite key of one part, and then stores nothing', async () => {
      const commit = async (): Promise<void> =>
        rows.commit(
          [
            { table: 'rows', key: 1, value: CHECKPOINT },
            { table: 'rows', key: [2], value: CHECKPOINT },
          ],
          CHECKPOINT,
        );
      await expect(commit()).rejects.toThrow('two parts');
      expect(rows.checkpoint()).toBeUndefined();
      expect(keysOf('rows')).toEqual([]);
    });
  });
}

/** What a store promises of many commits, whether or not it keeps them apart for a while. */
function historyConformance(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`state store after many commits: ${name}`, () => {
    let made: StoreUnderTest;
    let rows: PartitionStore;

    beforeEach(async () => {
      made = await makeStore();
      rows = made.store.partition(3);
    });

    afterEach(() => made.close());

    it('a commit that is handed over bit by bit is as one, and nothing of it is there before', async () => {
      await putKeys(rows, 'rows', [1, 2]);
      const abandoned = rows.begin();
      abandoned.add([{ table: 'abandoned', key: 1, value: Uint8Array.of(6) }]);
      const pending = rows.begin();
      const value = Uint8Array.of(7);
      pending.add([{ table: 'rows', key: 1, value }]);
      value[0] = 8;
      pending.add([]);
      pending.add([
        { table: 'rows', key: 2, value: undefined },
        { table: 'new', key: 'one', value: Uint8Array.of(9) },
      ]);
      expect(bytesOf(rows.get('rows', 1))).toEqual([0]);
      expect(bytesOf(rows.checkpoint())).toEqual([9]);
      await pending.commit(Uint8Array.of(3));
      for (const reopened of [false, true]) {
        if (reopened) rows = (await made.reopen()).partition(3);
        expect(bytesOf(rows.get('rows', 1))).toEqual([7]);
        expect(rows.get('rows', 2)).toBeUndefined();
        expect(bytesOf(rows.get('new', 'one'))).toEqual([9]);
        expect([...rows.range('abandoned', {})]).toEqual([]);
        expect(bytesOf(rows.checkpoint())).toEqual([3]);
      }
    });

    it('tells all keys of a table, also to a reader that goes on while others commit', async () => {
      await putKeys(rows, 'row', [7]);
      const keys: StoreKey[] = [
        ...Array.from({ length: 1_000 }, (_, index) => index * 3),
        'text',
        ['a', 1],
        ['a', 'b'],
      ];
      await putKeys(rows, 'rows', keys);
      expect([...rows.keys('none')]).toEqual([]);
      const seen = new Set<string>();
      let count = 0;
      for (const key of rows.keys('rows')) {
        seen.add(JSON.stringify(key));
        if (count++ % 100 === 0) await putKeys(rows, 'rows', [count, 10_000 + count]);
      }
      expect(keys.filter((key) => !seen.has(JSON.stringify(key)))).toEqual([]);
      expect(seen.has('7')).toBe(false);
    });

    it('shows the last of many commits of the same rows, in every way of reading', async () => {
      for (let turn = 0; turn < 30; turn++) {
        await rows.commit(
          [
            { table: 'rows', key: turn % 7, value: Uint8Array.of(turn) },
            { table: 'rows', key: ['pair', turn % 5], value: turn % 2 === 0 ? undefined : Uint8Array.of(turn) },
            { table: 'rows', key: `text-${turn % 3}`, value: new Uint8Array(turn).fill(turn) },
          ],
          Uint8Array.of(turn),
        );
      }
      const check = (): void => {
        const texts = [27, 28, 29].map((turn, index): [StoreKey, number[]] => [
          `text-${index}`,
          Array(turn).fill(turn),
        ]);
        const pairs = [25, undefined, 27, undefined, 29].flatMap((turn, index): [StoreKey, number[]][] =>
          turn === undefined ? [] : [[['pair', index], [turn]]],
        );
        const numbers = [28, 29, 23, 24, 25, 26, 27].map((turn, index): [StoreKey, number[]] => [index, [turn]]);
        const all = [...numbers, ...pairs, ...texts];
        const found = [...rows.range('rows', {})].map(({ key, value }) => [key, [...value]]);
        expect(found).toEqual(all);
        for (const [key, value] of all) expect(bytesOf(rows.get('rows', key))).toEqual(value);
        expect(rows.get('rows', ['pair', 1])).toBeUndefined();
        expect([...rows.range('rows', { from: 5, limit: 3 })].map(({ key }) => key)).toEqual([5, 6, ['pair', 0]]);
        expect(bytesOf(rows.checkpoint())).toEqual([29]);
      };
      check();
      rows = (await made.reopen()).partition(3);
      check();
    });
  });
}

function putKeys(rows: PartitionStore, table: string, keys: readonly StoreKey[]): Promise<void> {
  return rows.commit(
    keys.map((key, index) => ({ table, key, value: Uint8Array.of(index) })),
    CHECKPOINT,
  );
}

function bytesOf(value: Uint8Array | undefined): number[] | undefined {
  return value === undefined ? undefined : [...value];
}
