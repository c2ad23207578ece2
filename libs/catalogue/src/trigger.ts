/** Checks one trigger definition beyond its shape and turns it into what it means. */
import { isJsonObject, type ParsedCondition, parseCondition } from '@attrium/condition';
import { readDuration } from './attribute.js';
import type { Frequency, WebhookDestination } from './compiled.js';
import { checkPurpose } from './consent.js';
import type { TriggerDefinition } from './definitions.js';
import { type Report, reportIssues, reportNotSupported } from './fault.js';
import type { Names } from './names.js';
import { type TriggerInput, triggerSchema } from './schema.js';
import { readWhen } from './trigger-when.js';

/** Words of later releases, told apart from typing mistakes. */
const LATER_TRIGGER_KEYS = ['delay', 'wait_for'];
const LATER_WHEN_KEYS = ['event', 'in'];

/** The definition; its faults are reported, and then it may be incomplete or undefined. */
export function readTrigger(json: unknown, path: string, names: Names, report: Report): TriggerDefinition | undefined {
  const later = { found: false };
  let known = withoutLater(json, LATER_TRIGGER_KEYS, path, report, later);
  if (isJsonObject(known) && isJsonObject(known.when)) {
    known = { ...known, when: withoutLater(known.when, LATER_WHEN_KEYS, `${path}.when`, report, later) };
  }
  const parsed = triggerSchema.safeParse(known, { reportInput: true });
  if (!parsed.success) {
    reportIssues(report, path, parsed.error.issues);
    return undefined;
  }
  const input = parsed.data;
  const condition = input.if === undefined ? undefined : readEntityCondition(input.if, `${path}.if`, names, report);
  const when = later.found ? undefined : readWhen(input.when, `${path}.when`, names, report);
  const frequency = readFrequency(input.frequency, `${path}.frequency`, names, report);
  for (const [index, name] of (input.payload ?? []).entries()) {
    checkAttribute(name, `${path}.payload[${index}]`, names, report);
  }
  const deliver = readDeliver(input.deliver, `${path}.deliver`, report);
  const about = readPurpose(input, path, names, report);
  if (when === undefined) return undefined;
  const { name, payload = [] } = input;
  const onBackfill = input.on_backfill === true ? { onBackfill: true as const } : {};
  const head = { name, paused: input.state === 'paused', ...onBackfill };
  return { ...head, when, condition, ...about, frequency, payload, ...deliver };
}

/** Nothing where it names no purpose, so that what releases knew before stays as it is. */
function readPurpose(
  { purpose, channel }: TriggerInput,
  path: string,
  names: Names,
  report: Report,
): Pick<TriggerDefinition, 'purpose' | 'channel'> {
  if (purpose === undefined) {
    if (channel !== undefined) report(`${path}.channel`, 'conflicting_keys', 'channel goes together with purpose');
    return {};
  }
  checkPurpose({ purpose, channel }, path, names.consent, report);
  return { purpose, ...(channel === undefined ? {} : { channel }) };
}

function withoutLater(
  json: unknown,
  words: readonly string[],
  path: string,
  report: Report,
  later: { found: boolean },
): unknown {
  if (!isJsonObject(json) || !words.some((word) => Object.hasOwn(json, word))) return json;
  later.found = true;
  for (const word of words) {
    if (Object.hasOwn(json, word)) reportNotSupported(report, `${path}.${word}`, `${word} in triggers`);
  }
  return Object.fromEntries(Object.entries(json).filter(([key]) => !words.includes(key)));
}

/** A condition over profiles, with names and types checked against the catalogue. */
export function readEntityCondition(
  json: unknown,
  path: string,
  scope: Names,
  report: Report,
): ParsedCondition | undefined {
  const outcome = parseCondition(json, { over: 'entity', path, scope });
  if (outcome.kind === 'valid') return outcome.condition;
  for (const fault of outcome.faults) report(fault.path, fault.code, fault.message);
  return undefined;
}

function checkAttribute(name: string, path: string, names: Names, report: Report): void {
  if (!names.attributes.has(name)) report(path, 'unknown_attribute', `there is no attribute ${name}`);
}

function readFrequency(input: TriggerInput['frequency'], path: string, names: Names, report: Report): Frequency {
  if (input === 'every' || input === 'once') return { kind: input };
  const { key } = input;
  if (key !== undefined) checkAttribute(key, `${path}.key`, names, report);
  if ('once' in input) return { kind: 'once', key };
  return { kind: 'once_per', periodMs: readDuration(input.once_per, `${path}.once_per`, report) ?? 0, key };
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
