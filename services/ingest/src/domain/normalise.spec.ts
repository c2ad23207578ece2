import { parseExactJson } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { shapeCheck } from './event-shape.js';
import { DEFAULT_LIMITS } from './limits.js';
import { type Envelope, type Normaliser, normaliseEvent } from './normalise.js';
import { REJECTION_CODES } from './rejection.js';

const NOW = Date.UTC(2026, 10, 23, 12);
const envelope: Envelope = { workspace: 'shop', source: 'web', receivedAt: NOW };
const normaliser: Normaliser = {
  limits: DEFAULT_LIMITS,
  checkShape: shapeCheck(DEFAULT_LIMITS),
  newMessageId: () => 'made-up',
  encodeUtf8: (text) => Buffer.from(text),
};

function accepted(given: unknown, changes: Partial<Envelope> = {}) {
  const result = normaliseEvent(given, { ...envelope, ...changes }, normaliser);
  if (result.kind === 'rejected') throw new Error(`rejected: ${result.rejection.message}`);
  return { event: result.event, payload: JSON.parse(Buffer.from(result.event.payload).toString()) };
}

function codeOf(given: unknown, changes: Partial<Envelope> = {}): string | undefined {
  const result = normaliseEvent(given, { ...envelope, ...changes }, normaliser);
  return result.kind === 'rejected' ? result.rejection.code : undefined;
}

const track = { type: 'track', event: 'Order Completed', userId: 'u-1', messageId: 'm-1' };

describe('an event', () => {
  it('becomes a record with its identifiers, highest priority first', () => {
    const given = { ...track, type: 'identify', anonymousId: 'a-1', traits: { email: 'ada@example.com' } };
    expect(accepted(given).event).toMatchObject({
      kind: 'event',
      id: 'm-1',
      workspace: 'shop',
      source: 'web',
      type: 'identify',
      name: 'identify',
      occurredAt: NOW,
      receivedAt: NOW,
      identifiers: [
        { type: 'user_id', value: 'u-1' },
        { type: 'anonymous_id', value: 'a-1' },
        { type: 'email', value: 'ada@example.com' },
      ],
    });
  });

  it.each([null, '', undefined])('takes %p as an absent identifier', (absent) => {
    expect(accepted({ ...track, userId: absent, anonymousId: 'a' }).event.identifiers).toEqual([
      { type: 'anonymous_id', value: 'a' },
    ]);
    expect(codeOf({ ...track, userId: absent, anonymousId: absent })).toBe(REJECTION_CODES.noIdentifier);
  });

  it('takes numbers as identifiers by their exact text', () => {
    const given = parseExactJson('{"type":"track","event":"x","userId":820982911946154508,"anonymousId":42}');
    expect(accepted(given).event.identifiers.map((identifier) => identifier.value)).toEqual([
      '820982911946154508',
      '42',
    ]);
  });

  it('gets an id when it comes without one', () => {
    for (const messageId of [undefined, null, '']) expect(accepted({ ...track, messageId }).event.id).toBe('made-up');
  });

  it('reads the email of a person from traits and context traits, never from the traits of a group', () => {
    const emailOf = (given: object) =>
      accepted({ ...track, ...given }).event.identifiers.find((identifier) => identifier.type === 'email')?.value;
    expect(emailOf({ type: 'identify', context: { traits: { email: 'a@x' } } })).toBe('a@x');
    expect(emailOf({ context: { traits: { email: 'a@x' } } })).toBe('a@x');
    expect(emailOf({ type: 'group', groupId: 'g', traits: { email: 'office@x' } })).toBeUndefined();
    expect(emailOf({ properties: { email: 'friend@x' } })).toBeUndefined();
    expect(emailOf({ type: 'identify', traits: { email: 5 } })).toBeUndefined();
  });

  it('carries the previous id of an alias and the id of a group', () => {
    const { event } = accepted({ type: 'alias', previousId: 'a-1', userId: 'u-1' });
    expect(event.previous).toEqual({ type: 'previous_id', value: 'a-1' });
    expect(accepted({ type: 'group', userId: 'u', groupId: 7 }).event.groupId).toBe('7');
  });

  it('is named by its event, its page or its type', () => {
    expect(accepted(track).event.name).toBe('Order Completed');
    expect(accepted({ type: 'page', userId: 'u', name: 'Pricing' }).event.name).toBe('Pricing');
    expect(accepted({ type: 'screen', userId: 'u', properties: { name: 'Home' } }).event.name).toBe('Home');
    expect(accepted({ type: 'page', userId: 'u' }).event.name).toBe('page');
    expect(accepted({ type: 'group', userId: 'u', groupId: 'g' }).event.name).toBe('group');
  });

  it('takes its time from timestamp, else originalTimestamp', () => {
    const earlier = '2026-11-01T10:00:00+00:00';
    expect(accepted({ ...track, originalTimestamp: earlier }).event.occurredAt).toBe(Date.UTC(2026, 10, 1, 10));
    expect(accepted({ ...track, timestamp: earlier, originalTimestamp: '2026-11-02' }).event.occurredAt).toBe(
      Date.UTC(2026, 10, 1, 10),
    );
  });
});

describe('the payload of an event', () => {
  it('has the context of the batch under its own', () => {
    const { payload } = accepted(
      { ...track, context: { locale: 'de', library: { name: 'mine' } }, integrations: { A: false } },
      { context: { locale: 'en', app: { name: 'shop' } }, integrations: { All: true, A: true } },
    );
    expect(payload.context).toEqual({ locale: 'de', app: { name: 'shop' }, library: { name: 'mine' } });
    expect(payload.integrations).toEqual({ All: true, A: false });
  });

  it('has the traits of an identify where they belong, its own first', () => {
    const { payload } = accepted({
      ...track,
      type: 'identify',
      traits: { plan: 'pro' },
      context: { traits: { plan: 'free', age: 3 } },
    });
    expect(payload.traits).toEqual({ plan: 'pro', age: 3 });
  });

  it('has the name and category of a page inside its properties', () => {
    const { payload } = accepted({
      type: 'page',
      userId: 'u',
      name: 'Pricing',
      category: 'Docs',
      properties: { category: 'Own' },
    });
    expect(payload.properties).toEqual({ name: 'Pricing', category: 'Own' });
  });

  it('has no write key, the sender of a browser, and every digit of its numbers', () => {
    const given = parseExactJson(
      '{"type":"track","event":"x","userId":"u","writeKey":"k","properties":{"id":12345678901234567890.5}}',
    );
    const result = normaliseEvent(given, { ...envelope, ip: '203.0.113.9' }, normaliser);
    const text = result.kind === 'accepted' ? Buffer.from(result.event.payload).toString() : '';
    expect(text).toContain('12345678901234567890.5');
    expect(JSON.parse(text)).toMatchObject({ context: { ip: '203.0.113.9' } });
    expect(text).not.toContain('writeKey');
  });
});

describe('a bad event', () => {
  const deep = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);

  it.each<[string, unknown, keyof typeof REJECTION_CODES]>([
    ['no object', 'text', 'notAnObject'],
    ['null', null, 'notAnObject'],
    ['a list', [], 'notAnObject'],
    ['a long number', parseExactJson('12345678901234567890'), 'notAnObject'],
    ['an unknown type', { ...track, type: 'purchase' }, 'unknownType'],
    ['a type that every object has', { ...track, type: 'constructor' }, 'unknownType'],
    ['no type', { ...track, type: undefined }, 'unknownType'],
    ['an object as userId', { ...track, userId: {} }, 'wrongFieldType'],
    ['a truth value as userId', { ...track, userId: true }, 'wrongFieldType'],
    ['a list as properties', { ...track, properties: [] }, 'wrongFieldType'],
    ['a long number as properties', { ...track, properties: parseExactJson('12345678901234567890') }, 'wrongFieldType'],
    ['text as context', { ...track, context: 'web' }, 'wrongFieldType'],
    ['text as context traits', { ...track, context: { traits: 'web' } }, 'wrongFieldType'],
    ['a list as event name', { ...track, event: ['x'] }, 'wrongFieldType'],
    ['nobody', { ...track, userId: null }, 'noIdentifier'],
    ['a track of a reserved name', { ...track, event: '$list:vips' }, 'reservedName'],
    ['a track without name', { ...track, event: '' }, 'noEventName'],
    ['a group without id', { type: 'group', userId: 'u' }, 'noGroupId'],
    ['an alias without previous id', { type: 'alias', userId: 'u' }, 'noAlias'],
    ['an alias without user', { type: 'alias', anonymousId: 'a', previousId: 'p' }, 'noAlias'],
    ['a long messageId', { ...track, messageId: 'm'.repeat(101) }, 'fieldTooLong'],
    ['a long userId', { ...track, userId: 'u'.repeat(501) }, 'fieldTooLong'],
    ['a time that is none', { ...track, timestamp: 'soon' }, 'unreadableTime'],
    ['a time before 1970', { ...track, timestamp: '1969-12-31T23:59:59Z' }, 'timeTooOld'],
    ['too many bytes', { ...track, properties: { text: 'x'.repeat(33_000) } }, 'eventTooLarge'],
    ['33 levels', { ...track, properties: deep(32) }, 'nestedTooDeeply'],
    ['a NUL in an id', { ...track, userId: 'a\u0000b' }, 'unusableText'],
    ['half a surrogate pair in a name', { ...track, event: 'x\ud800' }, 'unusableText'],
    [
      'a key __proto__',
      JSON.parse('{"type":"track","event":"x","userId":"u","properties":{"__proto__":{"admin":true}}}'),
      'forbiddenKey',
    ],
    ['a number beyond all numbers', { ...track, properties: { n: JSON.parse('1e999') } }, 'numberTooLarge'],
  ])('with %s is rejected with its own code', (_name, given, reason) => {
    expect(codeOf(given)).toBe(REJECTION_CODES[reason]);
  });

  it('is not one with 32 levels, or a NUL or half a surrogate pair in its properties', () => {
    expect(codeOf({ ...track, properties: deep(31) })).toBeUndefined();
    const { payload } = accepted({ ...track, properties: { a: '\u0000', b: '\ud800' } });
    expect(payload.properties).toEqual({ a: '\u0000', b: '\ud800' });
  });

  it('never changes what objects inherit', () => {
    codeOf(JSON.parse('{"__proto__":{"polluted":1},"type":"track","event":"x","userId":"u"}'));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
