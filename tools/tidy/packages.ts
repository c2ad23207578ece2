/** What every package and every file of a package has to be known to. */
import { basename } from 'node:path/posix';
import type { Finding } from './finding.js';
import { filesOfRepository, packageFolders, textOf } from './tree.js';

/** Packages that `tsc -b` does not build, so that their types are checked by nobody. Those of tests are covered by tsconfig.tests.json. */
export function unbuiltPackages(): Finding[] {
  const { references } = JSON.parse(textOf('tsconfig.json')) as { references: { path: string }[] };
  const built = new Set(references.map(({ path }) => path.replace(/^\.\//, '')));
  return packageFolders()
    .filter((path) => !path.startsWith('tests/'))
    .filter((path) => !built.has(path) && filesOfRepository().includes(`${path}/tsconfig.json`))
    .map((path) => ({
      rule: 'unbuilt package',
      path,
      what: 'is not among the references',
      instead: 'Add it to tsconfig.json.',
    }));
}

/** Services that do not say on one screen what they own, or have no page on their inside. */
export function undocumentedServices(): Finding[] {
  const services = packageFolders().filter((path) => path.startsWith('services/'));
  return services.flatMap((path) =>
    [`${path}/README.md`, `docs/internals/${basename(path)}.md`]
      .filter((page) => !filesOfRepository().includes(page))
      .map((page) => ({ rule: 'undocumented service', path, what: `${page} is missing`, instead: 'Write it.' })),
  );
}

/** Where programs begin: nothing imports them. */
const ENTRY = /\/src\/(index|main|cli\/main)\.ts$|\.spec\.ts$|\/test\//;

/** Sources that nothing names: neither an import, nor a script, nor the path of a child process. */
export function deadFiles(): Finding[] {
  return packageFolders().flatMap((folder) => {
    const own = filesOfRepository().filter((path) => path.startsWith(`${folder}/`) && /\.(ts|json|mjs)$/.test(path));
    const texts = new Map(own.map((path) => [path, textOf(path)]));
    return own
      .filter((path) => path.startsWith(`${folder}/src/`) && path.endsWith('.ts') && !ENTRY.test(path))
      .filter((path) => {
        const name = new RegExp(`[/'"]${basename(path, '.ts').replaceAll('.', '\\.')}\\.(js|ts)['"]`);
        return ![...texts].some(([other, text]) => other !== path && name.test(text));
      })
      .map((path) => ({ rule: 'dead file', path, what: 'nothing uses it', instead: 'Remove it.' }));
  });
}
