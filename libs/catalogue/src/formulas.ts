/** The formulas of a catalogue together: names, types, cycles, and the order in which they are calculated. */
import { compareText, VALUE_TYPES, type ValueType } from '@attrium/event';
import type { AttributeDefinition, FormulaAttributeDefinition } from './definitions.js';
import type { Report } from './fault.js';
import { FormulaCompiler } from './formula.js';
import { FORMULA_CHAIN_MAX, FORMULAS_MAX } from './limits.js';
import { type Names, reportOtherKind } from './names.js';

type Read = AttributeDefinition | undefined;

/** The attributes with what their formulas read. Faults are reported where each formula stands. */
export function readFormulas(attributes: readonly Read[], names: Names, report: Report): readonly Read[] {
  const formulas = attributes.filter((attribute) => attribute?.kind === 'formula');
  if (formulas.length === 0) return attributes;
  if (formulas.length > FORMULAS_MAX) report('', 'over_limit', `there may be at most ${FORMULAS_MAX} formulas`);
  const compiler = new FormulaCompiler(typesIn(names));
  const read = attributes.map((attribute, index) =>
    attribute?.kind === 'formula'
      ? readFormula(attribute, `attributes[${index}]`, { compiler, names, report })
      : attribute,
  );
  checkOrder(read, report);
  return read;
}

/** Of a kind whose type is not known the fault is reported elsewhere. */
function typesIn({ attributes }: Names): ReadonlyMap<string, ValueType> {
  return new Map([...attributes].flatMap(([name, type]) => (isValueType(type) ? [[name, type] as const] : [])));
}

function isValueType(type: string): type is ValueType {
  return VALUE_TYPES.includes(type as ValueType);
}

function readFormula(
  definition: FormulaAttributeDefinition,
  path: string,
  { compiler, names, report }: { readonly compiler: FormulaCompiler; readonly names: Names; readonly report: Report },
): FormulaAttributeDefinition {
  const outcome = compiler.compile(definition.formula);
  if ('fault' in outcome) {
    const { code, message, name } = outcome.fault;
    // A faulty definition is reported where it stands.
    if (name === undefined || names.attributes.get(name) !== 'any') report(`${path}.compute.formula`, code, message);
    return definition;
  }
  const { type, reads } = outcome.formula;
  if (type !== definition.type) {
    report(`${path}.type`, 'type_mismatch', `the formula gives a value of type ${type}, not ${definition.type}`);
  }
  reportOtherKind(names, definition.of, { attributes: reads }, `${path}.compute.formula`, report);
  return { ...definition, reads };
}

/** Reports each cycle once, at the formula where it was found, with the way round, and chains that are too long. */
function checkOrder(attributes: readonly Read[], report: Report): void {
  const byName = new Map<string, { readonly reads: readonly string[]; readonly index: number }>();
  for (const [index, attribute] of attributes.entries()) {
    if (attribute?.kind === 'formula') byName.set(attribute.name, { reads: attribute.reads, index });
  }
  const depths = new Map<string, number>();
  const way: string[] = [];
  const visit = (name: string): number => {
    const found = byName.get(name);
    if (found === undefined) return 0;
    const known = depths.get(name);
    if (known !== undefined) return known;
    const path = `attributes[${found.index}].compute.formula`;
    const start = way.indexOf(name);
    if (start >= 0) {
      const round = [...way.slice(start), name].join(' → ');
      report(path, 'attribute_cycle', `attributes may not depend on themselves: ${round}`);
      return 0;
    }
    way.push(name);
    const depth = 1 + Math.max(0, ...found.reads.map(visit));
    way.pop();
    depths.set(name, depth);
    if (depth === FORMULA_CHAIN_MAX + 1) {
      report(path, 'over_limit', `formulas may read formulas at most ${FORMULA_CHAIN_MAX} deep`);
    }
    return depth;
  };
  for (const name of byName.keys()) visit(name);
}

/** Each after those that it reads; of those that could change places the lower name first, whatever the order of their definitions. */
export function inOrderOfReading<T extends { readonly name: string; readonly reads: readonly string[] }>(
  formulas: readonly T[],
): readonly T[] {
  const byName = new Map(formulas.map((formula) => [formula.name, formula]));
  const depths = new Map<string, number>();
  const depthOf = (name: string): number => {
    const formula = byName.get(name);
    if (formula === undefined) return 0;
    let depth = depths.get(name);
    if (depth === undefined) {
      depth = 1 + Math.max(0, ...formula.reads.map(depthOf));
      depths.set(name, depth);
    }
    return depth;
  };
  return [...formulas].sort((a, b) => depthOf(a.name) - depthOf(b.name) || compareText(a.name, b.name));
}
