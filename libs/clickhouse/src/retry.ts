/** Repeats what fails because ClickHouse is away, with growing pauses, until it works or the projector stops. */
import { setTimeout as sleep } from 'node:timers/promises';

const DELAY_MS_MIN = 100;
const DELAY_MS_MAX = 10_000;

export interface RetryObserver {
  failed(error: Error, attempt: number): void;
  recovered(attempts: number): void;
}

/** Resolves with true when `action` has succeeded, false when `signal` was aborted before. */
export async function retryForever(
  action: () => Promise<void>,
  options: { signal: AbortSignal; observer: RetryObserver },
): Promise<boolean> {
  const { signal, observer } = options;
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      await action();
      if (attempt > 1) observer.recovered(attempt);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      observer.failed(error instanceof Error ? error : new Error(String(error)), attempt);
    }
    const delayMs = Math.min(DELAY_MS_MIN * 2 ** Math.min(attempt - 1, 10), DELAY_MS_MAX);
    // Spread out, so that the projectors of several services do not come back at one instant.
    await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
  return false;
}
