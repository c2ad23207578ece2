/** A webhook receiver as an application would write one: takes firings, checks their signature by Standard Webhooks, answers 204. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { systemClock } from '@attrium/processor';
import { Webhook } from 'standardwebhooks';
import { StandaloneError } from '../errors.js';

/** The address in examples/quickstart/catalogue.yaml. */
const HOST = '127.0.0.1';
const PORT = 9911;
const BODY_BYTES_MAX = 1024 * 1024;

export interface Firing {
  readonly trigger: string;
  /** The best known identifier of the profile. */
  readonly who: string;
  /** Name and value of each attribute in the trigger's payload. */
  readonly values: readonly (readonly [string, string])[];
  readonly effectiveAt: number;
  readonly receivedAt: number;
  readonly isSigned: boolean;
}

export class FiringReceiver {
  private constructor(private readonly server: Server) {}

  static async open(secret: string, onFiring: (firing: Firing) => void): Promise<FiringReceiver> {
    const webhook = new Webhook(secret);
    const server = createServer((request, response) => {
      receive(request, response, webhook, onFiring).catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(PORT, HOST, resolve);
    }).catch((cause) => {
      throw new StandaloneError(
        'ATR-START-002',
        `Port ${PORT} is taken: the quickstart's webhooks go there, and --demo listens on it. Free it, or start without --demo.`,
        { cause },
      );
    });
    return new FiringReceiver(server);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  webhook: Webhook,
  onFiring: (firing: Firing) => void,
): Promise<void> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += (part as Buffer).length;
    if (bytes > BODY_BYTES_MAX) {
      response.writeHead(413).end();
      return;
    }
    parts.push(part as Buffer);
  }
  const receivedAt = systemClock.now();
  const body = Buffer.concat(parts).toString('utf8');
  const isSigned = isSignedBy(webhook, body, request);
  response.writeHead(isSigned ? 204 : 401).end();
  onFiring({ ...read(body), receivedAt, isSigned });
}

function isSignedBy(webhook: Webhook, body: string, request: IncomingMessage): boolean {
  try {
    webhook.verify(body, request.headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

interface Body {
  readonly trigger?: string;
  readonly profileId?: string;
  readonly identifiers?: readonly { readonly type: string; readonly value: string }[];
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly effectiveAt?: string;
}

const PREFERRED_IDENTIFIERS = ['email', 'user_id', 'anonymous_id'];

function read(text: string): Omit<Firing, 'receivedAt' | 'isSigned'> {
  const body = JSON.parse(text) as Body;
  const byPreference = PREFERRED_IDENTIFIERS.flatMap((type) =>
    (body.identifiers ?? []).filter((identifier) => identifier.type === type),
  );
  return {
    trigger: body.trigger ?? '?',
    who: byPreference[0]?.value ?? body.profileId ?? '?',
    values: Object.entries(body.attributes ?? {}).map(([name, value]) => [name, String(value)]),
    effectiveAt: Date.parse(body.effectiveAt ?? ''),
  };
}
