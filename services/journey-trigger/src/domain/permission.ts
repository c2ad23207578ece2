/** Whether a trigger may contact a profile at a time: by consent, and outside of quiet hours. For a firing at once, and for one that was delayed. */
import { type ConsentRule, minuteOfDay, type QuietHours } from '@attrium/catalogue';
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

/** The first minute is quiet, the last one no more; quiet hours whose end is before their beginning go over midnight. */
export function isQuiet(quietHours: QuietHours, values: Values, at: number): boolean {
  const { fromMinute, toMinute } = quietHours;
  const minute = localMinute(quietHours, values, at);
  return fromMinute < toMinute ? minute >= fromMinute && minute < toMinute : minute >= fromMinute || minute < toMinute;
}

/** A zone that nobody knows is as good as none: then the zone of everyone holds, which the catalogue's check has found known. */
function localMinute({ zone, zoneAttribute }: QuietHours, values: Values, at: number): number {
  const own = zoneAttribute === undefined ? undefined : values.get(zoneAttribute);
  const minute = typeof own === 'string' ? minuteOfDay(own, at) : undefined;
  return minute ?? minuteOfDay(zone, at)!;
}

/** The attributes, beside its payload, that the decision of this trigger reads. */
export function attributesAsked({ consent, quietHours }: PermissionRules): readonly string[] {
  const zone = quietHours?.zoneAttribute === undefined ? [] : [quietHours.zoneAttribute];
  return [...(consent?.statements ?? []), ...zone];
}
