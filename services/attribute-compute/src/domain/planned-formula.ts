/** The formulas of a plan, compiled, in an order in which each comes after what it reads. */
import {
  type CompiledAttribute,
  type Formula,
  type FormulaAttribute,
  FormulaCompiler,
  inOrderOfReading,
  isUnnamed,
} from '@attrium/catalogue';
import type { ValueType } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import type { PlannedAttribute } from './planned-attribute.js';

export interface PlannedFormula {
  readonly attribute: PlannedAttribute;
  readonly evaluate: Formula['evaluate'];
  /** Of what it reads. */
  readonly slots: ReadonlyMap<string, number>;
  /** Of what it reads, directly or through other formulas, and is no formula itself. */
  readonly origins: readonly PlannedAttribute[];
}

/** Formulas and roll-ups keep no state: nothing is ever folded for them. */
export const NO_REDUCER: AttributeReducer = {
  empty: () => {
    throw new Error('no event is folded for it');
  },
  add: (state) => state,
  merge: (state) => state,
  value: () => undefined,
};

/** The formulas among the attributes of one kind. The catalogue is valid, so one that does not compile is a bug and throws. */
export function plannedFormulas(planned: ReadonlyMap<CompiledAttribute, PlannedAttribute>): readonly PlannedFormula[] {
  const definitions = [...planned.keys()];
  const formulas = definitions.filter((definition): definition is FormulaAttribute => definition.kind === 'formula');
  if (formulas.length === 0) return [];
  const types = new Map<string, ValueType>();
  for (const { name, type } of definitions) if (!isUnnamed(name)) types.set(name, type);
  const compiler = new FormulaCompiler(types);
  const byName = new Map([...planned.values()].map((attribute) => [attribute.name, attribute]));
  const done = new Map<string, PlannedFormula>();
  for (const definition of inOrderOfReading(formulas)) {
    const outcome = compiler.compile(definition.formula);
    if ('fault' in outcome) throw new Error(`the formula of ${definition.name} is invalid: ${outcome.fault.message}`);
    const { reads, evaluate } = outcome.formula;
    const slots = new Map(reads.map((name) => [name, byName.get(name)!.slot]));
    const origins = new Set(reads.flatMap((name) => done.get(name)?.origins ?? [byName.get(name)!]));
    done.set(definition.name, { attribute: planned.get(definition)!, evaluate, slots, origins: [...origins] });
  }
  return [...done.values()];
}
