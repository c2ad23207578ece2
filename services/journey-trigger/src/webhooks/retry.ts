/** When a delivery is tried again: the wait grows with the delivery's age, so that it goes on where it was after a restart. */

export interface RetrySettings {
  readonly delayMsMin: number;
  readonly delayMsMax: number;
}

/**
 * The wait after a failed attempt. A wait as long as the delivery is old doubles its age each time: 5 s, 10 s, 20 s, …, without
 * a count that a restart would lose. Spread by a quarter to both sides; `random` is in [0, 1).
 */
export function retryDelayMs(ageMs: number, random: number, { delayMsMin, delayMsMax }: RetrySettings): number {
  const delayMs = Math.min(Math.max(ageMs, delayMsMin), delayMsMax);
  return Math.round(delayMs * (0.75 + random / 2));
}

/** The wait that a `Retry-After` header asks for: seconds or a date. Undefined for none, or one that makes no sense. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1_000;
  const at = /[a-z]/i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
