/** The reducer of each attribute, out of the table of all of them. */
import type { ComputedAttribute, DeclaredAttribute, SessionAttribute } from '@attrium/catalogue';
import type { AttributeReducer } from './attribute-reducer.js';
import { patternOf } from './pattern.js';
import { REDUCER_TABLE, STRATEGY_TABLE } from './reducer-table.js';
import { SESSION_COUNT_WITHIN, SESSION_TABLE } from './session-table.js';

/** What events are folded into. */
export type FoldedAttribute = DeclaredAttribute | ComputedAttribute | SessionAttribute;

/** A reducer for one definition. */
export function reducerOf(attribute: FoldedAttribute): AttributeReducer {
  if (attribute.kind === 'declared') return STRATEGY_TABLE[attribute.merge].make(attribute);
  if (attribute.kind === 'session') {
    return (attribute.withinMs === undefined ? SESSION_TABLE[attribute.measure] : SESSION_COUNT_WITHIN).make(attribute);
  }
  if (attribute.pattern !== undefined) return patternOf(attribute.pattern);
  const { lifetime, window } = REDUCER_TABLE[attribute.reducer];
  return (attribute.withinMs === undefined ? lifetime : window).make(attribute);
}
