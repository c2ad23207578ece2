/** Whether a trigger may contact a profile at a time: by consent, and outside of quiet hours. For a firing at once, and for one that was delayed. */
import { type ConsentRule, localTime, minuteOfDay, type QuietHours, zoneOf } from '@attrium/catalogue';
import type { SuppressionReason, Value } from '@attrium/event';

/** What a trigger of a purpose asks; of one without a purpose both are undefined, and it may always. */
export interface PermissionRules {
  readonly consent?: ConsentRule | undefined;
  readonly quietHours?: QuietHours | undefined;
}

/** The profile's attributes as they are when the firing is decided, the consent that it stated among them. */
type Values = ReadonlyMap<string, Value>;

/** Why it may not; undefined when it may. `at`: log time of the decision, ms. */
export function refusalOf(
  { consent, quietHours }: PermissionRules,
  values: Values,
  at: number,
): Extract<SuppressionReason, 'consent' | 'quiet_hours'> | undefined {
  if (consent !== undefined && !isGranted(consent, values)) return 'consent';
  return quietHours !== undefined && isQuiet(quietHours, values, at) ? 'quiet_hours' : undefined;
}

/** The most specific statement decides, whenever it was made; without any, the purpose's default. */
export function isGranted({ statements, otherwise }: ConsentRule, values: Values): boolean {
  for (const statement of statements) {
    const stated = values.get(statement);
    if (stated !== undefined) return stated === true;
  }
  return otherwise;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

/** When quiet hours that have begun by `at` end, ms, of a trigger whose firings wait for that; undefined for any other. */
export function deferredUntil({ quietHours }: PermissionRules, values: Values, at: number): number | undefined {
  if (quietHours?.defers !== true) return undefined;
  const zone = zoneFor(quietHours, values);
  const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const left = (quietHours.toMinute - minuteOfDay(zone, at)! + DAY_MINUTES) % DAY_MINUTES;
  const end = minute + left * MINUTE_MS;
  if (localTime(zone, end) - localTime(zone, at) === end - at) return end;
  // Clocks change meanwhile: then the first minute that is not quiet is looked for.
  let first = minute + MINUTE_MS;
  while (isQuiet(quietHours, values, first)) first += MINUTE_MS;
  return first;
}

/** The first minute is quiet, the last one no more; quiet hours whose end is before their beginning go over midnight. */
export function isQuiet(quietHours: QuietHours, values: Values, at: number): boolean {
  const { fromMinute, toMinute } = quietHours;
  const minute = minuteOfDay(zoneFor(quietHours, values), at)!;
  return fromMinute < toMinute ? minute >= fromMinute && minute < toMinute : minute >= fromMinute || minute < toMinute;
}

function zoneFor(quietHours: QuietHours, values: Values): string {
  const { zoneAttribute } = quietHours;
  return zoneOf(quietHours, zoneAttribute === undefined ? undefined : values.get(zoneAttribute));
}

/** The attributes, beside its payload, that the decision of this trigger reads. */
export function attributesAsked({ consent, quietHours }: PermissionRules): readonly string[] {
  const zone = quietHours?.zoneAttribute === undefined ? [] : [quietHours.zoneAttribute];
  return [...(consent?.statements ?? []), ...zone];
}
