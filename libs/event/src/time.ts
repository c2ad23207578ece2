/** Durations as the catalogue writes them: `30s 5m 12h 30d 2w`. */
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Milliseconds of a duration text; undefined when it is none or not above zero. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d{1,9})([smhdw])$/.exec(text);
  if (match === null) return undefined;
  const ms = Number(match[1]) * UNIT_MS[match[2] as string]!;
  return ms > 0 && Number.isSafeInteger(ms) ? ms : undefined;
}
