export { type AttributeCounters, newAttributeCounters } from './counters.js';
export type { AnsweredAttribute, AttributesAnswer, AttributesQuestion } from './domain/question.js';
export { attributeComputeBinding, attributeCounters, bindingWith } from './stage.js';
