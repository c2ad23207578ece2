import { parseExactJson, stringifyExactJson } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isFault, readConsentRequest, rejectionOfFaults, STATEMENTS_MAX, statementsOf } from './consent.js';

type Json = Readonly<Record<string, unknown>>;

const granted = { purpose: 'marketing', channel: 'email', status: 'granted' };
const request = (change: object): Json => ({ userId: 'u', consent: [granted], ...change });
const eventsOf = (body: Json): readonly Json[] => {
  const read = readConsentRequest(body);
  if (read.kind === 'faulty') throw new Error(JSON.stringify(read.faults));
  return read.events;
};
const faultsOf = (body: Json): string[] => {
  const read = readConsentRequest(body);
  if (read.kind !== 'faulty') return [];
  for (const { message } of read.faults) expect(message).not.toBe('');
  return read.faults.map(({ path }) => path);
};

describe('a request to record consent', () => {
  it('becomes one event for each time that it names, with ids that a repetition has again', () => {
    const body = request({
      messageId: 'm',
      context: { locale: 'de' },
      consent: [
        { ...granted, at: '2026-01-01T00:00:00Z', source: 'form' },
        { purpose: 'marketing', status: 'withdrawn', at: 1_767_225_600_000 },
        { purpose: 'service', channel: '*', status: 'granted' },
      ],
    });
    const [first, second] = eventsOf(body);
    expect(first).toMatchObject({
      type: 'track',
      event: '$consent',
      messageId: 'm:0',
      userId: 'u',
      timestamp: 1_767_225_600_000,
      context: { locale: 'de' },
      properties: {
        consent: [
          { ...granted, source: 'form' },
          { purpose: 'marketing', status: 'withdrawn' },
        ],
      },
    });
    expect(second).toMatchObject({ messageId: 'm:1' });
    expect(second).not.toHaveProperty('timestamp');
    expect(eventsOf(body)).toEqual([first, second]);
  });

  it('is of whoever any identifier names', () => {
    const [event] = eventsOf({ consent: [granted], identifiers: [{ type: 'email', value: 'a@b.c' }] });
    expect(event!.context).toEqual({
      externalIds: [{ id: 'a@b.c', type: 'email', collection: 'users', encoding: 'none' }],
    });
  });

  it.each<[name: string, body: Json, paths: string[]]>([
    ['nobody', { consent: [granted] }, ['identifiers']],
    ['an empty identifier', { userId: '', consent: [granted] }, ['identifiers']],
    ['identifiers that are no list', { identifiers: 'a', consent: [granted] }, ['identifiers']],
    [
      'identifiers without type or value',
      { identifiers: [{ type: 'email' }, { value: 'x' }, 5], consent: [granted] },
      ['identifiers[0].value', 'identifiers[1].type', 'identifiers[2].type', 'identifiers[2].value'],
    ],
    ['a user id that is an object', request({ userId: {}, anonymousId: 'a' }), ['userId']],
    ['no statements', request({ consent: [] }), ['consent']],
    ['too many statements', request({ consent: Array(STATEMENTS_MAX + 1).fill(granted) }), ['consent']],
    ['a statement that is none', request({ consent: [5] }), ['consent[0]']],
    [
      'faults of every kind, all at once',
      request({ consent: [{ purpose: 'A B', channel: '', status: true, source: 5, at: 'soon', extra: 1 }] }),
      ['extra', 'purpose', 'channel', 'status', 'source', 'at'].map((key) => `consent[0].${key}`),
    ],
    ['a time before 1970', request({ consent: [{ ...granted, at: -1 }] }), ['consent[0].at']],
    [
      'the same twice for one time, however it is written',
      request({
        consent: [
          { ...granted, at: 0 },
          { ...granted, status: 'withdrawn', at: '1970-01-01T00:00:00.000Z' },
        ],
      }),
      ['consent[1]'],
    ],
    ['an unknown key', request({ traits: {} }), ['traits']],
    ['a message id that leaves no room', request({ messageId: 'm'.repeat(91) }), ['messageId']],
    ['a context that is none', request({ context: 'x' }), ['context']],
  ])('is refused as a whole: %s', (_name, body, paths) => {
    expect(faultsOf(body)).toEqual(paths);
  });

  it('tells of many faults in a bounded sentence', () => {
    const faults = Array.from({ length: 100 }, (_, index) => ({ path: `consent[${index}]`, message: 'wrong' }));
    expect(rejectionOfFaults(faults).message).toMatch(/^"consent\[0\]": wrong; .*; and 80 more\.$/);
  });

  it('may be any JSON, and nothing is thrown', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('userId', 'consent', 'identifiers', 'context', 'x'), fc.jsonValue()),
        (body) => {
          const read = readConsentRequest(parseExactJson(JSON.stringify(body)) as Json);
          expect(read.kind === 'faulty' ? read.faults.length : read.events.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('the event $consent', () => {
  it('holds its statements by purpose and channel', () => {
    const consent = [
      granted,
      { purpose: 'marketing', status: 'withdrawn' },
      { purpose: 'constructor', channel: '*', status: 'granted', source: 'form' },
    ];
    const statements = statementsOf({ consent });
    expect(stringifyExactJson(statements)).toBe('{"marketing":{"email":true,"_":false},"constructor":{"*":true}}');
    expect(isFault(statements)).toBe(false);
    expect(isFault(statementsOf({ consent: [{ purpose: 'path', status: 'granted' }] }))).toBe(false);
  });

  it.each<[properties: unknown, path: string]>([
    [undefined, 'properties.consent'],
    [{ consent: 'granted' }, 'properties.consent'],
    [{ consent: [{ ...granted, status: 'yes' }] }, 'properties.consent[0].status'],
    // The time of the event is that of its statements.
    [{ consent: [{ ...granted, at: 5 }] }, 'properties.consent[0].at'],
    [{ consent: [granted, granted] }, 'properties.consent[1]'],
  ])('is refused: %j', (properties, path) => {
    expect(statementsOf(properties)).toMatchObject({ path });
  });
});
