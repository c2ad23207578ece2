/** The HTTP routes that take events, raw on Fastify: they are the hot path. */

import { EVENT_TYPES, type EventType } from '@attrium/event';
import { failureBody, httpStatusOf, isCodedFailure, type KeyRing, type Logger } from '@attrium/host';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readConsentRequest, rejectionOfFaults } from '../domain/consent.js';
import { REJECTION_CODES, type Rejection } from '../domain/rejection.js';
import { IngestError } from '../errors.js';
import type { EventIntake, Receipt } from '../event-intake.js';
import type { Telemetry } from '../telemetry.js';
import { allowOrigin, registerPreflight } from './cors.js';
import { bodyText, type JsonObject, parseBody } from './request-body.js';
import { sdkEndpoint, sdkSettings } from './sdk-settings.js';
import { senderAddress } from './sender-address.js';
import { grantOf, keyOfBody, keyOfHeaders } from './write-key.js';

export interface EventRoutesOptions {
  readonly intake: EventIntake;
  readonly keys: KeyRing;
  readonly logger: Logger;
  readonly telemetry: Pick<Telemetry, 'requestRefused'>;
  readonly config: {
    readonly batchBytesMax: number;
    readonly publicUrl?: string | undefined;
    readonly ipPolicy: 'keep' | 'drop';
    readonly forwardedHops: number;
  };
  readonly eventLevelsMax: number;
}

const BATCH_PATHS = ['/v1/batch', '/v1/batch/', '/v1/b', '/v1/import', '/v1/import/', '/beacon/v1/batch'];
const OK = '{"success":true}';
const JSON_TYPE = 'application/json; charset=utf-8';

/** Registers all routes in a scope of their own: bodies stay bytes there, whatever the content type says. */
export async function registerEventRoutes(fastify: FastifyInstance, options: EventRoutesOptions): Promise<void> {
  await fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.addHook('onRequest', async (request, reply) => {
      // Clients name all kinds of types for the same JSON, some of them no media type at all.
      if (request.method === 'POST') request.raw.headers['content-type'] = 'application/octet-stream';
      allowOrigin(request, reply);
    });
    scope.setErrorHandler((error, request, reply) => answerFailure(error, request, reply, options));
    registerPreflight(scope);
    const limit = { bodyLimit: options.config.batchBytesMax };
    for (const path of BATCH_PATHS) scope.post(path, limit, (request, reply) => takeBatch(request, reply, options));
    for (const type of EVENT_TYPES) {
      const handler = (request: FastifyRequest, reply: FastifyReply) => takeSingle(request, reply, type, options);
      for (const path of [`/v1/${type}`, `/v1/${type}/`, `/v1/${type[0]}`]) scope.post(path, limit, handler);
    }
    const consent = (request: FastifyRequest, reply: FastifyReply) => takeConsent(request, reply, options);
    for (const path of ['/v1/consent', '/v1/consent/']) scope.post(path, limit, consent);
    // Metrics of SDKs about themselves: they retry when these fail, and nobody reads them.
    scope.post('/v1/m', limit, async (_request, reply) => reply.type(JSON_TYPE).send(OK));
    scope.get('/v1/projects/:writeKey/settings', async (request, reply) => answerSettings(request, reply, options));
  });
}

async function takeBatch(
  request: FastifyRequest,
  reply: FastifyReply,
  options: EventRoutesOptions,
): Promise<FastifyReply> {
  const { body, grant } = await open(request, 'batch', options);
  if (!Array.isArray(body.batch))
    throw new IngestError('misshapenBody', { message: '"batch" must be a list of events.' });
  const receipt = await options.intake.take({
    grant,
    events: body.batch,
    sentAt: body.sentAt,
    context: body.context,
    integrations: body.integrations,
    ip: ipOf(request, options),
  });
  return reply.type(JSON_TYPE).send(batchAnswer(receipt));
}

async function takeSingle(
  request: FastifyRequest,
  reply: FastifyReply,
  type: EventType,
  options: EventRoutesOptions,
): Promise<FastifyReply> {
  const { body, grant } = await open(request, 'event', options);
  const { rejected } = await options.intake.take({ grant, events: [body], type, ip: ipOf(request, options) });
  const reason = rejected[0]?.rejection;
  return reason === undefined ? reply.type(JSON_TYPE).send(OK) : refuse(reply, reason);
}

/** All of its statements or none. */
async function takeConsent(
  request: FastifyRequest,
  reply: FastifyReply,
  options: EventRoutesOptions,
): Promise<FastifyReply> {
  const { body, grant } = await open(request, 'event', options);
  const read = readConsentRequest(body);
  if (read.kind === 'faulty') return refuse(reply, rejectionOfFaults(read.faults));
  const submission = { grant, events: read.events, ip: ipOf(request, options), whole: true };
  const { rejected } = await options.intake.take(submission);
  const reason = rejected[0]?.rejection;
  return reason === undefined ? reply.type(JSON_TYPE).send(OK) : refuse(reply, reason);
}

function refuse(reply: FastifyReply, reason: Rejection): FastifyReply {
  const status = reason.code === REJECTION_CODES.eventTooLarge ? 413 : 400;
  return reply
    .code(status)
    .type(JSON_TYPE)
    .send({ success: false, ...failureBody({ ...reason, retryable: false }) });
}

/** Key and body of a request, the key first where it can be had without the body. */
async function open(request: FastifyRequest, form: 'event' | 'batch', options: EventRoutesOptions) {
  const { authorization, 'x-write-key': header, 'content-encoding': encoding } = request.headers;
  const key = keyOfHeaders({ authorization, header });
  const known = key === undefined ? undefined : grantOf(options.keys, key);
  const bytes = request.body instanceof Buffer ? request.body : Buffer.alloc(0);
  const text = await bodyText(bytes, encoding, options.config.batchBytesMax);
  const body: JsonObject = parseBody(text, options.eventLevelsMax, form);
  const grant = known ?? grantOf(options.keys, keyOfBody(body, (request.query as { writeKey?: unknown }).writeKey));
  return { body, grant };
}

function batchAnswer({ accepted, rejected }: Receipt): string {
  if (rejected.length === 0) return `{"success":true,"accepted":${accepted},"rejected":[]}`;
  const reasons = rejected.map(({ index, messageId, rejection }) => ({ index, messageId, ...rejection }));
  return JSON.stringify({ success: true, accepted, rejected: reasons });
}

/** The sender's address for requests that a browser made; servers know better whom their events are about. */
function ipOf(request: FastifyRequest, { config }: EventRoutesOptions): string | undefined {
  const browser = request.headers.origin !== undefined || request.headers['sec-fetch-mode'] !== undefined;
  if (!browser || config.ipPolicy === 'drop') return undefined;
  return senderAddress({
    connection: request.raw.socket.remoteAddress,
    forwardedFor: request.headers['x-forwarded-for'],
    hops: config.forwardedHops,
  });
}

function answerSettings(
  request: FastifyRequest,
  reply: FastifyReply,
  { keys, config }: EventRoutesOptions,
): FastifyReply {
  const { writeKey } = request.params as { writeKey: string };
  if (keys.isOpen && keys.lookup('write', writeKey).kind !== 'granted') {
    return reply.code(404).type('text/plain; charset=utf-8').send('This write key is not known.');
  }
  if (!keys.isOpen) throw new IngestError('notReady', { retryAfterSeconds: 1 });
  return reply
    .type(JSON_TYPE)
    .header('cache-control', 'public, max-age=300')
    .send(sdkSettings(writeKey, sdkEndpoint(config.publicUrl, request.headers.host)));
}

/** Failures of the whole request. What is our own trouble is never a 4xx: clients would drop their events. */
function answerFailure(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  options: EventRoutesOptions,
): FastifyReply {
  const failure = codedFailureOf(error);
  options.telemetry.requestRefused(failure.code);
  const status = httpStatusOf(failure);
  if (status === 500) options.logger.error({ err: error, url: request.routeOptions.url }, 'a request failed');
  if (failure.retryAfterSeconds !== undefined) reply.header('retry-after', String(failure.retryAfterSeconds));
  return reply
    .code(status)
    .type(JSON_TYPE)
    .send({ success: false, ...failureBody(failure) });
}

function codedFailureOf(error: unknown) {
  if (isCodedFailure(error)) return error;
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (status === 413) return new IngestError('bodyTooLarge', { cause: error });
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new IngestError('misshapenBody', { cause: error });
  return {
    code: 'ATR-INGEST-500',
    retryable: true,
    status: 'internal',
    message: 'Something went wrong inside.',
  } as const;
}
