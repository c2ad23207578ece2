/** Segment: attribute changes to memberships. */

export type { Sweep } from './domain/sweep.js';
export { InvalidQuestionError } from './errors.js';
export type { Observe, Occurrence } from './occurrence.js';
export type { EvaluateAnswer, MembershipsAnswer, SegmentQuestion, SweepsAnswer, SweepsQuestion } from './question.js';
export { createSegmentBinding, type SegmentOptions, segmentBinding } from './stage.js';
