/** The two connections of a process to NATS: one to read and one to publish, so that answers never queue behind megabytes of input. */
import { LOG_ERROR_CODES, LogError } from '@attrium/processor';
import { type ConnectionOptions, connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';

export type NatsCredentials =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string }
  /** The text of a `.creds` file. */
  | { readonly kind: 'creds'; readonly text: string };

export interface NatsOptions {
  /** `nats://host:port`, or several with commas between them. */
  readonly url: string;
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly credentials?: NatsCredentials | undefined;
  /** How long to wait for a server at the start; later, reconnecting never ends. */
  readonly connectTimeoutMs?: number;
}

export interface NatsLink {
  readonly read: NatsConnection;
  readonly publish: NatsConnection;
  /** Whether both connections stand. */
  readonly connected: boolean;
  /** Calls back after a connection was lost or came back; the answer ends that. */
  onChange(listener: (change: ConnectionChange) => void): () => void;
  /** Sends what is under way, then closes; does not wait long for a server that is gone. */
  close(): Promise<void>;
}

export interface ConnectionChange {
  readonly connection: 'read' | 'publish';
  readonly kind: 'lost' | 'back';
}

const CONNECT_TIMEOUT_MS = 30_000;
const DRAIN_TIMEOUT_MS = 5_000;
const RECONNECT_MS = 100;

/** Throws ATR-LOG-001 when no server can be reached in time. */
export async function connectNats(options: NatsOptions): Promise<NatsLink> {
  const deadline = performance.now() + (options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
  const read = await connectUntil(deadline, connectionOptions(options, 'read'));
  try {
    return new Link(read, await connectUntil(deadline, connectionOptions(options, 'publish')));
  } catch (error) {
    await read.close();
    throw error;
  }
}

class Link implements NatsLink {
  private readonly listeners = new Set<(change: ConnectionChange) => void>();
  private readonly up = { read: true, publish: true };

  constructor(
    readonly read: NatsConnection,
    readonly publish: NatsConnection,
  ) {
    void this.watch('read');
    void this.watch('publish');
  }

  get connected(): boolean {
    return this.up.read && this.up.publish;
  }

  onChange(listener: (change: ConnectionChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    await Promise.all([drain(this.read), drain(this.publish)]);
  }

  private async watch(connection: 'read' | 'publish'): Promise<void> {
    for await (const status of this[connection].status()) {
      if (status.type === 'disconnect') this.tell({ connection, kind: 'lost' });
      if (status.type === 'reconnect') this.tell({ connection, kind: 'back' });
    }
  }

  private tell(change: ConnectionChange): void {
    this.up[change.connection] = change.kind === 'back';
    for (const listener of this.listeners) listener(change);
  }
}

function connectionOptions(options: NatsOptions, purpose: string): ConnectionOptions {
  const { url, name, credentials } = options;
  return {
    servers: url.split(',').map((server) => server.trim()),
    name: `${name}-${purpose}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_MS,
    pingInterval: 10_000,
    maxPingOut: 2,
    // A server that is being set up anew may refuse us for a while.
    ignoreAuthErrorAbort: true,
    ...(credentials?.kind === 'password' ? { user: credentials.user, pass: credentials.password } : {}),
    ...(credentials?.kind === 'token' ? { token: credentials.token } : {}),
    ...(credentials?.kind === 'creds'
      ? { authenticator: credsAuthenticator(new TextEncoder().encode(credentials.text)) }
      : {}),
  };
}

async function connectUntil(deadline: number, options: ConnectionOptions): Promise<NatsConnection> {
  for (;;) {
    try {
      return await connect({ ...options, timeout: Math.max(100, Math.min(5_000, deadline - performance.now())) });
    } catch (cause) {
      if (performance.now() >= deadline) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new LogError(LOG_ERROR_CODES.outOfReach, `no NATS server at ${options.servers}: ${reason}`, { cause });
      }
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }
}

async function drain(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  let patience: NodeJS.Timeout | undefined;
  const impatience = new Promise((resolve) => {
    patience = setTimeout(resolve, DRAIN_TIMEOUT_MS);
  });
  // Draining fails where the connection is down; there is nothing left to send then.
  await Promise.race([connection.drain().catch(() => {}), impatience]);
  clearTimeout(patience);
  if (!connection.isClosed()) await connection.close();
}
