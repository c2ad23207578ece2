/** The receiver of webhooks: keeps who was told what in which order, and can be made to fail for a while. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Arrival {
  readonly id: string;
  /** Of `performance.now`. */
  readonly at: number;
}

export class WebhookReceiver {
  /** The first arrival of each id, in order. */
  readonly arrivals: Arrival[] = [];
  /** Wall-clock times of all that were answered 204. */
  readonly times: number[] = [];
  repeated = 0;
  /** Ids that came again with another body. */
  readonly changed: string[] = [];
  isFailing = false;
  private readonly hashes = new Map<string, string>();

  private constructor(private readonly server: Server) {}

  static async open(): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server);
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.once('end', () => {
        response.writeHead(receiver.isFailing ? 503 : 204).end();
        if (!receiver.isFailing) receiver.take(String(request.headers['webhook-id']), Buffer.concat(parts));
      });
      request.once('error', () => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hooks`;
  }

  has(id: string): boolean {
    return this.hashes.has(id);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(id: string, body: Buffer): void {
    this.times.push(Date.now());
    const hash = createHash('sha1').update(body).digest('base64');
    const known = this.hashes.get(id);
    if (known === undefined) {
      this.hashes.set(id, hash);
      this.arrivals.push({ id, at: performance.now() });
      return;
    }
    this.repeated++;
    if (known !== hash) this.changed.push(id);
  }
}
