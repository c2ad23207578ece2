/** The messages that a client streams, as they come; the client is held up while as many wait as may. */
import type { Observable } from 'rxjs';

/** What of a gRPC call holds its client up, and tells whether the client gave it up. */
export interface HeldCall {
  pause(): unknown;
  resume(): unknown;
  readonly cancelled: boolean;
}

const WAITING_MAX = 8;

/** Ends as the client's stream does; throws for a call that was given up. */
export async function* incomingMessages<T>(messages: Observable<T>, call: HeldCall): AsyncGenerator<T> {
  const waiting: T[] = [];
  let end: { readonly error?: unknown } | undefined;
  let wake: () => void = () => {};
  const subscription = messages.subscribe({
    next: (message) => {
      waiting.push(message);
      if (waiting.length >= WAITING_MAX) call.pause();
      wake();
    },
    error: (error: unknown) => {
      end = { error };
      wake();
    },
    complete: () => {
      end = {};
      wake();
    },
  });
  try {
    for (;;) {
      while (waiting.length > 0) {
        const message = waiting.shift()!;
        if (waiting.length === 0) call.resume();
        yield message;
      }
      if (end !== undefined) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (end.error !== undefined) throw end.error;
    if (call.cancelled) throw new Error('the client gave the call up');
  } finally {
    subscription.unsubscribe();
    call.resume();
  }
}
