/** What the programs of the stages load before their stage runs: a crashed stage is back as soon as that is loaded. */
import { dirname, join } from 'node:path/posix';
import type { Finding } from './finding.js';
import { filesOfRepository, textOf } from './tree.js';

/** Slow to load, and of use only once the stage shows its API. */
const HEAVY = /^(@nestjs\/|@grpc\/|fastify|rxjs|undici|@attrium\/host$|@attrium\/proto$)/;
/** Static imports and re-exports that are left when types are erased. */
const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;

/** Chains of static imports from the program of a stage to something heavy. */
export function heavyStarts(): Finding[] {
  return filesOfRepository()
    .filter((path) => /^services\/[^/]+\/src\/main\.ts$/.test(path) && textOf(path).includes('runStageService('))
    .flatMap((program) => heavyImports(program));
}

function heavyImports(program: string): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set([program]);
  for (const path of seen) {
    for (const name of importsOf(path)) {
      if (HEAVY.test(name)) {
        const what = `loads ${name} before the stage of ${program} runs`;
        findings.push({
          rule: 'heavy start',
          path,
          what,
          instead: 'Import it from what surface.ts loads, or a part of it.',
        });
      } else {
        const file = fileOf(name, path);
        if (file !== undefined) seen.add(file);
      }
    }
  }
  return findings;
}

export function importsOf(path: string): string[] {
  return [...textOf(path).matchAll(IMPORT)].map((match) => match[1]!);
}

/** The file of this repository that an import names; undefined for a package of others. */
function fileOf(name: string, importer: string): string | undefined {
  if (name.startsWith('.')) return join(dirname(importer), name).replace(/\.js$/, '.ts');
  const [, library, part = 'index'] = /^@attrium\/([^/]+)(?:\/(.+))?$/.exec(name) ?? [];
  return library === undefined ? undefined : `libs/${library}/src/${part}.ts`;
}
