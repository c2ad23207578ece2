/** TypeScript files as syntax trees, with the lines of their nodes. */
import { parseSync } from '@swc/core';
import { textOf } from './tree.js';

export interface SyntaxNode {
  readonly type: string;
  readonly span?: { readonly start: number; readonly end: number };
  readonly [key: string]: unknown;
}

/** Called for every node, with the nodes around it, the nearest last. */
export type Visit = (node: SyntaxNode, around: readonly SyntaxNode[]) => void;

export interface SyntaxTree {
  walk(visit: Visit): void;
  /** First and last line of a node, from 1. */
  linesOf(node: SyntaxNode): { readonly first: number; readonly last: number };
}

const trees = new Map<string, SyntaxTree>();

export function syntaxOf(path: string): SyntaxTree {
  let tree = trees.get(path);
  if (tree === undefined) {
    tree = parse(textOf(path));
    trees.set(path, tree);
  }
  return tree;
}

function parse(text: string): SyntaxTree {
  // The parser counts bytes over all files that it has read. A statement of our own at the very start says where this one begins.
  const source = `;${text.replace(/^#!/, '//')}`;
  const module = parseSync(source, {
    syntax: 'typescript',
    decorators: true,
    target: 'es2024',
  }) as unknown as SyntaxNode;
  const origin = (module.body as SyntaxNode[])[0]!.span!.start;
  const starts = lineStarts(Buffer.from(source));
  const lineOf = (offset: number): number => lineAt(starts, offset - origin);
  return {
    walk: (visit) => walk(module, [], visit),
    linesOf: ({ span }) => ({ first: lineOf(span!.start), last: lineOf(span!.end) }),
  };
}

function lineStarts(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) starts.push(at + 1);
  return starts;
}

function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

function walk(value: unknown, around: SyntaxNode[], visit: Visit): void {
  if (Array.isArray(value)) {
    for (const entry of value) walk(entry, around, visit);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const node = value as SyntaxNode;
  const isNode = typeof node.type === 'string';
  if (isNode) {
    visit(node, around);
    around.push(node);
  }
  for (const key in node) {
    const child = node[key];
    if (typeof child === 'object' && child !== null && key !== 'span') walk(child, around, visit);
  }
  if (isNode) around.pop();
}

/** The text of an identifier or of a string literal. */
export function nameOf(node: unknown): string | undefined {
  const { type, value } = (node ?? {}) as { type?: string; value?: unknown };
  return (type === 'Identifier' || type === 'StringLiteral') && typeof value === 'string' ? value : undefined;
}
