export { ASK_ERROR_CODES, AskError, ask, serveAsk } from './ask.js';
export { Bucket, type BucketEntry, type BucketWatch, type WriteOutcome } from './bucket.js';
export {
  type ConnectionChange,
  connectNats,
  type NatsCredentials,
  type NatsLink,
  type NatsOptions,
} from './connection.js';
export { JetStreamLog, type JetStreamLogOptions, streamOfSubject } from './jetstream-log.js';
export { decodeJson, encodeJson } from './json.js';
export {
  decodeSecretEntry,
  encodeSecretEntry,
  FORMER_SECRETS_MAX,
  type FormerSecret,
  replaceSecret,
  type SecretEntry,
} from './secret-entry.js';
export {
  type FindNatsServerOptions,
  findNatsServer,
  NATS_SERVER_VERSION_MIN,
  type NatsServer,
  NatsServerError,
  type StartNatsServerOptions,
  startNatsServer,
} from './server.js';
export {
  BUCKETS,
  CATALOGUE_BUCKET,
  DELIVERER_BUCKET,
  ensureStreams,
  KEYS_BUCKET,
  LISTS_BUCKET,
  SECRETS_BUCKET,
  type StreamsOptions,
} from './streams.js';
