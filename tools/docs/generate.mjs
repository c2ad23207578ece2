// Writes the generated pages of docs/reference: `node tools/docs/generate.mjs`. Reads the TypeScript sources, so that nothing has to be built.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const flags = ['--conditions=@attrium/source', '--import', '@oxc-node/core/register'];
const { status } = spawnSync(process.execPath, [...flags, 'tools/docs/write-references.ts'], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
