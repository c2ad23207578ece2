/** The style of the repository as a test: see STYLE.md. */
import { describe, expect, test } from '@jest/globals';
import { currentReferences } from '../docs/references.js';
import { bannedCalls, bannedConstructs } from './bans.js';
import { errorCodeFaults } from './error-codes.js';
import { EXCEPTIONS } from './exceptions.js';
import { type Exception, type Finding, withoutExceptions } from './finding.js';
import { longFiles, longFunctions } from './lengths.js';
import { heavyStarts, importsOf } from './light-start.js';
import { anchorsOf, brokenLinks, unlistedDecisions } from './links.js';
import { deadFiles, unbuiltPackages, undocumentedServices } from './packages.js';
import { syntaxOf } from './syntax.js';
import { filesOfRepository, textOf, typescriptFiles } from './tree.js';
import { bannedWords } from './words.js';

function expectTidy(rule: string, findings: readonly Finding[]): void {
  expect(
    withoutExceptions(
      findings,
      EXCEPTIONS.filter((exception) => exception.rule === rule),
    ),
  ).toEqual([]);
}

describe('the code', () => {
  test('calls nothing that is banned where it stands', () => expectTidy('banned call', bannedCalls()));
  test('uses no banned construct', () => expectTidy('banned construct', bannedConstructs()));
  test('holds no banned word', () => expectTidy('banned word', bannedWords()));
  test('has files of at most 400 lines', () => expectTidy('long file', longFiles()));
  test('has functions of at most 90 lines', () => expectTidy('long function', longFunctions()));
  test('has no file that nothing uses', () => expectTidy('dead file', deadFiles()));
  test('starts its stages without what only their API needs', () => expectTidy('heavy start', heavyStarts()));
  test('defines each error code once, and each has its section', () => expectTidy('error code', errorCodeFaults()));
});

describe('the workspace', () => {
  test('builds every package', () => expectTidy('unbuilt package', unbuiltPackages()));
  test('has a README and a page for every service', () => expectTidy('undocumented service', undocumentedServices()));
});

describe('the documents', () => {
  test('link only to what is there', () => expectTidy('broken link', brokenLinks()));
  test('list every decision', () => expectTidy('unlisted decision', unlistedDecisions()));
  test('have current references: else run node tools/docs/generate.mjs', async () => {
    for (const { path, text } of await currentReferences())
      expect({ path, text: textOf(path) }).toEqual({ path, text });
  });
});

describe('the check itself', () => {
  test('sees the files of the repository and their lines', () => {
    expect(filesOfRepository().length).toBeGreaterThan(100);
    const lines: number[] = [];
    const tree = syntaxOf('tools/tidy/tree.ts');
    tree.walk((node) => {
      if (node.type === 'FunctionDeclaration') lines.push(tree.linesOf(node).first);
    });
    const source = textOf('tools/tidy/tree.ts').split('\n');
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(source[line - 1]).toMatch(/function /);
  });

  test('counts the lines of files with letters beyond ASCII', () => {
    const path = typescriptFiles().find((file) => /[^\p{ASCII}]/u.test(textOf(file))) as string;
    const tree = syntaxOf(path);
    const last = Math.max(...[...collectLines(tree)]);
    expect(last).toBeLessThanOrEqual(textOf(path).split('\n').length);
  });

  test('sees imports, except those of types', () => {
    expect(importsOf('services/segment/src/main.ts')).toContain('@attrium/host/stage');
    expect(importsOf('libs/host/src/stage.ts')).toContain('./stage-service.js');
    expect(importsOf('libs/host/src/stage-service.ts')).not.toContain('@nestjs/common');
  });

  test('makes the anchors of headings as GitHub does', () => {
    expect(anchorsOf('STYLE.md').has('words')).toBe(true);
  });

  test('reports what no exception allows, and exceptions that allow nothing', () => {
    const finding: Finding = { rule: 'long file', path: 'a.ts', what: 'has 500 lines', size: 500, instead: 'Split.' };
    const exception: Exception = { rule: 'long file', path: 'a.ts', sizeMax: 510, why: 'one state machine' };
    expect(withoutExceptions([finding], [exception])).toEqual([]);
    expect(withoutExceptions([{ ...finding, size: 511 }], [exception])).toEqual([
      expect.stringContaining('ends at 510'),
    ]);
    expect(withoutExceptions([], [exception])).toHaveLength(1);
  });
});

function* collectLines(tree: ReturnType<typeof syntaxOf>): Iterable<number> {
  const lines: number[] = [];
  tree.walk((node) => {
    if (node.span !== undefined && node.type !== 'Module') lines.push(tree.linesOf(node).last);
  });
  yield* lines;
}
