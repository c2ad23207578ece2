/** Formulas over the attributes of `naive-values.ts`: each as CEL and, beside it, as a plain function of plain values. */
import fc from 'fast-check';

type Known = Readonly<Record<string, unknown>>;

export interface DrawnFormula {
  readonly definition: { readonly name: string; readonly type: string };
  readonly reads: readonly string[];
  /** The value that it has to have; undefined for none. */
  value(known: Known): unknown;
}

interface Shape {
  readonly text: string;
  readonly type: string;
  readonly value: (...read: readonly unknown[]) => unknown;
}
const present = (...values: readonly unknown[]): boolean => values.every((value) => value !== undefined);
/** Amounts here have at most four digits after the point, so that whole numbers of them are exact. */
const tenThousandths = (value: unknown): number => Math.round((value as number) * 10_000);

/** `A` and `B` stand for attributes that are numbers, of at most two digits after the point. */
const OF_NUMBERS: readonly Shape[] = [
  {
    text: 'A + B',
    type: 'number',
    value: (a, b) => (present(a, b) ? (tenThousandths(a) + tenThousandths(b)) / 10_000 : undefined),
  },
  {
    text: 'A - 2 * B',
    type: 'number',
    value: (a, b) => (present(a, b) ? (tenThousandths(a) - 2 * tenThousandths(b)) / 10_000 : undefined),
  },
  {
    text: '(has(attributes.A) ? A : 0) + (has(attributes.B) ? B : 0.5)',
    type: 'number',
    value: (a, b) => (tenThousandths(a ?? 0) + tenThousandths(b ?? 0.5)) / 10_000,
  },
  { text: 'A > B', type: 'boolean', value: (a, b) => (present(a, b) ? (a as number) > (b as number) : undefined) },
  {
    text: 'B > 2 ? A : math.greatest(A, B)',
    type: 'number',
    value: (a, b) => {
      if (!present(a, b)) return undefined;
      return (b as number) > 2 ? a : Math.max(a as number, b as number);
    },
  },
  {
    text: 'A % B',
    type: 'number',
    value: (a, b) => {
      if (!present(a, b) || b === 0) return undefined;
      return (tenThousandths(a) % tenThousandths(b)) / 10_000 + 0;
    },
  },
];
const NUMBERS = ['orders', 'orders_10s', 'revenue', 'revenue_10s', 'least_big', 'most_10s', 'all_sizes', 'skus_big'];

const OTHERS: readonly (Shape & { readonly reads: readonly string[] })[] = [
  {
    reads: ['first_sku', 'usual_sku_10s'],
    text: 'first_sku + "/" + usual_sku_10s',
    type: 'string',
    value: (a, b) => (present(a, b) ? `${a}/${b}` : undefined),
  },
  {
    reads: ['latest_skus_10s', 'first_sku'],
    text: 'first_sku in latest_skus_10s',
    type: 'boolean',
    value: (list, sku) => (present(list, sku) ? (list as string[]).includes(sku as string) : undefined),
  },
  {
    reads: ['first_at', 'last_at_10s'],
    text: '(last_at_10s - first_at).getSeconds()',
    type: 'number',
    value: (first, last) =>
      present(first, last)
        ? Math.trunc(((last as { ms: number }).ms - (first as { ms: number }).ms) / 1_000)
        : undefined,
  },
  {
    reads: ['last_at'],
    text: 'last_at + duration("30d")',
    type: 'timestamp',
    value: (last) => (present(last) ? { ms: (last as { ms: number }).ms + 30 * 86_400_000 } : undefined),
  },
  {
    reads: ['tags'],
    text: 'tags + ["end"]',
    type: 'string_list',
    value: (tags) => (present(tags) ? [...(tags as string[]), 'end'] : undefined),
  },
];

/** In an order in which each reads only what comes before it; up to four of them read formulas. */
export const drawnFormulas: fc.Arbitrary<readonly DrawnFormula[]> = fc
  .array(
    fc.record({
      shape: fc.nat({ max: OF_NUMBERS.length - 1 }),
      left: fc.nat({ max: 40 }),
      right: fc.nat({ max: 40 }),
      other: fc.option(fc.nat({ max: OTHERS.length - 1 }), { freq: 3 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((list) => {
    const numbers = [...NUMBERS];
    return list.map(({ shape, left, right, other }, index): DrawnFormula => {
      const name = `f${(index * 7) % 10}`;
      if (other !== null) {
        const { reads, text, type, value } = OTHERS[other]!;
        return {
          definition: definitionOf(name, type, text),
          reads,
          value: (known) => value(...reads.map((r) => known[r])),
        };
      }
      const { text, type, value } = OF_NUMBERS[shape]!;
      const [a, b] = [numbers[left % numbers.length]!, numbers[right % numbers.length]!];
      if (type === 'number' && index < 4) numbers.unshift(name);
      return {
        definition: definitionOf(name, type, text.replaceAll(/\bA\b/g, a).replaceAll(/\bB\b/g, b)),
        reads: [a, b],
        value: (known) => value(known[a], known[b]),
      };
    });
  });

function definitionOf(name: string, type: string, formula: string): DrawnFormula['definition'] {
  return { name, kind: 'user', type, compute: { formula } } as DrawnFormula['definition'];
}

/** All values with those of the formulas; a formula has none before something that it reads first had one. */
export function withFormulas(
  values: Known,
  formulas: readonly DrawnFormula[],
  ever: Set<string>,
): Record<string, unknown> {
  const known: Record<string, unknown> = { ...values };
  for (const name of Object.keys(known)) ever.add(name);
  for (const { definition, reads, value } of formulas) {
    if (!reads.some((name) => ever.has(name))) continue;
    const result = value(known);
    if (result === undefined) continue;
    known[definition.name] = result;
    ever.add(definition.name);
  }
  return known;
}
