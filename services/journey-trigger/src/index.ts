/** Journey-trigger: membership and attribute changes to firings. */

export { type JourneyTriggerConfig, journeyTriggerSettings } from './config.js';
export { type Deliveries, type DeliveriesOptions, startDeliveries } from './deliveries/start-deliveries.js';
export { AddressRefusedError, FiringStreamError, InvalidQuestionError, type StreamFailure } from './errors.js';
export { journeyTriggerModule } from './journey-trigger.module.js';
export type { Observe, Occurrence } from './occurrence.js';
export type { FiringsAnswer, FiringsQuestion } from './question.js';
export { createJourneyTriggerBinding, type JourneyTriggerOptions, journeyTriggerBinding } from './stage.js';
