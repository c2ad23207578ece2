/** Links between documents: each leads to a file that is there, and to a heading that it has. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';
import type { Finding } from './finding.js';
import { filesOfRepository, ROOT, textOf } from './tree.js';

const LINK = /\[[^\]]*\]\(([^()\s]+)(?:\s+"[^"]*")?\)/g;
const OUTSIDE = /^[a-z][a-z+.-]*:/;
const ADR = /^docs\/adr\/(\d{4}-[a-z0-9-]+\.md)$/;

export function brokenLinks(): Finding[] {
  return filesOfRepository()
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) => linksOf(path).flatMap(({ line, target }) => faultOf(path, line, target)));
}

/** Every decision stands in the index of decisions. That every entry of the index exists, the links say. */
export function unlistedDecisions(): Finding[] {
  const index = 'docs/adr/README.md';
  const listed = new Set(linksOf(index).map(({ target }) => target));
  return filesOfRepository().flatMap((path) => {
    const name = ADR.exec(path)?.[1];
    if (name === undefined || listed.has(name)) return [];
    return [{ rule: 'unlisted decision', path, what: 'is not in the index', instead: `Add a line to ${index}.` }];
  });
}

/** Headings of a document as the anchors that GitHub makes of them. */
export function anchorsOf(path: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const line of proseLines(path)) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

function faultOf(path: string, line: number, target: string): Finding[] {
  if (OUTSIDE.test(target)) return [];
  const [file = '', anchor] = target.split('#');
  const resolved = file === '' ? path : normalize(join(dirname(path), decodeURIComponent(file)));
  const fault = (what: string): Finding[] => [
    { rule: 'broken link', path, line, what: `${target} ${what}`, instead: 'Correct the link or write what it names.' },
  ];
  if (!existsSync(join(ROOT, resolved))) return fault('is not there');
  if (anchor === undefined || !resolved.endsWith('.md')) return [];
  return anchorsOf(resolved).has(anchor) ? [] : fault('has no such heading');
}

function linksOf(path: string): { line: number; target: string }[] {
  return proseLines(path).flatMap((text, index) =>
    [...text.replace(/`[^`]*`/g, '').matchAll(LINK)].map((match) => ({ line: index + 1, target: match[1]! })),
  );
}

/** The lines of a document, those of code blocks blank. */
function proseLines(path: string): string[] {
  let code = false;
  return textOf(path)
    .split('\n')
    .map((line) => {
      const fence = /^\s*(```|~~~)/.test(line);
      if (fence) code = !code;
      return code || fence ? '' : line;
    });
}
