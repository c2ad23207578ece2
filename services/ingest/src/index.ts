export { type IngestConfig, ingestSettings } from './config.js';
export { readConsentRequest } from './domain/consent.js';
export { shapeCheck } from './domain/event-shape.js';
export { DEFAULT_LIMITS, type IngestLimits } from './domain/limits.js';
export { type Envelope, type Normalised, type Normaliser, normaliseEvent } from './domain/normalise.js';
export { REJECTION_CODES, type Rejection, type RejectionCode } from './domain/rejection.js';
export { IngestError, type IngestFailure } from './errors.js';
export { startIngest } from './ingest.js';
