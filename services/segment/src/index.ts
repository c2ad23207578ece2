/** Segment: attribute changes to memberships. */

export { InvalidQuestionError } from './errors.js';
export type { Observe, Occurrence } from './occurrence.js';
export type { EvaluateAnswer, MembershipsAnswer, SegmentQuestion } from './question.js';
export { createSegmentBinding, type SegmentOptions, segmentBinding } from './stage.js';
