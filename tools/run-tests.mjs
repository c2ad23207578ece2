// `npm test`: sets up a fresh clone (dependencies, build) if needed, then runs all tests, the quick ones first.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
process.env.PATH = `${bin}${delimiter}${process.env.PATH}`;

/** A tier that hangs is a failure, not a run without an end. */
const TIER_MS_MAX = 15 * 60_000;

function run(command, args) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    timeout: TIER_MS_MAX,
    killSignal: 'SIGKILL',
  });
  return status ?? 1;
}

if (!existsSync(join(bin, 'tsc')) && run('npm', ['ci']) !== 0) process.exit(1);
if (run('tsc', ['-b']) !== 0) process.exit(1);

const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const narrowed = process.argv.slice(2);
if (narrowed.length > 0) process.exit(run('node', [...jest, ...narrowed]));

const tiers = [
  ['--testPathIgnorePatterns', '/node_modules/', '/dist/', '\\.(int|e2e)\\.spec\\.ts$'],
  ['--runInBand', '--testTimeout=60000', '--testPathPatterns', '\\.int\\.spec\\.ts$'],
  ['--runInBand', '--testTimeout=180000', '--testPathPatterns', '\\.e2e\\.spec\\.ts$'],
];
let failed = false;
for (const tier of tiers) failed = run('node', [...jest, ...tier]) !== 0 || failed;
process.exit(failed ? 1 : 0);
