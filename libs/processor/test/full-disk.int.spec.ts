/** What a state store does when its file cannot grow: the system refuses its writes from a size on, in a process of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const PROGRAM = `
import { openLmdbStore } from '@attrium/processor';
const store = openLmdbStore({ directory: process.env.STORE, journalBytesMax: Number(process.env.JOURNAL) });
const rows = store.partition(0);
const change = (number) => ({ table: 'rows', key: number, value: new Uint8Array(60_000) });
let number = 0;
for (let failure; failure === undefined; ) {
  const changes = Array.from({ length: 5 }, () => change(number++));
  failure = await rows.commit(changes, Uint8Array.of(number)).then(() => undefined, (error) => error);
  if (failure !== undefined) console.log(JSON.stringify({ name: failure.name, code: failure.code, cause: String(failure.cause) }));
}
// A rejection that nobody hears would end the process by now.
await new Promise((resolve) => setTimeout(resolve, 300));
console.log(JSON.stringify({ kept: rows.checkpoint()[0], rows: [...rows.range('rows', {})].length, sent: number }));
process.exit(0);
`;

describe('a state store on a full disk', () => {
  it.each([
    ['while saves are written', 1 << 30],
    ['while they are folded into their tables', 0],
  ])('refuses the save with its reason, keeps what it had, and lets its process live: %s', (_when, journal) => {
    const directory = mkdtempSync(join(tmpdir(), 'attrium-full-'));
    try {
      const flags = '--conditions=@attrium/source --import @oxc-node/core/register --input-type=module';
      // Files may have 2 MiB; without the signal, a write beyond that fails.
      const limited = `trap '' XFSZ; ulimit -f 2048; exec "$NODE" ${flags} --eval "$PROGRAM"`;
      const environment = { ...process.env, NODE: process.execPath, PROGRAM, STORE: directory, JOURNAL: `${journal}` };
      const { status, stdout } = spawnSync('bash', ['-c', limited], { env: environment, encoding: 'utf8' });
      const [failure, after] = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(failure).toMatchObject({ name: 'StateStoreError', code: expect.stringMatching(/^ATR-STORE-00[13]$/) });
      expect(failure?.cause).not.toMatch(/see commitError/);
      const rows = Number(after?.sent) - 5;
      expect(after).toMatchObject({ kept: rows, rows });
      expect(status).toBe(0);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
