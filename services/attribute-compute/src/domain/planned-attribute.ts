/** One attribute as this stage uses it. */
import type { Value } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';

export interface PlannedAttribute {
  readonly name: string;
  /** Identity of its state. */
  readonly key: string;
  /** Its place in the rows that are in line with the plan. */
  readonly slot: number;
  /** Eight characters of one byte each that stand for the name, and for the key, in stored rows. */
  readonly nameTag: string;
  readonly keyTag: string;
  readonly visible: boolean;
  /** It is folded and not published: its history is not complete yet. */
  readonly shadow: boolean;
  /** What it is fed changes whom a switch concerns: it is in preparation, or will be replaced by what is. */
  readonly switches: boolean;
  readonly reducer: AttributeReducer;
  /** The value that an entity has before it is published for the first time: publishing it would say nothing new. */
  readonly initial: Value | undefined;
}
