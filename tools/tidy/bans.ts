/** Calls and constructs that are not used here, each with what takes its place. */
import type { Finding } from './finding.js';
import { nameOf, type SyntaxNode, syntaxOf } from './syntax.js';
import { isDeciding, isProduct, isTest, typescriptFiles } from './tree.js';

const LOG_TIME = "Time is data in the log: use the record's times or context.now.";
const NO_WAITING = 'A decision is synchronous: use context.setTimer.';
const NO_LOCALE = 'Its result depends on the platform: compare by code unit (compareText of @attrium/event).';

/** In code whose results must follow from the log alone. */
const BANNED_IN_DECISIONS: Readonly<Record<string, string>> = {
  'Date.now': LOG_TIME,
  'new Date()': LOG_TIME,
  'performance.now': LOG_TIME,
  'Math.random': 'Derive it from the cause, as ids are.',
  'crypto.randomUUID': 'Derive it from the cause, as ids are.',
  'crypto.getRandomValues': 'Derive it from the cause, as ids are.',
  'setTimeout()': NO_WAITING,
  'setInterval()': NO_WAITING,
  'setImmediate()': NO_WAITING,
  'queueMicrotask()': NO_WAITING,
  'fetch()': 'A decision does no I/O: what it needs travels down the line.',
  'process.env': 'Whatever can change a decision is data in the log, never environment.',
  'process.hrtime': LOG_TIME,
  '.localeCompare': NO_LOCALE,
  '.toLocaleString': NO_LOCALE,
  '.toLocaleLowerCase': NO_LOCALE,
  '.toLocaleUpperCase': NO_LOCALE,
};

const NO_ENVIRONMENT = 'Settings are read by loadConfig of @attrium/host, once.';

/** In the other code of libs and services. */
const BANNED_IN_SERVICES: Readonly<Record<string, string>> = {
  'Date.now': 'Take a Clock (@attrium/processor), so that a test can hold the time still.',
  'new Date()': 'Take a Clock (@attrium/processor), so that a test can hold the time still.',
  'Math.random': 'Take what is random as an argument, so that a seed can replay it.',
  'process.env': NO_ENVIRONMENT,
  'console.log': 'Use the logger of @attrium/host.',
  'console.info': 'Use the logger of @attrium/host.',
  'console.warn': 'Use the logger of @attrium/host.',
  'console.error': 'Use the logger of @attrium/host.',
};

/** In programs at a terminal, which are the launcher and the command line: they print, and their clock is the wall's. */
const BANNED_AT_TERMINAL: Readonly<Record<string, string>> = { 'process.env': NO_ENVIRONMENT };

/** The only place that reads the environment. */
const ENVIRONMENT_READER = /^libs\/host\/src\//;

const CONSTRUCTS: Readonly<Record<string, { readonly what: string; readonly instead: string }>> = {
  TsEnumDeclaration: { what: 'enum', instead: 'Use a const list and a union of its entries.' },
  ExportDefaultDeclaration: { what: 'export default', instead: 'Use a named export.' },
  ExportDefaultExpression: { what: 'export default', instead: 'Use a named export.' },
  ExportAllDeclaration: { what: 'export *', instead: 'Name what the package gives out.' },
};

export function bannedCalls(): Finding[] {
  return typescriptFiles().flatMap((path) => {
    const banned = bannedIn(path);
    return banned === undefined ? [] : findIn(path, banned);
  });
}

function bannedIn(path: string): Readonly<Record<string, string>> | undefined {
  if (isDeciding(path)) return BANNED_IN_DECISIONS;
  if (!isProduct(path)) return undefined;
  return /^deploy\/|\/src\/cli\//.test(path) ? BANNED_AT_TERMINAL : BANNED_IN_SERVICES;
}

function findIn(path: string, banned: Readonly<Record<string, string>>): Finding[] {
  const findings: Finding[] = [];
  const tree = syntaxOf(path);
  tree.walk((node) => {
    for (const what of namesOf(node)) {
      const instead = banned[what];
      if (instead === undefined || (what === 'process.env' && ENVIRONMENT_READER.test(path))) continue;
      findings.push({ rule: 'banned call', path, line: tree.linesOf(node).first, what, instead });
    }
  });
  return findings;
}

/** The names under which a node may be banned: `Date.now`, `.localeCompare`, `setTimeout()`, `new Date()`. */
function namesOf(node: SyntaxNode): string[] {
  switch (node.type) {
    case 'MemberExpression': {
      const property = nameOf(node.property);
      return property === undefined ? [] : [`${nameOf(node.object)}.${property}`, `.${property}`];
    }
    case 'CallExpression':
      return [`${nameOf(node.callee)}()`];
    case 'NewExpression':
      return ((node.arguments as unknown[] | null) ?? []).length === 0 ? [`new ${nameOf(node.callee)}()`] : [];
    default:
      return [];
  }
}

/** Where `export *` is the point: @attrium/proto gives out whole generated packages. */
const EXPORTS_ALL = /^libs\/proto\/src\/index\.ts$/;

export function bannedConstructs(): Finding[] {
  return typescriptFiles().flatMap((path) => {
    const findings: Finding[] = [];
    const tree = syntaxOf(path);
    tree.walk((node) => {
      const banned = constructOf(node, path);
      if (banned !== undefined) {
        findings.push({ rule: 'banned construct', path, line: tree.linesOf(node).first, ...banned });
      }
    });
    return findings;
  });
}

function constructOf(node: SyntaxNode, path: string): { what: string; instead: string } | undefined {
  if (node.type === 'ExportAllDeclaration' && EXPORTS_ALL.test(path)) return undefined;
  if (node.type === 'TsAsExpression') {
    const { type, kind } = node.typeAnnotation as { type: string; kind?: string };
    if (type !== 'TsKeywordType' || kind !== 'any' || isTest(path)) return undefined;
    return { what: 'as any', instead: 'Say what shape it has, or read it as unknown.' };
  }
  return CONSTRUCTS[node.type];
}
