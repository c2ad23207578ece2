/** How long files and functions may be. */
import type { Finding } from './finding.js';
import { nameOf, type SyntaxNode, syntaxOf } from './syntax.js';
import { filesOfRepository, textOf, typescriptFiles } from './tree.js';

export const FILE_LINES_MAX = 400;
export const FUNCTION_LINES_MAX = 90;

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'Constructor',
  'MethodProperty',
]);

export function longFiles(): Finding[] {
  return filesOfRepository()
    .filter((path) => /\.(ts|mjs)$/.test(path))
    .flatMap((path) => {
      const size = textOf(path).split('\n').length - 1;
      if (size <= FILE_LINES_MAX) return [];
      const what = `has ${size} lines, more than ${FILE_LINES_MAX}`;
      return [{ rule: 'long file', path, what, size, instead: 'Look for the noun that wants out.' }];
    });
}

export function longFunctions(): Finding[] {
  return typescriptFiles().flatMap((path) => {
    const findings: Finding[] = [];
    const tree = syntaxOf(path);
    tree.walk((node, around) => {
      if (!FUNCTIONS.has(node.type) || isSuite(around)) return;
      const { first, last } = tree.linesOf(node);
      const size = last - first + 1;
      if (size <= FUNCTION_LINES_MAX) return;
      const what = `a function of ${size} lines, more than ${FUNCTION_LINES_MAX}`;
      findings.push({ rule: 'long function', path, line: first, what, size, instead: 'Give its parts names.' });
    });
    return findings;
  });
}

/** A suite of tests is a list, not a function. */
function isSuite(around: readonly SyntaxNode[]): boolean {
  const call = around.at(-1)?.type === 'CallExpression' ? around.at(-1) : around.at(-2);
  if (call?.type !== 'CallExpression') return false;
  const callee = call.callee as SyntaxNode;
  const each = callee.type === 'CallExpression' ? (callee.callee as SyntaxNode) : callee;
  return nameOf(each) === 'describe' || nameOf((each as { object?: unknown }).object) === 'describe';
}
