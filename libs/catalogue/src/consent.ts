/** Checks the section `consent` beyond its shape and turns it into what it means, and what triggers ask of it. */
import { isJsonObject, pathOfText } from '@attrium/condition';
import type { CompiledAttribute } from './compiled.js';
import {
  CONSENT_EVENT,
  type ConsentDefinition,
  type ConsentRule,
  type ConsentSource,
  consentAttribute,
  EVERY_CHANNEL,
  type OnQuiet,
  type PurposeDefinition,
  type QuietHours,
  type QuietHoursDefinition,
  WHOLE_PURPOSE,
} from './consent-definition.js';
import { type ConsentInput, consentSchema, type ZoneInput } from './consent-schema.js';
import { type Report, reportIssues } from './fault.js';
import { type ConsentNames, checkName, type Names } from './names.js';
import { isTimeZone } from './time-zone.js';

/** The section; undefined where there is none. Its faults are reported, and then it may be undefined too. */
export function readConsent(
  json: unknown,
  path: string,
  names: Pick<Names, 'attributes' | 'consent'>,
  report: Report,
): ConsentDefinition | undefined {
  if (json === undefined || json === null) return undefined;
  if (!isJsonObject(json)) {
    report(path, 'wrong_type', 'consent is an object of purposes, channels, from and quiet_hours');
    return undefined;
  }
  const parsed = consentSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) {
    reportIssues(report, path, parsed.error.issues);
    return undefined;
  }
  const { purposes, channels, from, quiet_hours: quiet } = parsed.data;
  const taken = new Set<string>();
  for (const [index, { name }] of purposes.entries()) checkName(name, `${path}.purposes[${index}].name`, taken, report);
  const takenChannels = new Set<string>();
  for (const [index, name] of channels.entries()) checkName(name, `${path}.channels[${index}]`, takenChannels, report);
  const read: PurposeDefinition[] = purposes.map((each) => ({ name: each.name, granted: each.default === 'granted' }));
  const quietHours = quiet === undefined ? undefined : readQuietHours(quiet, `${path}.quiet_hours`, names, report);
  return {
    purposes: read,
    channels,
    from: from.flatMap((source, index) => readSource(source, `${path}.from[${index}]`, names.consent, report)),
    ...(quietHours === undefined ? {} : { quietHours }),
  };
}

/** Reports a purpose or a channel that the section does not name. */
export function checkPurpose(
  { purpose, channel }: { readonly purpose: string; readonly channel?: string | undefined },
  path: string,
  { purposes, channels }: ConsentNames,
  report: Report,
): void {
  if (!purposes.has(purpose)) {
    report(`${path}.purpose`, 'unknown_purpose', `consent.purposes has no ${purpose}`);
  }
  if (channel !== undefined && !channels.has(channel)) {
    report(`${path}.channel`, 'unknown_channel', `consent.channels has no ${channel}`);
  }
}

function readSource(
  { trait, purpose, channel }: ConsentInput['from'][number],
  path: string,
  names: ConsentNames,
  report: Report,
): ConsentSource[] {
  checkPurpose({ purpose, channel }, path, names, report);
  const steps = pathOfText(trait);
  if (steps === undefined) {
    report(`${path}.trait`, 'bad_name', 'expected a name, or names with dots into nested objects');
    return [];
  }
  return [{ trait: steps, purpose, ...(channel === undefined ? {} : { channel }) }];
}

function readQuietHours(
  input: NonNullable<ConsentInput['quiet_hours']>,
  path: string,
  names: Pick<Names, 'attributes' | 'consent'>,
  report: Report,
): QuietHoursDefinition | undefined {
  const { purposes: known } = names.consent;
  for (const [index, purpose] of (input.purposes ?? []).entries()) {
    if (!known.has(purpose)) {
      report(`${path}.purposes[${index}]`, 'unknown_purpose', `consent.purposes has no ${purpose}`);
    }
  }
  const zone = readZone(input.time_zone, `${path}.time_zone`, names, report);
  const fromMinute = readMinute(input.from, `${path}.from`, report);
  const toMinute = readMinute(input.to, `${path}.to`, report);
  if (fromMinute === undefined || toMinute === undefined) return undefined;
  if (fromMinute === toMinute) {
    report(`${path}.to`, 'wrong_value', 'quiet hours end at another time than they begin');
    return undefined;
  }
  const defers = input.on_quiet === 'defer' ? { defers: true } : {};
  return { fromMinute, toMinute, ...zone, ...defers, purposes: input.purposes ?? [...known] };
}

/** A zone, or the attribute that names it and the zone where it does not; faults are reported. */
export function readZone(
  input: ZoneInput,
  path: string,
  names: Pick<Names, 'attributes'>,
  report: Report,
): Pick<QuietHours, 'zone' | 'zoneAttribute'> {
  if (typeof input === 'string') {
    checkZone(input, path, report);
    return { zone: input };
  }
  const { attribute, otherwise } = input;
  const type = names.attributes.get(attribute);
  if (type === undefined) {
    report(`${path}.attribute`, 'unknown_attribute', `there is no attribute ${attribute}`);
  } else if (type !== 'string' && type !== 'any') {
    report(`${path}.attribute`, 'type_mismatch', `a zone is the text of its name, and ${attribute} is a ${type}`);
  }
  checkZone(otherwise, `${path}.otherwise`, report);
  return { zone: otherwise, zoneAttribute: attribute };
}

function checkZone(zone: string, path: string, report: Report): void {
  if (!isTimeZone(zone)) report(path, 'wrong_value', 'expected a time zone such as Europe/Berlin or UTC');
}

const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** Minutes since midnight; undefined for what is no time of the day, which is reported. */
export function readMinute(text: string, path: string, report: Report): number | undefined {
  const match = TIME.exec(text);
  if (match === null) {
    report(path, 'wrong_value', 'expected a time of the day from "00:00" to "23:59", in quotes');
    return undefined;
  }
  return Number(match[1]) * 60 + Number(match[2]);
}

/**
 * The attributes that hold what was stated: of each purpose as a whole, then of each of its channels. Their state has their name as its
 * key: what people stated is not forgotten when a trait is mapped anew.
 */
export function consentAttributes({ purposes, channels, from }: ConsentDefinition): CompiledAttribute[] {
  return purposes.flatMap(({ name: purpose }) =>
    [undefined, ...channels].map((channel): CompiledAttribute => {
      const name = consentAttribute({ purpose, channel });
      const stated = (key: string) =>
        ({ kind: 'property', path: ['statements', purpose, key], event: CONSENT_EVENT }) as const;
      const traits = from.filter((source) => source.purpose === purpose && source.channel === channel);
      return {
        kind: 'declared',
        name,
        key: name,
        of: 'user',
        type: 'boolean',
        visible: false,
        merge: 'most_recent',
        from: [
          stated(channel ?? WHOLE_PURPOSE),
          stated(EVERY_CHANNEL),
          ...traits.map(({ trait }) => ({ kind: 'trait', path: trait }) as const),
        ],
      };
    }),
  );
}

/** What a trigger of this purpose asks before it fires. The purpose is one of the section's. */
export function consentRule(
  { purposes }: ConsentDefinition,
  { purpose, channel }: { readonly purpose: string; readonly channel?: string | undefined },
): ConsentRule {
  const whole = consentAttribute({ purpose });
  const statements = channel === undefined ? [whole] : [consentAttribute({ purpose, channel }), whole];
  return { statements, otherwise: purposes.find(({ name }) => name === purpose)!.granted };
}

/** The quiet hours of a trigger's purpose; undefined where it knows none. `onQuiet`: what the trigger says, instead of the section. */
export function quietHoursOf(
  { quietHours }: ConsentDefinition,
  purpose: string,
  onQuiet: OnQuiet | undefined,
): QuietHours | undefined {
  if (quietHours === undefined || !quietHours.purposes.includes(purpose)) return undefined;
  const { purposes: _purposes, defers, ...hours } = quietHours;
  const isDeferring = onQuiet === undefined ? defers === true : onQuiet === 'defer';
  return isDeferring ? { ...hours, defers: true } : hours;
}
