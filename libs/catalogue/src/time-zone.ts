/**
 * Wall-clock time in zones. The zone data are those of the Node release (its ICU): as long as all owners run one release, the same log
 * gives the same decisions.
 */

const ZONE_PATTERN = /^[A-Za-z0-9_+\-/:]{1,64}$/;
/** There are about 600 zones; what profiles state may be anything. */
const FORMATS_MAX = 1_000;
const formats = new Map<string, Intl.DateTimeFormat | undefined>();

/** Whether Node knows the zone: an IANA name such as Europe/Berlin. */
export function isTimeZone(zone: string): boolean {
  return formatOf(zone) !== undefined;
}

/** Minutes since midnight, 0 to 1,439, by the wall clock of a zone; undefined for an unknown zone. `at` in ms. */
export function minuteOfDay(zone: string, at: number): number | undefined {
  const text = formatOf(zone)?.format(at);
  return text === undefined ? undefined : Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
}

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(zone);
  if (known !== undefined || formats.has(zone) || !ZONE_PATTERN.test(zone)) return known;
  if (formats.size >= FORMATS_MAX) formats.clear();
  const format = newFormat(zone);
  formats.set(zone, format);
  return format;
}

/** Writes 00:00 to 23:59. */
function newFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  } catch {
    return undefined;
  }
}
