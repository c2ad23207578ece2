import type { Event, EventResolved, Identifier, LogRecord } from '@attrium/event';
import { type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import type { MatchAnswer } from './question.js';
import { identityBinding } from './stage.js';

const user = (value: string): Identifier => ({ type: 'user_id', value });
const email = (value: string): Identifier => ({ type: 'email', value });
const event = (id: string, identifiers: readonly Identifier[], over: Partial<Event> = {}): Event => ({
  kind: 'event',
  id,
  workspace: 'w',
  source: 's',
  type: 'track',
  name: 'Seen',
  occurredAt: 7,
  receivedAt: 8,
  identifiers,
  payload: new TextEncoder().encode('{}'),
  ...over,
});
let imports = 0;
const named = (identifiers: readonly Identifier[], over: Partial<Event> = {}): Event =>
  event(`i${imports++}`, identifiers, { name: '$list:vips', ...over });
function read(harness: StageHarness, record: LogRecord): string[] {
  return harness.read(record, 1).map(({ fact }) => {
    if (fact.kind !== 'event-resolved') return fact.kind;
    return `${fact.entity.kind} ${fact.entity.id}${fact.origin === fact.entity.id ? '' : ` from ${fact.origin}`}`;
  });
}
function profileOf(harness: StageHarness, record: Event): string {
  const facts = harness.read(record, 1).map(({ fact }) => fact);
  return facts.find((fact): fact is EventResolved => fact.kind === 'event-resolved')!.entity.id;
}
const match = (harness: StageHarness, identifiers: readonly Identifier[], of = 'profile') =>
  (harness.answer({ kind: 'match', of, workspace: 'w', identifiers }) as MatchAnswer).matches;

describe('an import of a static list', () => {
  it('goes to the profile that has the identifier, in any spelling, and creates and links nobody', () => {
    const harness = stageHarness(identityBinding, { partitions: 4 });
    const p = profileOf(harness, event('m1', [email('a@x.org')]));
    expect(read(harness, named([email(' A@X.org')]))).toEqual([`profile ${p}`]);
    expect(read(harness, named([email('none@x.org')]))).toEqual([]);
    expect(read(harness, named([email('a@x.org'), user('u')]))).toEqual([`profile ${p}`]);
    expect(match(harness, [user('u')])).toEqual([{ why: 'unknown' }]);
    expect(read(harness, named([]))).toEqual([]);
  });

  it('goes to the survivor of a merge, with the origin that a split needs', () => {
    const harness = stageHarness(identityBinding, { partitions: 4 });
    const older = profileOf(harness, event('m1', [user('u')]));
    const younger = profileOf(harness, event('m2', [email('a@x.org')]));
    harness.read(event('m3', [user('u'), email('a@x.org')]), 1);
    expect(read(harness, named([email('a@x.org')]))).toEqual([`profile ${older} from ${younger}`]);
    expect(read(harness, named([{ type: 'profile_id', value: younger }]))).toEqual([
      `profile ${older} from ${younger}`,
    ]);
    expect(read(harness, named([{ type: 'profile_id', value: 'none' }]))).toEqual([]);
  });

  it('goes to the account of a group id that is known, and to no profile', () => {
    const harness = stageHarness(identityBinding, { partitions: 4 });
    harness.read(event('m1', [user('u')], { type: 'group', name: 'group', groupId: 'acme' }), 1);
    const [{ id }] = match(harness, [{ type: 'group_id', value: 'acme' }], 'account') as [{ id: string }];
    expect(read(harness, named([], { groupId: 'acme' }))).toEqual([`account ${id}`]);
    expect(read(harness, named([], { groupId: 'other' }))).toEqual([]);
  });

  it('counts once, however often it comes', () => {
    const harness = stageHarness(identityBinding, { partitions: 4 });
    const p = profileOf(harness, event('m1', [user('u')]));
    const twice = named([user('u')]);
    expect([read(harness, twice), read(harness, twice)]).toEqual([[`profile ${p}`], []]);
  });
});

describe('the question whom identifiers match', () => {
  it('is answered with the live profile, or with why nobody is meant', () => {
    const harness = stageHarness(identityBinding, { partitions: 4 });
    const p = profileOf(harness, event('m1', [user('u'), email('a@x.org')]));
    const asked = [
      user('u'),
      email(' A@x.org '),
      { type: 'profile_id', value: p },
      { type: 'profile_id', value: 'none' },
      user('other'),
      user('null'),
      { type: 'phone', value: 'call me' },
      user('x'.repeat(513)),
      { type: 'shoe_size', value: '44' },
    ];
    expect(match(harness, asked)).toEqual([
      ...[{ id: p }, { id: p }, { id: p }],
      ...['unknown', 'unknown', 'blocked', 'malformed', 'too-long', 'unknown-type'].map((why) => ({ why })),
    ]);
  });

  it('is answered for accounts too, with their group ids', () => {
    const harness = stageHarness(identityBinding, { partitions: 4 });
    harness.read(event('m1', [user('u')], { type: 'group', name: 'group', groupId: 'acme' }), 1);
    const ids = ['acme', 'umbrella', 'null', 'x'.repeat(513)].map((value) => ({ type: 'group_id', value }));
    const [acme, ...others] = match(harness, [...ids, user('u')], 'account');
    expect(acme).toMatchObject({ groupId: 'acme' });
    expect(others).toEqual(['unknown', 'blocked', 'too-long', 'unknown-type'].map((why) => ({ why })));
    const byId = { type: 'account_id', value: (acme as { id: string }).id };
    expect(match(harness, [byId], 'account')).toEqual([acme]);
  });

  it('is refused in another form, and with too many identifiers', () => {
    const harness = stageHarness(identityBinding, { partitions: 4 });
    const ask = (more: object) => () => harness.answer({ kind: 'match', workspace: 'w', ...more });
    const many = Array.from({ length: 1_001 }, () => user('u'));
    for (const wrong of [{ of: 'other', identifiers: [] }, { of: 'profile' }, { of: 'profile', identifiers: [7] }]) {
      expect(ask(wrong)).toThrow('match takes');
    }
    expect(ask({ of: 'profile', identifiers: many })).toThrow('match takes');
  });
});
