export { type IngestConfig, ingestSettings } from './config.js';
export { DEFAULT_LIMITS, type IngestLimits } from './domain/limits.js';
export { REJECTION_CODES, type Rejection, type RejectionCode } from './domain/rejection.js';
export { IngestError, type IngestFailure } from './errors.js';
export { startIngest } from './ingest.js';
