// `npm run stop`: ends a running `npm start` by the process id in its lock file, and whatever a killed one left behind.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const compiled = new URL('./dist/data-folder.js', import.meta.url);
const directory = resolve(process.env.ATTRIUM_DATA || '.attrium');
if (!existsSync(compiled)) {
  console.log('Attrium is not built, so it does not run.');
} else {
  const { endLauncher } = await import(compiled);
  const outcome = await endLauncher(directory);
  console.log(`${outcome.message} (${directory})`);
  process.exitCode = outcome.stopped ? 0 : 1;
}
