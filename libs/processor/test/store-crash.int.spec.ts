/** What a state store holds after kill -9, at any moment of saving and folding, in a process of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from '@jest/globals';
import { openLmdbStore } from '../src/store/lmdb-store.js';

const ROWS = 3_000;
const PROGRAM = `
import { openLmdbStore } from '@attrium/processor';
const store = openLmdbStore({ directory: process.env.STORE, journalBytesMax: 200_000 });
const rows = store.partition(0);
for (let turn = 1 + (rows.checkpoint()?.[0] ?? 0) + 256 * (rows.checkpoint()?.[1] ?? 0); ; turn++) {
  const pending = rows.begin();
  for (let row = turn % 7; row < ${ROWS}; row += 7) {
    const value = (row + turn) % 11 === 0 ? undefined : new Uint8Array(50).fill(turn % 256);
    pending.add([{ table: 'rows', key: row % 3 === 0 ? 'row-' + row : row, value }]);
  }
  await pending.commit(Uint8Array.of(turn % 256, turn >> 8));
  console.log(turn);
}
`;

/** Runs until so many commits are acknowledged, then kills the process; returns the last of them. */
function runAndKill(directory: string, commits: number): Promise<number> {
  const flags = ['--conditions=@attrium/source', '--import', '@oxc-node/core/register', '--input-type=module'];
  const child = spawn(process.execPath, [...flags, '--eval', PROGRAM], {
    env: { ...process.env, STORE: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = 0;
  let count = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = Number(line);
    if (++count === commits) child.kill('SIGKILL');
  });
  return new Promise((resolve) => child.on('close', () => resolve(last)));
}

/** The rows after so many turns, worked out anew. */
function rowsAfter(turns: number): Map<number | string, number> {
  const rows = new Map<number | string, number>();
  for (let turn = 1; turn <= turns; turn++) {
    for (let row = turn % 7; row < ROWS; row += 7) {
      const key = row % 3 === 0 ? `row-${row}` : row;
      if ((row + turn) % 11 === 0) rows.delete(key);
      else rows.set(key, turn % 256);
    }
  }
  return rows;
}

describe('a state store whose process is killed', () => {
  it('holds exactly the rows of one commit: the last that was acknowledged, or one after it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'attrium-crash-'));
    try {
      for (const commits of [2, 19, 40, 61]) {
        const acknowledged = await runAndKill(directory, commits);
        const store = openLmdbStore({ directory });
        const rows = store.partition(0);
        const [low, high] = rows.checkpoint()!;
        const turns = low! + 256 * high!;
        expect(turns).toBeGreaterThanOrEqual(acknowledged);
        const expected = rowsAfter(turns);
        expect(new Map([...rows.range('rows', {})].map(({ key, value }) => [key, value[0]]))).toEqual(expected);
        for (const [key, value] of expected) expect(rows.get('rows', key)?.[0]).toBe(value);
        await store.close();
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }, 60_000);
});
