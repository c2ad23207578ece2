/** Checks one trigger definition beyond its shape and turns it into what it means. */
import { readsOf } from '@attrium/condition';
import { readDuration } from './attribute.js';
import { readPath } from './attribute-source.js';
import type { Frequency, TriggerWhen, WebhookDestination } from './compiled.js';
import { checkPurpose } from './consent.js';
import type { DefinitionKind, TriggerDefinition } from './definitions.js';
import { readEntityCondition } from './entity-condition.js';
import { type Report, reportIssues } from './fault.js';
import { type Names, reportOtherKind } from './names.js';
import { type TriggerInput, triggerSchema } from './schema.js';
import { readWaiting } from './trigger-wait.js';
import { readWhen } from './trigger-when.js';

/** The definition; its faults are reported, and then it may be incomplete or undefined. */
export function readTrigger(json: unknown, path: string, names: Names, report: Report): TriggerDefinition | undefined {
  const parsed = triggerSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) {
    reportIssues(report, path, parsed.error.issues);
    return undefined;
  }
  const input = parsed.data;
  const condition = input.if === undefined ? undefined : readEntityCondition(input.if, `${path}.if`, names, report);
  const when = readWhen(input.when, `${path}.when`, names, report);
  const frequency = readFrequency(input, path, names, report);
  const waits = readWaiting(input, path, names, report);
  const properties = readProperties(input, path, report);
  for (const [index, name] of (input.payload ?? []).entries()) {
    checkAttribute(name, `${path}.payload[${index}]`, names, report);
  }
  const deliver = readDeliver(input.deliver, `${path}.deliver`, report);
  const about = readPurpose(input, path, names, report);
  if (when === undefined) return undefined;
  const { name, payload = [] } = input;
  const of = kindOf(when, names);
  checkKind({ of, input, condition, waits, frequency }, path, names, report);
  const [paused, archived] = [input.state !== 'active', input.state === 'archived'];
  const onBackfill = input.on_backfill === true ? { onBackfill: true as const } : {};
  const head = { name, of, paused, archived, ...onBackfill };
  return { ...head, when, waits, condition, ...about, frequency, payload, properties, ...deliver };
}

/** A trigger is of the kind of what it watches; events are watched of users. */
function kindOf(when: TriggerWhen, names: Names): DefinitionKind {
  if (when.kind === 'event') return 'user';
  const kind =
    when.kind === 'attribute' ? names.attributeKinds.get(when.attribute) : names.segmentKinds.get(when.segment);
  return kind ?? 'user';
}

type Kinded = Pick<TriggerDefinition, 'of' | 'condition' | 'waits' | 'frequency'> & { readonly input: TriggerInput };

/** What a trigger reads is of its own kind. */
function checkKind(
  { of, input, condition, waits, frequency }: Kinded,
  path: string,
  names: Names,
  report: Report,
): void {
  if (condition !== undefined) reportOtherKind(names, of, readsOf(condition), `${path}.if`, report);
  if (waits?.kind === 'condition') {
    reportOtherKind(names, of, readsOf(waits.condition), `${path}.wait_for.condition`, report);
  }
  reportOtherKind(names, of, { attributes: input.payload ?? [] }, `${path}.payload`, report);
  const zone = input.when.schedule?.time_zone;
  const zones = typeof zone === 'object' ? [zone.attribute] : [];
  reportOtherKind(names, of, { attributes: zones }, `${path}.when.schedule.time_zone.attribute`, report);
  const keys = frequency.kind === 'every' || frequency.key === undefined ? [] : [frequency.key];
  reportOtherKind(names, of, { attributes: keys }, `${path}.frequency.key`, report);
  if (of !== 'user' && input.purpose !== undefined) {
    report(`${path}.purpose`, 'other_kind', 'consent is given by users, and this is of kind account');
  }
}

/** Nothing where it names no purpose, so that what releases knew before stays as it is. */
function readPurpose(
  { purpose, channel, on_quiet: onQuiet, recheck }: TriggerInput,
  path: string,
  names: Names,
  report: Report,
): Pick<TriggerDefinition, 'purpose' | 'channel' | 'onQuiet' | 'recheck'> {
  if (purpose === undefined) {
    if (onQuiet !== undefined) report(`${path}.on_quiet`, 'conflicting_keys', 'on_quiet goes together with purpose');
    if (channel !== undefined) report(`${path}.channel`, 'conflicting_keys', 'channel goes together with purpose');
    return {};
  }
  checkPurpose({ purpose, channel }, path, names.consent, report);
  return {
    purpose,
    ...(channel === undefined ? {} : { channel }),
    ...(onQuiet === undefined ? {} : { onQuiet }),
    ...(onQuiet === 'defer' && recheck !== undefined ? { recheck } : {}),
  };
}

function checkAttribute(name: string, path: string, names: Names, report: Report): void {
  if (!names.attributes.has(name)) report(path, 'unknown_attribute', `there is no attribute ${name}`);
}

function readFrequency(
  { frequency: input, when }: TriggerInput,
  path: string,
  names: Names,
  report: Report,
): Frequency {
  const at = `${path}.frequency`;
  if (input === 'every' || input === 'once') return { kind: input };
  const key = typeof input.key === 'string' ? input.key : undefined;
  const property = typeof input.key === 'object' ? input.key.property : undefined;
  if (key !== undefined) checkAttribute(key, `${at}.key`, names, report);
  if (property !== undefined) {
    if (when.event === undefined) {
      report(`${at}.key.property`, 'conflicting_keys', 'a key of a property goes together with when: { event: … }');
    }
    readPath(property, `${at}.key.property`, report);
  }
  const keyed = property === undefined ? { key } : { property };
  if ('once' in input) return { kind: 'once', ...keyed };
  return { kind: 'once_per', periodMs: readDuration(input.once_per, `${at}.once_per`, report) ?? 0, ...keyed };
}

function readProperties({ properties = [], when }: TriggerInput, path: string, report: Report): readonly string[] {
  if (properties.length > 0 && when.event === undefined) {
    report(`${path}.properties`, 'conflicting_keys', 'properties go together with when: { event: … }');
  }
  for (const [index, name] of properties.entries()) readPath(name, `${path}.properties[${index}]`, report);
  return properties;
}

function readDeliver(
  input: TriggerInput['deliver'],
  path: string,
  report: Report,
): { readonly webhooks: readonly WebhookDestination[]; readonly stream: boolean } {
  const webhooks: WebhookDestination[] = [];
  let stream = false;
  for (const [index, destination] of input.entries()) {
    const at = `${path}[${index}]`;
    const { webhook, secret } = destination;
    if ((webhook === undefined) === (destination.stream === undefined)) {
      const code = webhook === undefined ? 'missing_key' : 'conflicting_keys';
      report(at, code, 'a destination is either a webhook or stream: true');
    } else if (webhook === undefined) {
      for (const key of ['secret', 'at_once', 'per_second'] as const) {
        if (destination[key] === undefined) continue;
        report(`${at}.${key}`, 'conflicting_keys', `${key} goes together with webhook`);
      }
      stream = true;
    } else if (webhooks.some(({ url }) => url === webhook)) {
      report(`${at}.webhook`, 'duplicate_name', 'this webhook is already a destination of this trigger');
    } else {
      webhooks.push({ url: webhook, secret, atOnce: destination.at_once, perSecond: destination.per_second });
    }
  }
  return { webhooks, stream };
}
