/** The files of the repository, as git knows them: tracked, or new and not ignored. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Generated, binary, or not ours: no rule looks into them. */
const FOREIGN =
  /(^|\/)(dist|gen|fixtures|node_modules)\/|package-lock\.json$|\.binpb$|\.(png|jpg|ico|woff2?)$|^LICENSE$/;

let known: readonly string[] | undefined;
const texts = new Map<string, string>();

/** Paths relative to the root, with forward slashes, sorted. */
export function filesOfRepository(): readonly string[] {
  if (known === undefined) {
    const options = { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 << 20 } as const;
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], options);
    known = [...new Set(listed.split('\0'))]
      .filter((path) => path !== '' && !FOREIGN.test(path) && existsSync(join(ROOT, path)))
      .sort();
  }
  return known;
}

export function textOf(path: string): string {
  let text = texts.get(path);
  if (text === undefined) {
    text = readFileSync(join(ROOT, path), 'utf8');
    texts.set(path, text);
  }
  return text;
}

/** TypeScript of the repository: sources, tests and tools. */
export function typescriptFiles(): readonly string[] {
  return filesOfRepository().filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'));
}

/** True for tests and what only tests use. */
export function isTest(path: string): boolean {
  return /\.spec\.ts$|(^|\/)test\/|^tests\/|^libs\/testing\//.test(path);
}

/** True for what runs in a product: the sources of libs, services and the launcher. */
export function isProduct(path: string): boolean {
  return /^(libs|services|deploy)\/.*\/?src\//.test(path) && !isTest(path);
}

/** True for code whose results must follow from the log alone: pure libs, domains, and what binds them to the stage loop. */
export function isDeciding(path: string): boolean {
  if (isTest(path)) return false;
  return /^libs\/(event|condition|catalogue)\/src\/|^services\/[^/]+\/src\/(domain|store)\/|^services\/[^/]+\/src\/stage\.ts$/.test(
    path,
  );
}

/** The folders of the packages of the workspace. */
export function packageFolders(): readonly string[] {
  return filesOfRepository()
    .filter((path) => /^(libs|services|tests)\/[^/]+\/package\.json$|^deploy\/standalone\/package\.json$/.test(path))
    .map((path) => path.slice(0, -'/package.json'.length));
}
