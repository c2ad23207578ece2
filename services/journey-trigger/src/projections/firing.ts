/** Table `firings`: one row a firing, suppressed ones too. */
import { type Cell, jsonText, type Projection } from '@attrium/clickhouse';
import { assertNever, type FiringCause, type NamedValue, type Value } from '@attrium/event';

function textOf(value: Value | undefined): string | undefined {
  return value === undefined ? undefined : jsonText(value);
}

/** on_kind, on_name, before, after. */
function causeCells(on: FiringCause): Cell[] {
  switch (on.kind) {
    case 'segment-entered':
    case 'segment-exited':
    case 'segment-present':
      return [on.kind, on.segment, undefined, undefined];
    case 'attribute-changed':
      return [on.kind, on.change.name, textOf(on.change.before), textOf(on.change.after)];
    case 'event-occurred':
      return [on.kind, on.event.name, undefined, undefined];
    case 'schedule-reached':
      return [on.kind, on.occurrence.segment, undefined, undefined];
    default:
      return assertNever(on);
  }
}

/** Of an event those that the trigger names; of a schedule the local date and the zone. */
function propertiesOf(on: FiringCause): readonly NamedValue[] {
  if (on.kind === 'event-occurred') return on.event.properties;
  if (on.kind !== 'schedule-reached') return [];
  const { day, timeZone } = on.occurrence;
  return [
    { name: 'day', value: day },
    { name: 'time_zone', value: timeZone },
  ];
}

export const firings: Projection = {
  table: 'firings',
  profileColumns: ['profile_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'trigger', type: 'name' },
    { name: 'profile_id', type: 'text' },
    { name: 'kind', type: 'name' },
    { name: 'firing_id', type: 'text' },
    { name: 'outcome', type: 'name' },
    { name: 'suppressed_by', type: 'name' },
    { name: 'effective_at', type: 'time' },
    { name: 'recorded_at', type: 'time' },
    { name: 'reason', type: 'name' },
    { name: 'cause', type: 'text' },
    { name: 'revision', type: 'number' },
    { name: 'on_kind', type: 'name' },
    { name: 'on_name', type: 'name' },
    { name: 'before', type: 'text?' },
    { name: 'after', type: 'text?' },
    { name: 'values.name', type: 'names' },
    { name: 'values.value', type: 'texts' },
    { name: 'identifiers.type', type: 'names' },
    { name: 'identifiers.value', type: 'texts' },
    { name: 'memberships', type: 'names' },
    { name: 'last_fired_at', type: 'time?' },
    { name: 'wait_outcome', type: 'name' },
    { name: 'properties.name', type: 'names' },
    { name: 'properties.value', type: 'texts' },
  ],
  project: (record) => {
    if (record.kind !== 'trigger-fired' && record.kind !== 'firing-suppressed') return undefined;
    const fired = record.kind === 'trigger-fired' ? record : undefined;
    const { entity } = record;
    const suppressed = record.kind === 'firing-suppressed' ? record : undefined;
    const { values, on } = record;
    const properties = propertiesOf(on);
    const identifiers = fired?.identifiers ?? [];
    return [
      [
        entity.workspace,
        record.trigger,
        entity.id,
        entity.kind,
        record.id,
        fired === undefined ? 'suppressed' : 'fired',
        suppressed?.why ?? '',
        record.effectiveAt,
        record.recordedAt,
        fired?.reason ?? '',
        record.cause,
        record.revision,
        ...causeCells(on),
        values.map((entry) => entry.name),
        values.map((entry) => jsonText(entry.value)),
        identifiers.map((identifier) => identifier.type),
        identifiers.map((identifier) => identifier.value),
        suppressed?.memberships ?? [],
        suppressed?.lastFiredAt,
        record.outcome ?? '',
        properties.map((entry) => entry.name),
        properties.map((entry) => jsonText(entry.value)),
      ],
    ];
  },
};
