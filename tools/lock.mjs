// Writes package-lock.json with the npm that runs this script, under the Node of node_modules: npm chooses versions by the Node it runs on.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const npm = process.env.npm_execpath;
if (npm === undefined) throw new Error('run it as `npm run lock`');
for (const args of [[npm, 'install', '--package-lock-only'], ['tools/complete-lock.mjs']]) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
