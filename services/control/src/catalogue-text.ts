/** Reads the text of a catalogue, JSON or YAML, with exact numbers. What is read is not validated yet. */
import { decimalFromText, parseExactJson } from '@attrium/event';
import { isCollection, isMap, isScalar, LineCounter, parseDocument, type Tags, visit } from 'yaml';

export type CatalogueFormat = 'json' | 'yaml';

/** The same shape as the faults of a catalogue, so that an editor shows both alike. */
export interface TextFault {
  readonly path: string;
  readonly code: 'malformed_json' | 'malformed_yaml' | 'duplicate_key';
  readonly message: string;
}

export type TextOutcome =
  | { readonly kind: 'read'; readonly json: unknown }
  | { readonly kind: 'malformed'; readonly faults: readonly TextFault[] };

/** Nodes that aliases of YAML may stand for, to one written out; more is an attack. */
const ALIASES_MAX = 100;
/** Brackets inside brackets of flow YAML; block YAML nests by indentation, which the size of a text bounds. */
const LEVELS_MAX = 200;
const FAULTS_MAX = 50;

/** JSON or YAML by the content type, else by the first character. */
export function formatOf(contentType: string | undefined, text: string): CatalogueFormat {
  if (contentType !== undefined && /\bya?ml\b|[-+/]ya?ml/i.test(contentType)) return 'yaml';
  if (contentType !== undefined && /json/i.test(contentType)) return 'json';
  return text.trimStart().startsWith('{') ? 'json' : 'yaml';
}

/** Never throws. */
export function readCatalogueText(text: string, format: CatalogueFormat): TextOutcome {
  try {
    return format === 'json' ? { kind: 'read', json: parseExactJson(text) } : readYaml(text);
  } catch (error) {
    const code = format === 'json' ? 'malformed_json' : 'malformed_yaml';
    return malformed([{ path: '', code, message: error instanceof Error ? error.message : String(error) }]);
  }
}

function malformed(faults: readonly TextFault[]): TextOutcome {
  return { kind: 'malformed', faults: faults.slice(0, FAULTS_MAX) };
}

function readYaml(text: string): TextOutcome {
  if (isNestedTooDeeply(text)) {
    return malformed([{ path: '', code: 'malformed_yaml', message: `more than ${LEVELS_MAX} levels of brackets` }]);
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    customTags: exactTags,
    version: '1.2',
    // Its own check compares every key with every other.
    uniqueKeys: false,
  });
  const at = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const faults: TextFault[] = document.errors.map((error) => ({
    path: at(error.pos[0]),
    code: 'malformed_yaml',
    message: error.message.split('\n', 1)[0]!,
  }));
  visit(document, {
    Map(_key, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) {
          const start = isCollection(key) ? (key.range?.[0] ?? 0) : 0;
          faults.push({ path: at(start), code: 'malformed_yaml', message: 'a key is a text' });
        } else if (seen.has(String(key.value))) {
          const path = at(key.range?.[0] ?? 0);
          faults.push({ path, code: 'duplicate_key', message: `${String(key.value)} is there twice` });
        } else seen.add(String(key.value));
      }
    },
  });
  if (faults.length > 0) return malformed(faults);
  // An empty file is an empty catalogue.
  if (document.contents === null || (isMap(document.contents) && document.contents.items.length === 0)) {
    return { kind: 'read', json: {} };
  }
  return { kind: 'read', json: document.toJS({ maxAliasCount: ALIASES_MAX }) };
}

/** Numbers that a double does not hold become decimals, as in JSON; infinity and NaN are no numbers here. */
function exactTags(tags: Tags): Tags {
  return tags.flatMap((tag) => {
    if (typeof tag === 'string' || !('resolve' in tag) || !/:(int|float)$/.test(tag.tag)) return [tag];
    if (tag.test?.test('.nan') === true) return [];
    const resolve = tag.resolve as unknown as (...args: unknown[]) => unknown;
    const exact = (text: string, ...rest: unknown[]): unknown => {
      const plain = /^[-+]?[0-9]/.test(text) && !/^[-+]?0[xo]/.test(text);
      const number = plain ? decimalFromText(text.replace(/^\+/, '')) : undefined;
      return number ?? resolve(text, ...rest);
    };
    return [{ ...tag, resolve: exact } as typeof tag];
  });
}

/** Counts brackets wherever they stand, also in texts: nobody writes that many of them unclosed in a catalogue. */
function isNestedTooDeeply(text: string): boolean {
  let levels = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '[' || character === '{') levels++;
    else if (character === ']' || character === '}') levels = Math.max(0, levels - 1);
    if (levels > LEVELS_MAX) return true;
  }
  return false;
}
