/** Arbitrary records of every kind, for property tests. */
import {
  BACKFILL_ORDERS,
  CHANGE_REASONS,
  DELIVERY_OUTCOMES,
  Decimal,
  type Entity,
  EVENT_TYPES,
  type Identifier,
  type LogRecord,
  QUARANTINE_DECISIONS,
  REFUSAL_REASONS,
  type RecordKind,
  SUPPRESSION_REASONS,
  Timestamp,
  type Value,
  WAIT_OUTCOMES,
} from '@attrium/event';
import fc from 'fast-check';

/** Short ASCII, any Unicode, text with a byte order mark, and text whose length takes two and three bytes. */
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  fc.constantFrom('', '\ufeffmark', 'größe', '年齢', '😀'.repeat(11), 'x'.repeat(127), 'é'.repeat(64), 'y'.repeat(128)),
  fc.constantFrom('z'.repeat(16_383), '年'.repeat(5_462)),
);
const bytes = fc.uint8Array({ maxLength: 200 });
const time = fc.oneof(
  fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }),
  fc.maxSafeInteger(),
  fc.constant(0),
);
const count = fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.constant(0));
const small = fc.oneof(fc.nat(), fc.constant(0), fc.constant(2 ** 32 - 1));
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const few = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 4 });

export const anyValue: fc.Arbitrary<Value> = fc.oneof(
  text,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 0.1, -1, Number.MAX_VALUE, Number.MIN_VALUE),
  fc.boolean(),
  time.map((ms) => new Timestamp(ms)),
  fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }).map((units) => new Decimal(units)),
  few(text),
);

const identifier: fc.Arbitrary<Identifier> = fc.record({ type: text, value: text });
const entity: fc.Arbitrary<Entity> = fc.record({
  workspace: text,
  kind: fc.constantFrom('profile', 'account'),
  id: text,
  ordinal: count,
});
const reason = fc.constantFrom(...CHANGE_REASONS);
const membership = fc.record({ segment: text, at: time });
const change = fc.record({ name: text, before: maybe(anyValue), after: maybe(anyValue) });
const namedValue = fc.record({ name: text, value: anyValue });
const occurrence = fc.record({ segment: text, at: time, day: text, timeZone: text });
const on = fc.oneof(
  fc.record({ kind: fc.constantFrom('segment-entered' as const, 'segment-exited' as const), segment: text, at: time }),
  fc.record({ kind: fc.constant('segment-present' as const), segment: text, at: time }),
  fc.record({ kind: fc.constant('attribute-changed' as const), change }),
  fc.record({
    kind: fc.constant('event-occurred' as const),
    event: fc.record({ id: text, name: text, occurredAt: time, properties: few(namedValue) }),
  }),
  fc.record({ kind: fc.constant('schedule-reached' as const), occurrence }),
);
const outcome = maybe(fc.constantFrom(...WAIT_OUTCOMES));
const event = fc.record({
  kind: fc.constant('event' as const),
  id: text,
  workspace: text,
  source: text,
  type: fc.constantFrom(...EVENT_TYPES),
  name: text,
  occurredAt: time,
  receivedAt: time,
  statedAt: maybe(time),
  identifiers: few(identifier),
  previous: maybe(identifier),
  groupId: maybe(text),
  payload: bytes,
});
/** Of history: what no reducer reads is not written. */
const seededEvent = event.map((each) => ({
  ...each,
  receivedAt: 0,
  statedAt: undefined,
  previous: undefined,
}));
const stamps = { effectiveAt: time, recordedAt: time };
const decided = { entity, cause: text, revision: count, ...stamps };

type Bodies = { [K in RecordKind]: Record<string, fc.Arbitrary<unknown>> };

/** The fields of each kind, besides `kind` and `id`. */
const BODIES: Omit<Bodies, 'event'> = {
  'event-resolved': { entity, origin: text, event },
  'profile-created': { entity, cause: text, occurredAt: time },
  'identifier-linked': { entity, identifier, cause: text, occurredAt: time },
  'identifier-refused': {
    workspace: text,
    entity: maybe(entity),
    identifier,
    why: fc.constantFrom(...REFUSAL_REASONS),
    cause: text,
    occurredAt: time,
  },
  'profiles-merged': {
    mergeId: text,
    survivor: entity,
    loser: entity,
    identifiers: few(identifier),
    cause: text,
    occurredAt: time,
  },
  'account-created': { entity, groupId: text, cause: text, occurredAt: time },
  'account-linked': { entity, account: entity, cause: text, occurredAt: time },
  'account-unlinked': { entity, account: entity, cause: text, occurredAt: time, mergeId: maybe(text) },
  'member-contributed': {
    entity,
    member: entity,
    values: few(namedValue),
    mergeIds: few(text),
    left: fc.boolean(),
    mergedBy: maybe(text),
    reason,
    cause: text,
    effectiveAt: time,
  },
  'current-account-changed': { entity, account: maybe(entity), cause: text, occurredAt: time },
  'erasure-requested': { workspace: text, identifier, author: text, requestedAt: time },
  'profile-erased': { entity, former: few(entity), requestId: text, erasedAt: time },
  'identifier-quarantined': { entity, identifier, merges: small, cause: text, occurredAt: time },
  'quarantine-decided': {
    workspace: text,
    identifier,
    decision: fc.constantFrom(...QUARANTINE_DECISIONS),
    author: text,
    decidedAt: time,
  },
  'quarantine-ended': {
    entity,
    identifier,
    decision: fc.constantFrom(...QUARANTINE_DECISIONS),
    author: text,
    merged: small,
    limited: small,
    cause: text,
    occurredAt: time,
  },
  'state-transferred': {
    stage: text,
    mergeId: text,
    from: entity,
    to: entity,
    state: bytes,
    stateVersion: small,
    published: few(text),
  },
  'merge-completed': {
    entity,
    mergeIds: few(text),
    known: maybe(
      fc.record({
        recordedAt: time,
        values: few(namedValue),
        memberships: few(text),
        identifiers: few(identifier),
      }),
    ),
  },
  'attributes-changed': { ...decided, reason, changes: few(change) },
  'event-matched': {
    entity,
    definition: text,
    eventId: text,
    name: text,
    occurredAt: time,
    recordedAt: time,
    propertyValues: few(namedValue),
    values: few(namedValue),
    memberships: few(text),
    identifiers: few(identifier),
    revision: count,
  },
  'segment-changed': {
    ...decided,
    reason,
    entered: few(membership),
    exited: few(membership),
    corrected: few(fc.record({ segment: text, before: maybe(time), after: maybe(time) })),
    changes: few(change),
    values: few(namedValue),
    memberships: few(text),
    identifiers: few(identifier),
  },
  'member-found': {
    entity,
    definition: text,
    member: membership,
    activatedAt: time,
    recordedAt: time,
    revision: count,
    activatedBy: count,
    values: few(namedValue),
    memberships: few(text),
    identifiers: few(identifier),
  },
  'schedule-reached': {
    entity,
    definition: text,
    occurrence,
    recordedAt: time,
    revision: count,
    values: few(namedValue),
    memberships: few(text),
    identifiers: few(identifier),
  },
  'trigger-fired': {
    ...decided,
    trigger: text,
    reason,
    on,
    values: few(namedValue),
    identifiers: few(identifier),
    outcome,
  },
  'firing-suppressed': {
    ...decided,
    trigger: text,
    why: fc.constantFrom(...SUPPRESSION_REASONS),
    on,
    values: few(namedValue),
    memberships: few(text),
    lastFiredAt: maybe(time),
    outcome,
  },
  'delivery-attempted': {
    workspace: text,
    trigger: text,
    destination: text,
    firingId: text,
    profileId: text,
    at: time,
    latencyMs: small,
    attempt: small,
    outcome: fc.constantFrom(...DELIVERY_OUTCOMES),
    why: text,
    status: small,
    replay: text,
  },
  'catalogue-activated': {
    workspace: text,
    revision: count,
    author: text,
    activatedAt: time,
    catalogue: bytes,
    historic: fc.constantFrom(true, undefined),
    step: fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
  },
  seeded: {
    workspace: text,
    revision: count,
    after: text,
    upTo: text,
    isLast: fc.boolean(),
    events: few(fc.record({ entity, event: seededEvent })),
    keys: few(text),
    step: count,
  },
  'seed-completed': { workspace: text, revision: count, partition: small },
  'definitions-switched': { workspace: text, revision: count, page: small },
  'backfill-ordered': {
    workspace: text,
    revision: count,
    order: fc.constantFrom(...BACKFILL_ORDERS),
    author: text,
  },
  'logic-activated': { version: small },
  tick: { dueAt: time },
};

export const RECORD_KINDS = ['event', ...Object.keys(BODIES)] as readonly RecordKind[];

/** Records of one kind. */
export function anyRecordOf(kind: RecordKind): fc.Arbitrary<LogRecord> {
  if (kind === 'event') return event;
  return fc.record(
    { kind: fc.constant(kind), id: text, ...BODIES[kind] },
    { noNullPrototype: true },
  ) as unknown as fc.Arbitrary<LogRecord>;
}

export const anyRecord: fc.Arbitrary<LogRecord> = fc.oneof(...RECORD_KINDS.map(anyRecordOf));
