/** A webhook receiver on loopback that verifies signatures, remembers what came and answers as it is told. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Received {
  readonly id: string;
  readonly profile: string;
  readonly at: number;
  /** The whole body. */
  readonly firing: unknown;
  /** Header `attrium-replay`. */
  readonly replay: string | undefined;
}

export interface Receiver {
  readonly url: string;
  readonly port: number;
  /** Requests whose signature was right, in the order of their arrival. */
  readonly received: Received[];
  /** Requests whose signature was wrong. */
  readonly refused: string[];
  /** Decides the answer; the n-th request with this id, from 1. */
  answer: (received: Received, attempt: number, response: ServerResponse) => void;
  close(): void;
}

/** `port`: that of a receiver that was closed and comes back. */
export async function startReceiver(secret: string, port = 0): Promise<Receiver> {
  const webhook = new Webhook(secret);
  const attempts = new Map<string, number>();
  const received: Received[] = [];
  const refused: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      let firing: { id: string; profileId: string };
      try {
        const headers = request.headers as Record<string, string>;
        firing = webhook.verify(Buffer.concat(parts).toString('utf8'), headers) as typeof firing;
        if (firing.id !== headers['webhook-id']) throw new Error('another id');
      } catch (error) {
        refused.push(String(error));
        response.writeHead(400).end();
        return;
      }
      const entry = {
        id: firing.id,
        profile: firing.profileId,
        firing,
        at: performance.now(),
        replay: request.headers['attrium-replay'] as string | undefined,
      };
      const attempt = (attempts.get(firing.id) ?? 0) + 1;
      attempts.set(firing.id, attempt);
      received.push(entry);
      receiver.answer(entry, attempt, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const listening = (server.address() as AddressInfo).port;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${listening}/hook`,
    port: listening,
    received,
    refused,
    answer: (_received, _attempt, response) => response.writeHead(204).end(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}
