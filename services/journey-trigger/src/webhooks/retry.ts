/** When a delivery is tried again, and what a receiver may ask for. */

export interface RetrySettings {
  readonly delayMsMin: number;
  readonly delayMsMax: number;
}

/**
 * The wait after a failed attempt of what has failed for so long: as long again, within bounds, so that it doubles each time: 5 s, 10 s,
 * 20 s, …. Spread by a quarter to both sides; `random` is in [0, 1).
 */
export function retryDelayMs(failingMs: number, random: number, { delayMsMin, delayMsMax }: RetrySettings): number {
  const delayMs = Math.min(Math.max(failingMs, delayMsMin), delayMsMax);
  return Math.round(delayMs * (0.75 + random / 2));
}

/** The wait that a `Retry-After` header asks for: seconds or a date. Undefined for none, or one that makes no sense. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1_000;
  const at = /[a-z]/i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
