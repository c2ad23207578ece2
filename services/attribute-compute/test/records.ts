/** Builds the records that tests of this stage feed it. */
import {
  type AttributesChanged,
  type CatalogueActivated,
  type Entity,
  type Event,
  type EventResolved,
  type EventType,
  type Identifier,
  type LogRecord,
  type ProfilesMerged,
  partitionOf,
  Timestamp,
  type Value,
} from '@attrium/event';

/** 2026-01-01 UTC: tests count their times from here. */
export const T0 = 1_767_225_600_000;
export const WORKSPACE = 'shop';

/** A profile whose id lies in a partition. */
export function profileIn(partition: number, ordinal: number, partitions = 4): Entity {
  for (let attempt = 0; ; attempt++) {
    const id = `p${ordinal}-${attempt}`;
    if (partitionOf(id, partitions) === partition) return { workspace: WORKSPACE, kind: 'profile', id, ordinal };
  }
}

export const encodeText = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));

export function catalogueRecord(attributes: readonly unknown[], revision = 1, more: object = {}): CatalogueActivated {
  const catalogue = { attributes, segments: [], triggers: [], ...more };
  return {
    kind: 'catalogue-activated',
    id: `catalogue-${revision}`,
    workspace: WORKSPACE,
    revision,
    author: 'test',
    activatedAt: T0,
    catalogue: encodeText(JSON.stringify(catalogue)),
  };
}

export interface EventOptions {
  readonly id: string;
  readonly type?: EventType;
  readonly name?: string;
  readonly at: number;
  readonly source?: string;
  readonly identifiers?: readonly Identifier[];
  /** The payload, as JSON or as its text. */
  readonly payload?: unknown;
}

export function resolved(entity: Entity, options: EventOptions): EventResolved {
  const { id, type = 'track', name = type, at, source = 'web', identifiers = [], payload = {} } = options;
  const event: Event = {
    kind: 'event',
    id,
    workspace: entity.workspace,
    source,
    type,
    name,
    occurredAt: at,
    receivedAt: at,
    identifiers,
    payload: encodeText(typeof payload === 'string' ? payload : JSON.stringify(payload)),
  };
  return { kind: 'event-resolved', id: `r-${id}`, entity, origin: entity.id, event };
}

export function merged(mergeId: string, survivor: Entity, loser: Entity, occurredAt: number): ProfilesMerged {
  return {
    kind: 'profiles-merged',
    id: `fact-${mergeId}`,
    mergeId,
    survivor,
    loser,
    identifiers: [],
    cause: 'event',
    occurredAt,
  };
}

/** A value as tests write it. */
export function plain(value: Value | undefined): unknown {
  if (value instanceof Timestamp) return { ms: value.ms };
  return typeof value === 'object' && !Array.isArray(value) ? String(value) : value;
}

export function isChange(record: LogRecord): record is AttributesChanged {
  return record.kind === 'attributes-changed';
}

/** The changes of a list of facts: name, before, after. */
export function changesIn(facts: readonly { readonly fact: LogRecord }[]): unknown[] {
  return facts
    .map(({ fact }) => fact)
    .filter(isChange)
    .flatMap(({ changes }) => changes.map(({ name, before, after }) => [name, plain(before), plain(after)]));
}
