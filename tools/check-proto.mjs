// Fails when the committed generated code or descriptors are not what buf makes of /proto now: generates into a temporary folder and compares.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const generated = 'libs/proto/src/gen';
const descriptors = 'libs/proto/descriptors.binpb';

function buf(...args) {
  const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
  const { status, error } = spawnSync('buf', args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`buf ${args[0]} failed`);
}

/** Files below a folder by their relative path. */
function filesBelow(folder) {
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), readFileSync(path)]),
  );
}

/** One line a difference between what is committed and what was made now. */
function differences(committed, made) {
  return [...new Set([...committed.keys(), ...made.keys()])].sort().flatMap((path) => {
    const here = committed.get(path);
    const now = made.get(path);
    if (here === undefined) return [`${path} is missing`];
    if (now === undefined) return [`${path} has no source any more`];
    return here.equals(now) ? [] : [`${path} differs`];
  });
}

const folder = mkdtempSync(join(tmpdir(), 'attrium-proto-'));
try {
  buf('generate', 'proto', '--template', 'proto/buf.gen.yaml', '--output', folder);
  buf('build', 'proto', '-o', join(folder, 'descriptors.binpb'));
  const faults = differences(filesBelow(join(root, generated)), filesBelow(join(folder, generated)));
  const known = existsSync(join(root, descriptors)) ? readFileSync(join(root, descriptors)) : undefined;
  if (known === undefined || !known.equals(readFileSync(join(folder, 'descriptors.binpb')))) {
    faults.push(`${descriptors} differs`);
  }
  if (faults.length > 0) {
    console.error(`The generated code is not that of /proto; run: npm run proto:gen\n  ${faults.join('\n  ')}`);
    process.exitCode = 1;
  } else {
    console.log('The generated code is that of /proto.');
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
