/** Event attributes: one name and type for what several events and sources call differently. */
import { type EventAttribute, type EventField, isJsonObject } from '@attrium/condition';
import { readSource } from './attribute-source.js';
import { type Report, reportIssues } from './fault.js';
import { attributeSchema } from './schema.js';

export function isEventAttribute(json: unknown): boolean {
  return isJsonObject(json) && json.kind === 'event';
}

/** By name; `faulty` where the definition has faults, which are reported: each use of the name is not another fault. */
export type EventAttributes = ReadonlyMap<string, EventAttribute | 'faulty'>;

export function readEventAttributes(attributes: readonly unknown[], report: Report): EventAttributes {
  const read = new Map<string, EventAttribute | 'faulty'>();
  for (const [index, json] of attributes.entries()) {
    if (!isEventAttribute(json)) continue;
    const { name } = json as { readonly name?: unknown };
    if (typeof name === 'string') read.set(name, 'faulty');
    const attribute = readEventAttribute(json, `attributes[${index}]`, report);
    if (attribute !== undefined) read.set(attribute.name, attribute);
  }
  return read;
}

function readEventAttribute(json: unknown, path: string, report: Report): EventAttribute | undefined {
  const parsed = attributeSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) {
    reportIssues(report, path, parsed.error.issues);
    return undefined;
  }
  const { name, type, from, compute, merge, visibility } = parsed.data;
  const refuse = (key: string, message: string): void => report(`${path}.${key}`, 'conflicting_keys', message);
  if (compute !== undefined)
    refuse('compute', 'an event attribute is a field of one event: it has from, and no compute');
  if (merge !== undefined) refuse('merge', 'an event attribute is of one event: there is nothing to merge');
  if (visibility === 'hidden') refuse('visibility', 'an event attribute is no value of a profile: it is shown nowhere');
  if (from === undefined) {
    report(path, 'missing_key', 'an event attribute has from: the properties that it is taken from');
    return undefined;
  }
  const fields: EventField[] = [];
  for (const [index, input] of from.entries()) {
    const at = `${path}.from[${index}]`;
    const source = readSource(input, at, report);
    if (source.kind === 'trait')
      report(`${at}.trait`, 'not_here', 'an event attribute is taken from properties, not from traits');
    fields.push({
      path: source.path,
      ...(source.event === undefined ? {} : { event: source.event }),
      ...(source.source === undefined ? {} : { source: source.source }),
    });
  }
  return { kind: 'event_attribute', name, type, from: fields };
}
