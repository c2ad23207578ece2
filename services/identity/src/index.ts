/** Identity: identifiers to one profile; links and merges. */

export type { IdentifiersAnswer, IdentityAnswer, IdentityQuestion, MergesAnswer } from './question.js';
export { createIdentityBinding, type IdentityOptions, identityBinding, type Occurrence } from './stage.js';
