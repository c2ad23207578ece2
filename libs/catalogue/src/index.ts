export { isUnnamed } from './behaviour.js';
export { stableHash } from './canonical.js';
export { compileActivated, compileCatalogue, compileIdentity } from './compile.js';
export {
  type AgeTest,
  type AttributeMove,
  type AttributeSource,
  type CompiledAttribute,
  type CompiledCatalogue,
  type CompiledSegment,
  type CompiledTrigger,
  type ComputedAttribute,
  type DeclaredAttribute,
  type EventFilter,
  type EventPattern,
  type FormulaAttribute,
  type Frequency,
  MERGE_STRATEGIES,
  type MergeStrategy,
  REDUCERS,
  REDUCERS_OF_PROPERTIES,
  type Reducer,
  type RollupAttribute,
  type SessionAttribute,
  type TriggerWhen,
  TYPES_OF_REDUCER,
  TYPES_OF_STRATEGY,
  type Waiting,
  type WebhookDestination,
} from './compiled.js';
export {
  CONSENT_EVENT,
  type ConsentRule,
  consentAttribute,
  consentOfAttribute,
  EVERY_CHANNEL,
  type QuietHours,
  WHOLE_PURPOSE,
} from './consent-definition.js';
export type {
  AttributeDefinition,
  Catalogue,
  ComputedAttributeDefinition,
  DeclaredAttributeDefinition,
  DefinitionKind,
  FormulaAttributeDefinition,
  RollupAttributeDefinition,
  SegmentDefinition,
  SessionAttributeDefinition,
  TriggerDefinition,
} from './definitions.js';
export { CATALOGUE_FAULT_CODES, type CatalogueFault, type CatalogueFaultCode } from './fault.js';
export { FAILED, type Formula, FormulaCompiler, type FormulaFault, type FormulaOutcome } from './formula.js';
export { inOrderOfReading } from './formulas.js';
export {
  DEFAULT_IDENTITY,
  type IdentifierSource,
  type IdentifierTypeDefinition,
  type IdentityDefinition,
  NORMALISATIONS,
  type Normalisation,
  type QuarantineThreshold,
} from './identity-definition.js';
export {
  ATTRIBUTES_MAX,
  BEHAVIOURS_MAX,
  CATALOGUE_BYTES_MAX,
  CATALOGUE_DEPTH_MAX,
  CATALOGUE_NODES_MAX,
  DEDUP_HOURS_MAX,
  DEDUP_HOURS_MIN,
  DELIVER_MAX,
  EXTERNAL_ID_NAME_LENGTH_MAX,
  FAULTS_MAX,
  FORMULA_CHAIN_MAX,
  FORMULA_DEPTH_MAX,
  FORMULA_LENGTH_MAX,
  FORMULAS_MAX,
  FROM_MAX,
  GAP_MS_MAX,
  IDENTIFIER_LIMIT_MAX,
  IDENTIFIER_TYPES_MAX,
  IDENTIFIER_VALUE_LENGTH_MAX,
  LIST_ENTRIES_MAX,
  PAYLOAD_MAX,
  PROPERTIES_MAX,
  RESERVED_NAMES,
  ROLLUPS_MAX,
  SEGMENTS_MAX,
  TRIGGERS_MAX,
  URL_LENGTH_MAX,
  WAIT_MS_MAX,
} from './limits.js';
export { localTime } from './local-time.js';
export { type MovePredicate, moved } from './move.js';
export { type CatalogueOutcome, parseCatalogue } from './parse.js';
export { type PlanItem, planCatalogue } from './plan.js';
export {
  attributesReadBy,
  ROLLUP_REDUCERS,
  type RollupMeaning,
  type RollupReducer,
  TYPES_OF_ROLLUP,
} from './rollup-definition.js';
export {
  latestOccurrence,
  nextOccurrence,
  type Occurrence,
  type Schedule,
  WEEKDAYS,
  type Weekday,
  zoneOf,
} from './schedule.js';
export { type Preparation, servingCatalogue } from './serving.js';
export { SESSION_MEASURES, type SessionMeasure, TYPE_OF_SESSION_MEASURE } from './session.js';
export { isListEvent, LIST_MEMBER, listEventName } from './static-list.js';
export { minuteOfDay } from './time-zone.js';
export { definitionOfWait, mayWait } from './trigger-wait.js';
export { compileValuePattern, type ValuePattern } from './value-pattern.js';
