/** Bounded waiting: for what comes by itself, when nobody knows how fast this machine is. */

const POLL_MS = 10;

/** The first answer of `look` that is neither undefined nor false. Rejects, naming `what`, when there is none within `limitMs`. */
export async function until<T>(
  what: string,
  limitMs: number,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain for ${what}.`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
