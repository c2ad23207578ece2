/** Which columns of an import hold identifiers, and what identifiers a row has. */
import type { Identifier } from '@attrium/event';

/** `pairs`: one column of types and one of values. */
export type ImportColumns =
  | { readonly kind: 'written'; readonly at: number }
  | { readonly kind: 'pairs'; readonly typeAt: number; readonly valueAt: number }
  | { readonly kind: 'types'; readonly columns: readonly { readonly at: number; readonly type: string }[] };

/** A row that has none that can be read: `malformed`. */
export type RowIdentifiers =
  | { readonly kind: 'identifiers'; readonly identifiers: readonly Identifier[] }
  | { readonly kind: 'malformed'; readonly text: string };

const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * From the header: a column `identifier` (each `type:value`), or columns `type` and `value`, or one for each type, of its name; of these
 * the first that there is. All other columns are not read. Undefined when none holds identifiers.
 */
export function importColumns(header: readonly string[], types: ReadonlySet<string>): ImportColumns | undefined {
  const names = header.map((name) => name.replace(BYTE_ORDER_MARK, '').trim());
  const at = names.indexOf('identifier');
  if (at >= 0) return { kind: 'written', at };
  const [typeAt, valueAt] = [names.indexOf('type'), names.indexOf('value')];
  if (typeAt >= 0 && valueAt >= 0) return { kind: 'pairs', typeAt, valueAt };
  const columns = names.flatMap((type, index) => (types.has(type) ? [{ at: index, type }] : []));
  return columns.length === 0 ? undefined : { kind: 'types', columns };
}

export function identifiersIn(columns: ImportColumns, fields: readonly string[]): RowIdentifiers {
  const text = (at: number): string => fields[at] ?? '';
  switch (columns.kind) {
    case 'written': {
      const written = text(columns.at);
      const colon = written.indexOf(':');
      return one(written.slice(0, Math.max(colon, 0)), written.slice(colon + 1), written);
    }
    case 'pairs': {
      const [type, value] = [text(columns.typeAt), text(columns.valueAt)];
      return one(type, value, `${type}:${value}`);
    }
    case 'types': {
      const identifiers = columns.columns.flatMap(({ at, type }) =>
        text(at) === '' ? [] : [{ type, value: text(at) }],
      );
      return identifiers.length === 0 ? { kind: 'malformed', text: '' } : { kind: 'identifiers', identifiers };
    }
  }
}

function one(type: string, value: string, text: string): RowIdentifiers {
  return type === '' || value === ''
    ? { kind: 'malformed', text }
    : { kind: 'identifiers', identifiers: [{ type, value }] };
}
