import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Event } from '@attrium/event';
import { createLogger, KeyRing, keyEntryName } from '@attrium/host';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type FastifyInstance, fastify, type InjectOptions } from 'fastify';
import { shapeCheck } from '../domain/event-shape.js';
import { DEFAULT_LIMITS } from '../domain/limits.js';
import type { EventAppendOutcome } from '../event-appender.js';
import { EventIntake } from '../event-intake.js';
import type { RejectedEvent } from '../rejected-feed.js';
import { TokenBuckets } from '../token-bucket.js';
import { registerEventRoutes } from './event-routes.js';

const KEYS = ['key-1', 'wk_web', 'wk_rweb', 'wk_rpy', 'wk_java', 'wk_kotlin'];
let server: FastifyInstance;
let appended: Event[] = [];
let rejected: RejectedEvent[] = [];
let outcome: EventAppendOutcome = 'appended';
let perSecond = 0;

beforeAll(async () => {
  const keys = new KeyRing();
  const record = Buffer.from(JSON.stringify({ kind: 'write', workspace: 'shop', source: 'web', createdAt: 1 }));
  await keys.open({
    async watch(onEntry) {
      for (const key of KEYS) onEntry(keyEntryName('write', key), record);
      return { close() {} };
    },
  });
  let made = 0;
  const buckets = {
    take: (key: string, count: number) => new TokenBuckets({ perSecond, burst: 3 }, () => 0).take(key, count) && 7,
  };
  const intake = new EventIntake({
    normaliser: {
      limits: DEFAULT_LIMITS,
      checkShape: shapeCheck(DEFAULT_LIMITS),
      newMessageId: () => `made-up-${++made}`,
      encodeUtf8: (text) => Buffer.from(text),
    },
    appender: {
      async append(_workspace, events) {
        if (outcome === 'appended') appended.push(...events);
        return outcome;
      },
    },
    feed: {
      async publish(_origin, events) {
        rejected.push(...events);
      },
    },
    buckets: { take: (key: string, count: number) => (perSecond < 0 ? 7 : buckets.take(key, count)) } as TokenBuckets,
    batchEventsMax: 2_500,
    now: () => Date.UTC(2026, 10, 23, 19),
    telemetry: { eventsAccepted() {}, identifierDropped() {} },
  });
  server = fastify();
  await registerEventRoutes(server, {
    intake,
    keys,
    logger: createLogger({ service: 'ingest', level: 'silent' }),
    telemetry: { requestRefused() {} },
    config: { batchBytesMax: 500 * 1024, ipPolicy: 'keep', forwardedHops: 0 },
    eventLevelsMax: DEFAULT_LIMITS.eventLevelsMax,
  });
});

afterAll(() => server.close());
beforeEach(() => {
  appended = [];
  rejected = [];
  outcome = 'appended';
  perSecond = 0;
});

const basic = (key: string): string => `Basic ${Buffer.from(key).toString('base64')}`;
const track = { type: 'track', event: 'x', userId: 'u', messageId: 'm' };

function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const payload = typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body);
  return server.inject({ method: 'POST', url, payload, headers: { authorization: basic('key-1:'), ...headers } });
}

interface Recorded {
  readonly method: NonNullable<InjectOptions['method']>;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: { batch?: unknown[]; writeKey?: string } | string;
}

const FIXTURES = new URL('../../test/fixtures/clients/', import.meta.url);
const recordings = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json') && !file.startsWith('dittofeed'))
  .flatMap((file) => {
    const recorded = JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8')) as Recorded | Recorded[];
    return [recorded]
      .flat()
      .map((request, index): [string, Recorded] => [`${file} ${index} ${request.method} ${request.path}`, request]);
  })
  .filter(([, request]) => !request.path.startsWith('/sourceConfig/'));

describe('recorded requests of published clients', () => {
  it.each(recordings)('%s is answered as its client expects', async (_name, request) => {
    const {
      'content-length': _length,
      'transfer-encoding': _transfer,
      host: _host,
      connection: _connection,
      ...headers
    } = request.headers;
    const text = typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
    const payload = headers['content-encoding'] === 'gzip' ? gzipSync(text) : text;
    const bodied = request.method === 'POST' ? { payload } : {};
    const answer = await server.inject({ method: request.method, url: request.path, headers, ...bodied });
    if (request.method === 'OPTIONS') {
      expect(answer.statusCode).toBe(204);
      expect(answer.headers['access-control-allow-origin']).toBe(headers.origin);
      for (const header of headers['access-control-request-headers']!.split(',')) {
        expect(answer.headers['access-control-allow-headers']).toContain(header.trim());
      }
      return;
    }
    expect([answer.statusCode, answer.body]).toEqual([200, expect.anything()]);
    if (request.method === 'GET') {
      expect(Object.keys(answer.json().integrations)).toEqual(['Segment.io']);
      return;
    }
    expect(answer.json().success).toBe(true);
    const sent = typeof request.body === 'string' ? 0 : (request.body.batch?.length ?? 1);
    expect(rejected).toEqual([]);
    expect(appended).toHaveLength(sent);
    for (const { occurredAt, receivedAt } of appended) expect(occurredAt).toBeLessThanOrEqual(receivedAt);
  });
});

describe('the key', () => {
  it('is taken from Basic with or without colon, X-Write-Key, body or query', async () => {
    const none = { authorization: '' };
    const answers = await Promise.all([
      post('/v1/track', track, { authorization: basic('key-1') }),
      post('/v1/track', track, { ...none, 'x-write-key': 'key-1' }),
      post('/v1/track', { ...track, writeKey: 'key-1' }, none),
      post('/v1/batch', { batch: [track], writeKey: 'key-1' }, { authorization: 'Bearer of-something-else' }),
      post('/beacon/v1/batch?writeKey=key-1', { batch: [track] }, none),
      post('/v1/import/?writeKey=key-1', { batch: [track] }, none),
    ]);
    expect(answers.map((answer) => answer.statusCode)).toEqual([200, 200, 200, 200, 200, 200]);
  });

  it('that is missing, unknown or mistyped is answered 401 with a code of its own', async () => {
    const codes = await Promise.all(
      [{ authorization: '' }, { authorization: basic('nobody:') }, { authorization: basic('atr_wk_oops:') }].map(
        async (headers) => {
          const answer = await post('/v1/track', track, headers);
          return [answer.statusCode, answer.json().error.code];
        },
      ),
    );
    expect(codes).toEqual([
      [401, 'ATR-INGEST-003'],
      [401, 'ATR-INGEST-004'],
      [401, 'ATR-INGEST-005'],
    ]);
    expect(appended).toEqual([]);
  });
});

describe('bad input', () => {
  const bomb = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  it.each<[string, string, unknown, Record<string, string>, number, string]>([
    ['malformed JSON', '/v1/track', '{"event":', {}, 400, 'ATR-INGEST-001'],
    ['no body', '/v1/batch', '', {}, 400, 'ATR-INGEST-001'],
    ['a list as body', '/v1/batch', [], {}, 400, 'ATR-INGEST-002'],
    ['a long number as body', '/v1/track', '12345678901234567890', {}, 400, 'ATR-INGEST-002'],
    ['a batch that is no list', '/v1/batch', { batch: {} }, {}, 400, 'ATR-INGEST-002'],
    ['no batch', '/v1/batch', track, {}, 400, 'ATR-INGEST-002'],
    ['an oversized body', '/v1/batch', 'x'.repeat(513 * 1024), {}, 413, 'ATR-INGEST-006'],
    [
      'a gzip bomb',
      '/v1/batch',
      gzipSync(Buffer.alloc(50_000_000)),
      { 'content-encoding': 'gzip' },
      413,
      'ATR-INGEST-006',
    ],
    ['no gzip', '/v1/batch', 'plain', { 'content-encoding': 'gzip' }, 400, 'ATR-INGEST-012'],
    ['an unknown encoding', '/v1/batch', 'plain', { 'content-encoding': 'zip' }, 400, 'ATR-INGEST-011'],
    ['too many events', '/v1/batch', { batch: Array(2_501).fill(1) }, {}, 413, 'ATR-INGEST-007'],
    [
      'an event too large',
      '/v1/track',
      { ...track, properties: { text: 'x'.repeat(33_000) } },
      {},
      413,
      'ATR-INGEST-111',
    ],
    ['a nesting bomb', '/v1/track', `{"event":"x","userId":"u","properties":{"a":${bomb}}}`, {}, 400, 'ATR-INGEST-013'],
    [
      'a nesting bomb beside a long number',
      '/v1/track',
      `{"n":12345678901234567890,"a":${bomb}}`,
      {},
      400,
      'ATR-INGEST-013',
    ],
    [
      'a bomb in the context of a batch',
      '/v1/batch',
      `{"batch":[],"context":{"a":${bomb}}}`,
      {},
      400,
      'ATR-INGEST-013',
    ],
    ['a wrong value type', '/v1/track', { ...track, userId: ['u'] }, {}, 400, 'ATR-INGEST-103'],
    ['a broken content type', '/v1/track', '{', { 'content-type': '; ;nonsense' }, 400, 'ATR-INGEST-001'],
  ])('%s is answered with a code', async (_name, url, body, headers, status, code) => {
    const answer = await post(url, body, headers);
    expect([answer.statusCode, answer.json()]).toEqual([
      status,
      { success: false, error: expect.objectContaining({ code }) },
    ]);
    expect(appended).toEqual([]);
  });

  it('in a batch is rejected alone and visibly; its neighbours are kept', async () => {
    const bad = [
      `{"type":"purchase","userId":"u","messageId":"m-1"}`,
      `{"type":"track","event":"x","userId":"u","properties":${bomb}}`,
      `{"type":"track","event":"x","userId":"u","properties":{"__proto__":{"admin":true}}}`,
      `{"type":"track","event":"x","userId":"u","properties":{"n":1e999}}`,
      'null',
      '5',
      `{"type":"track","event":"x"}`,
    ];
    const good = JSON.stringify(track);
    const answer = await post('/v1/batch', `{"batch":[${good},${bad.join(',')},${good}]}`);
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      {
        success: true,
        accepted: 2,
        rejected: ['102', '112', '114', '115', '101', '101', '104'].map((code, index) =>
          expect.objectContaining({ index: index + 1, code: `ATR-INGEST-${code}`, message: expect.any(String) }),
        ),
      },
    ]);
    expect(answer.json().rejected[0].messageId).toBe('m-1');
    expect(appended).toHaveLength(2);
    expect(rejected.map((event) => event.index)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('in the context of a batch rejects its events, visibly', async () => {
    const answer = await post(
      '/v1/batch',
      '{"batch":[{"type":"track","event":"x","userId":"u"}],"context":{"__proto__":{"a":1}}}',
    );
    expect([answer.statusCode, answer.json().rejected[0].code]).toEqual([200, 'ATR-INGEST-114']);
  });
});

describe('trouble of our own', () => {
  it('is 503 with Retry-After while the log does not take events', async () => {
    outcome = 'unavailable';
    const answer = await post('/v1/track', track);
    expect([answer.statusCode, answer.json().error, answer.headers['retry-after']]).toEqual([
      503,
      expect.objectContaining({ code: 'ATR-INGEST-010', retryable: true }),
      '5',
    ]);
  });

  it('is 503 with Retry-After while too much waits', async () => {
    outcome = 'full';
    const answer = await post('/v1/batch', { batch: [track] });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
  });

  it('is 429 with Retry-After, readable by a page, for a key beyond its limit', async () => {
    perSecond = -1;
    const answer = await post('/v1/track', track, { origin: 'https://shop.example' });
    expect([answer.statusCode, answer.headers['retry-after'], answer.headers['access-control-expose-headers']]).toEqual(
      [429, '7', 'Retry-After'],
    );
  });
});

describe('answers', () => {
  it('are exactly {"success":true} for a single event and one result for a batch', async () => {
    expect((await post('/v1/i', { ...track })).body).toBe('{"success":true}');
    expect((await post('/v1/b', { batch: [track, track] })).json()).toEqual({
      success: true,
      accepted: 2,
      rejected: [],
    });
    expect((await post('/v1/batch', { batch: [] })).json()).toEqual({ success: true, accepted: 0, rejected: [] });
    expect((await post('/v1/m', { series: [] }, { authorization: '' })).statusCode).toBe(200);
  });

  it('name the type by the path', async () => {
    for (const [letter, type] of Object.entries({
      i: 'identify',
      t: 'track',
      p: 'page',
      s: 'screen',
      g: 'group',
      a: 'alias',
    })) {
      await post(`/v1/${letter}`, { ...track, groupId: 'g', previousId: 'p', type: undefined });
      expect(appended.at(-1)?.type).toBe(type);
    }
  });

  it('give SDKs their settings for a known key only', async () => {
    const settings = await server.inject({
      url: '/v1/projects/key-1/settings',
      headers: { host: 'events.example:8080' },
    });
    expect(settings.json().integrations['Segment.io']).toMatchObject({
      apiKey: 'key-1',
      apiHost: 'events.example:8080/v1',
      protocol: 'http',
    });
    expect((await server.inject({ url: '/v1/projects/nobody/settings' })).statusCode).toBe(404);
  });

  it('carry the address of a browser into the event, and of nobody else', async () => {
    const contextOf = (): { ip?: string } => JSON.parse(Buffer.from(appended.at(-1)!.payload).toString()).context ?? {};
    await post('/v1/t', { ...track, context: { ip: '192.0.2.1' } }, { origin: 'https://shop.example' });
    expect(contextOf().ip).toBe('127.0.0.1');
    await post('/v1/t', { ...track, context: { ip: '192.0.2.1' } });
    expect(contextOf().ip).toBe('192.0.2.1');
  });
});

describe('consent', () => {
  const granted = { purpose: 'marketing', channel: 'email', status: 'granted' };
  const body = { identifiers: [{ type: 'email', value: 'a@b.c' }], messageId: 'c', consent: [granted] };
  const payload = (): Record<string, Record<string, unknown>> =>
    JSON.parse(Buffer.from(appended.at(-1)!.payload).toString());

  it('is an ordinary event of whoever it names', async () => {
    expect((await post('/v1/consent', body)).json()).toEqual({ success: true });
    expect(appended).toMatchObject([
      { id: 'c:0', type: 'track', name: '$consent', identifiers: [{ type: 'email', value: 'a@b.c' }] },
    ]);
    expect(payload().properties).toEqual({ consent: [granted], statements: { marketing: { email: true } } });
  });

  it('is refused as a whole, with the places of all faults', async () => {
    const at = { at: '2026-01-01T00:00:00Z' };
    const answer = await post('/v1/consent/', {
      ...body,
      consent: [
        { ...granted, ...at },
        { purpose: 5, status: 'no' },
      ],
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ success: false, error: { code: 'ATR-INGEST-116', retryable: false } });
    expect(answer.json().error.message).toContain('"consent[1].purpose"');
    expect(answer.json().error.message).toContain('"consent[1].status"');
    expect(appended).toEqual([]);
  });

  it('of nobody that the log can hold is refused', async () => {
    const identifiers = [{ type: 'email', value: 'a\u0000' }];
    expect((await post('/v1/consent', { ...body, identifiers })).json().error.code).toBe('ATR-INGEST-104');
    expect((await post('/v1/consent', '{"consent":[')).json().error.code).toBe('ATR-INGEST-001');
    expect((await post('/v1/consent', body, { authorization: basic('nobody') })).statusCode).toBe(401);
    outcome = 'unavailable';
    expect((await post('/v1/consent', body)).statusCode).toBe(503);
    expect(appended).toEqual([]);
  });

  it('is refused as a whole where one of its events is too large', async () => {
    const long = (index: number) => ({ ...granted, purpose: `p${index}`, source: 'é'.repeat(200) });
    const consent = [{ ...granted, at: 0 }, ...Array.from({ length: 99 }, (_, index) => long(index))];
    const answer = await post('/v1/consent', { ...body, consent });
    expect([answer.statusCode, answer.json().error.code]).toEqual([413, 'ATR-INGEST-111']);
    expect(appended).toEqual([]);
    expect((await post('/v1/consent', { ...body, consent: consent.slice(0, 50) })).statusCode).toBe(200);
    expect(appended).toHaveLength(2);
  });

  it('may come in a batch of events, where what is wrong is refused alone', async () => {
    const event = { type: 'track', event: '$consent', userId: 'u', messageId: 'e' };
    const batch = [
      { ...event, properties: { consent: [granted], statements: { marketing: { email: false } } } },
      { ...event, messageId: 'f', properties: { statements: { marketing: { email: false } } } },
    ];
    expect((await post('/v1/batch', { batch })).json()).toMatchObject({
      accepted: 1,
      rejected: [{ index: 1, messageId: 'f', code: 'ATR-INGEST-116' }],
    });
    expect(payload().properties!.statements).toEqual({ marketing: { email: true } });
  });
});
