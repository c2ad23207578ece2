/** A firing that somebody asks for to try a receiver: as a real one of this trigger would look, marked, and with nothing behind it. */
import type { CompiledTrigger, TriggerWhen } from '@attrium/catalogue';
import type { Identifier } from '@attrium/event';
import type { FiringJson, FiringOn, JsonValue } from './firing-json.js';
import { FIRING_SCHEMA_VERSION } from './firing-schema.js';

export interface TestAsked {
  readonly id: string;
  readonly workspace: string;
  readonly revision: number;
  readonly trigger: CompiledTrigger;
  readonly profileId: string;
  readonly identifiers: readonly Identifier[];
  /** Of the profile, by name; only those that the trigger carries are taken. */
  readonly attributes: Readonly<Record<string, JsonValue>>;
  readonly now: number;
}

export function testFiring(asked: TestAsked): FiringJson {
  const { id, workspace, revision, trigger, profileId, identifiers, attributes, now } = asked;
  const at = new Date(now).toISOString();
  const carried = trigger.payload.flatMap((name) => {
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    schemaVersion: FIRING_SCHEMA_VERSION,
    ...{ id, workspace, trigger: trigger.name, revision, profileId, identifiers },
    on: onOf(trigger.when, attributes, at),
    ...{ effectiveAt: at, recordedAt: at, reason: 'event', cause: 'test' },
    attributes: Object.fromEntries(carried),
    test: true,
  };
}

function onOf(when: TriggerWhen, attributes: TestAsked['attributes'], at: string): FiringOn {
  if (when.kind === 'segment') {
    const { segment, enters, exits } = when;
    const kind = enters ? 'segment-entered' : exits ? 'segment-exited' : 'segment-present';
    return { kind, segment, at };
  }
  if (when.kind === 'schedule') {
    const { segment, schedule } = when;
    return { kind: 'schedule-reached', segment, at, day: at.slice(0, 10), timeZone: schedule.zone };
  }
  if (when.kind === 'event') {
    return { kind: 'event-occurred', event: when.event, eventId: 'test', at, properties: {} };
  }
  const { attribute } = when;
  const after = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
  return { kind: 'attribute-changed', attribute, ...(after === undefined ? {} : { after }) };
}
