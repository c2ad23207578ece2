/** The messages that a client streams in a call, as they come; the client is held up while as many wait as may. */
import type { ServerReadableStream } from '@grpc/grpc-js';

type Call<T> = Pick<ServerReadableStream<T, unknown>, 'on' | 'pause' | 'resume'>;

const WAITING_MAX = 8;
const SETTLED_MS = 20;

/** Ends as the client's stream does, and throws for a call that the client gave up. Listens at once. */
export function incomingMessages<T>(call: Call<T>): AsyncGenerator<T, undefined> {
  const waiting: T[] = [];
  let end: { readonly error?: unknown } | undefined;
  let wake: () => void = () => {};
  const finish = (how: { readonly error?: unknown }): void => {
    end ??= how;
    wake();
  };
  call.on('data', (message: T) => {
    waiting.push(message);
    if (waiting.length >= WAITING_MAX) call.pause();
    wake();
  });
  // A stream that the client resets ends first, and is said to be cancelled a moment later.
  call.on('end', () => setTimeout(() => finish({}), SETTLED_MS));
  call.on('error', (error: Error) => finish({ error }));
  call.on('cancelled', () => finish({ error: new Error('the client gave the call up') }));
  return (async function* (): AsyncGenerator<T, undefined> {
    for (;;) {
      if (end?.error !== undefined) throw end.error;
      const message = waiting.shift();
      if (message !== undefined) {
        if (waiting.length === 0) call.resume();
        yield message;
      } else if (end !== undefined) return undefined;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  })();
}
