export { compileCondition, evaluate, type Predicate } from './compile.js';
export {
  AGGREGATE_COMPARATORS,
  type Age,
  type Aggregate,
  type AggregateComparator,
  type Behaviour,
  COMPARATORS,
  type Comparator,
  type Condition,
  type ConditionSubject,
  type EventAttribute,
  type EventField,
  type Happening,
  type Moment,
  type MomentTest,
  type Occurrence,
  type Operand,
  type ParsedCondition,
  type Sequence,
  type SequenceStep,
} from './condition.js';
export { CONDITION_FAULT_CODES, type ConditionFault, type ConditionFaultCode, type Fault } from './fault.js';
export { isJsonObject, type JsonObject, jsonAt, timestampFromText, typedValueOfJson, valueOfJson } from './json.js';
export {
  AT_LEAST_MAX,
  AT_LEAST_SINCE_MAX,
  CONDITION_DEPTH_MAX,
  CONDITION_NODES_MAX,
  CONTAINS_ENTRIES_MAX,
  EVENT_NAME_LENGTH_MAX,
  LIST_ENTRIES_MAX,
  NAME_PATTERN,
  PATH_STEPS_MAX,
  SEQUENCE_STEPS_MAX,
  TEXT_LENGTH_MAX,
  WITHIN_MS_MAX,
} from './limits.js';
export { type ParseOptions, type ParseOutcome, parseCondition } from './parse.js';
export {
  AGE_COMPARATORS,
  type AgeComparator,
  type ConditionScope,
  eventAttributeOf,
  isEventName,
  pathOfText,
} from './parsing.js';
export { type ConditionReads, readsOf } from './reads.js';
export type { LeftType } from './right-side.js';
export { eventSubject } from './subject.js';
export { WRITTEN_COMPARATORS, type WrittenComparator } from './written-comparison.js';
