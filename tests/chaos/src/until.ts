/** Bounded waiting. */

const POLL_MS = 20;

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves once `look` answers true. Rejects after `limitMs`. */
export async function untilTrue(limitMs: number, look: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms in vain`);
    await pause(POLL_MS);
  }
}

/** Whether `look` answers true within the limit. */
export function isTrueWithin(limitMs: number, look: () => Promise<boolean> | boolean): Promise<boolean> {
  return untilTrue(limitMs, look).then(
    () => true,
    () => false,
  );
}
