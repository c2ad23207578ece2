/** The reducer of each attribute, out of the table of all of them. */
import type { CompiledAttribute } from '@attrium/catalogue';
import type { AttributeReducer } from './attribute-reducer.js';
import { patternOf } from './pattern.js';
import { REDUCER_TABLE, STRATEGY_TABLE } from './reducer-table.js';

/** A reducer for one definition. */
export function reducerOf(attribute: CompiledAttribute): AttributeReducer {
  if (attribute.kind === 'declared') return STRATEGY_TABLE[attribute.merge].make(attribute);
  if (attribute.pattern !== undefined) return patternOf(attribute.pattern);
  const { lifetime, window } = REDUCER_TABLE[attribute.reducer];
  return (attribute.withinMs === undefined ? lifetime : window).make(attribute);
}
