import type { CatalogueActivated, Entity, LogRecord, NamedValue, SegmentChanged } from '@attrium/event';
import { type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { journeyTriggerBinding } from './stage.js';

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 5_000_000_001 };
const consent = {
  purposes: [{ name: 'marketing', default: 'granted' }, { name: 'service' }],
  channels: ['email'],
  quiet_hours: { from: '00:30', to: '00:31', time_zone: { attribute: 'zone' }, purposes: ['marketing'] },
};
/** 00:30 of the first of January 1970, UTC. */
const QUIET_MS = 30 * 60_000;

function activate(revision: number, triggers: unknown[], section: object = consent): CatalogueActivated {
  const attributes = ['zone', 'plan'].map((name) => ({ name, kind: 'user', type: 'string', from: [{ trait: name }] }));
  const catalogue = new TextEncoder().encode(JSON.stringify({ attributes, consent: section, triggers }));
  const head = { kind: 'catalogue-activated', id: `c${revision}`, workspace: 'shop', author: 'a' } as const;
  return { ...head, revision, activatedAt: 1, catalogue };
}

const trigger = (over: object = {}): unknown => ({
  name: 't',
  when: { attribute: 'plan', changes: true },
  purpose: 'marketing',
  channel: 'email',
  frequency: 'once',
  payload: ['plan'],
  deliver: [{ stream: true }],
  ...over,
});

let ids = 0;
function changed(at: number, values: Record<string, NamedValue['value']>): SegmentChanged {
  const none = { entered: [], exited: [], corrected: [], memberships: [], identifiers: [] };
  return {
    kind: 'segment-changed',
    id: `s${++ids}`,
    entity: ann,
    effectiveAt: at,
    recordedAt: at,
    reason: 'event',
    cause: `e${ids}`,
    revision: 1,
    ...none,
    changes: [{ name: 'plan', after: 'pro' }],
    values: Object.entries(values).map(([name, value]) => ({ name, value })),
  };
}

function open(...triggers: unknown[]): StageHarness {
  const harness = stageHarness(journeyTriggerBinding, { partitions: 1 });
  harness.read(activate(1, triggers), 0);
  return harness;
}

const said = (facts: readonly { readonly fact: LogRecord }[]): string[] =>
  facts.map(({ fact }) => {
    if (fact.kind === 'firing-suppressed') return `suppressed: ${fact.why}`;
    return fact.kind === 'trigger-fired' ? 'fired' : fact.kind;
  });

describe('a trigger of a purpose', () => {
  it('fires with consent only, and what it did not fire for does not count as a firing', () => {
    const harness = open(trigger());
    expect(said(harness.read(changed(10, { '$consent.marketing.email': false }), 10))).toEqual(['suppressed: consent']);
    expect(said(harness.read(changed(20, { '$consent.marketing': true }), 20))).toEqual(['fired']);
    expect(said(harness.read(changed(30, {}), 30))).toEqual(['suppressed: frequency']);
    // It would not have fired anyway.
    expect(said(harness.read(changed(40, { '$consent.marketing': false }), 40))).toEqual(['suppressed: frequency']);
  });

  it('tells what decided: the statements, beside what the firing would have carried', () => {
    const harness = open(trigger());
    const values = { plan: 'pro', '$consent.marketing.email': false, '$consent.marketing': true, other: 1 };
    const [emitted] = harness.read(changed(10, values), 10);
    expect(emitted!.fact).toMatchObject({
      kind: 'firing-suppressed',
      why: 'consent',
      values: [
        { name: 'plan', value: 'pro' },
        { name: '$consent.marketing.email', value: false },
        { name: '$consent.marketing', value: true },
      ],
    });
    const [fired] = harness.read(changed(20, { ...values, '$consent.marketing.email': true }), 20);
    expect(fired!.fact).toMatchObject({ kind: 'trigger-fired', values: [{ name: 'plan', value: 'pro' }] });
  });

  it('keeps to the default of its purpose where nothing was stated, and a new default holds at once', () => {
    const harness = open(
      trigger({ frequency: 'every' }),
      trigger({ name: 'u', purpose: 'service', channel: undefined }),
    );
    expect(said(harness.read(changed(10, {}), 10))).toEqual(['fired', 'suppressed: consent']);
    const section = { ...consent, purposes: [{ name: 'marketing' }, { name: 'service', default: 'granted' }] };
    harness.read(
      activate(2, [trigger({ frequency: 'every' }), trigger({ name: 'u', purpose: 'service' })], section),
      20,
    );
    expect(said(harness.read(changed(30, {}), 30))).toEqual(['suppressed: consent', 'fired']);
  });

  it('keeps quiet by the log time of the decision, in the zone of the profile', () => {
    const harness = open(trigger({ frequency: 'every' }));
    expect(said(harness.read(changed(QUIET_MS - 1, {}), QUIET_MS - 1))).toEqual(['fired']);
    expect(said(harness.read(changed(QUIET_MS, { zone: 'Europe/Berlin' }), QUIET_MS))).toEqual(['fired']);
    // The change was recorded before they began, and is decided within them.
    const [emitted] = harness.read(changed(QUIET_MS - 1, { zone: 'UTC' }), QUIET_MS);
    expect(emitted!.fact).toMatchObject({ why: 'quiet_hours', values: [{ name: 'zone', value: 'UTC' }] });
    expect(said(harness.read(changed(QUIET_MS + 60_000, {}), QUIET_MS + 60_000))).toEqual(['fired']);
  });

  it('asks for its condition first', () => {
    const harness = open(trigger({ if: { attribute: 'plan', equals: 'free' } }));
    const withdrawn = { plan: 'pro', '$consent.marketing': false };
    expect(said(harness.read(changed(10, withdrawn), 10))).toEqual(['suppressed: condition']);
  });
});
