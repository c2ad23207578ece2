/** The program behind generate.mjs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../tidy/tree.js';
import { currentReferences } from './references.js';

for (const { path, text } of await currentReferences()) {
  const file = join(ROOT, path);
  const before = readOrNothing(file);
  if (before !== text) writeFileSync(file, text);
  process.stdout.write(`${path}: ${before === text ? 'current' : 'written'}\n`);
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
