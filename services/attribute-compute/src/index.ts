export {
  bytesOfSeed,
  type History,
  type HistoryPage,
  type HistoryRequest,
  Seeder,
  type SeederState,
} from './backfill/seeder.js';
export { type AttributeCounters, newAttributeCounters } from './counters.js';
export type { AnsweredAttribute, AttributesAnswer, AttributesQuestion } from './domain/question.js';
export type { BackfillAnswer, BackfillsAnswer, BackfillsQuestion } from './seeding.js';
export { attributeComputeBinding, attributeCounters, bindingWith } from './stage.js';
