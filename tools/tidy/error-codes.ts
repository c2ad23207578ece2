/** Codes of failures: each is defined in one place and has a section in the reference, and the reference has no others. */
import type { Finding } from './finding.js';
import { type SyntaxNode, syntaxOf } from './syntax.js';
import { isProduct, textOf, typescriptFiles } from './tree.js';

export const ERROR_REFERENCE = 'docs/reference/errors.md';
const CODE = /^ATR-[A-Z]+-\d{3}$/;
/** Where a literal says that a code exists, and does not just use it. */
const DEFINING: ReadonlySet<string> = new Set(['TsLiteralType', 'KeyValueProperty', 'ClassProperty']);

/** The files that define each code. */
export function definedCodes(): ReadonlyMap<string, readonly string[]> {
  const codes = new Map<string, string[]>();
  for (const path of typescriptFiles().filter(isProduct)) {
    if (!textOf(path).includes('ATR-')) continue;
    syntaxOf(path).walk((node, around) => {
      const code = codeOf(node);
      if (code === undefined || !isDefinition(around)) return;
      const files = codes.get(code) ?? [];
      codes.set(code, files.includes(path) ? files : [...files, path]);
    });
  }
  return codes;
}

function codeOf(node: SyntaxNode): string | undefined {
  const { type, value } = node;
  return type === 'StringLiteral' && typeof value === 'string' && CODE.test(value) ? value : undefined;
}

function isDefinition(around: readonly SyntaxNode[]): boolean {
  let at = around.length - 1;
  while (around[at]?.type === 'TsConstAssertion') at--;
  return DEFINING.has(around[at]?.type ?? '');
}

export function errorCodeFaults(): Finding[] {
  const defined = definedCodes();
  const sections = new Set(
    [...textOf(ERROR_REFERENCE).matchAll(/^### (ATR-[A-Z]+-\d{3})\b/gm)].map((match) => match[1]!),
  );
  const findings: Finding[] = [];
  const add = (path: string, what: string, instead: string): void => {
    findings.push({ rule: 'error code', path, what, instead });
  };
  for (const [code, files] of defined) {
    if (files.length > 1)
      add(files[0]!, `${code} is also defined in ${files.slice(1).join(', ')}`, 'Take another number.');
    if (!sections.has(code)) add(files[0]!, `${code} has no section`, `Write it in ${ERROR_REFERENCE}.`);
  }
  for (const code of sections) {
    if (!defined.has(code)) add(ERROR_REFERENCE, `${code} is not in the source`, 'Remove its section.');
  }
  return [...findings, ...undefinedUses(defined)];
}

/** Codes that are named in the source and defined nowhere: a slip, or one that a rename forgot. */
function undefinedUses(defined: ReadonlyMap<string, unknown>): Finding[] {
  return typescriptFiles()
    .filter(isProduct)
    .flatMap((path) => {
      const used = new Set(textOf(path).match(/\bATR-[A-Z]+-\d{3}\b/g));
      return [...used]
        .filter((code) => !defined.has(code))
        .map((code) => ({
          rule: 'error code',
          path,
          what: `${code} is defined nowhere`,
          instead: 'Correct the code.',
        }));
    });
}
