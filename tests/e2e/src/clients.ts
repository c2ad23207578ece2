/** The clients that applications use: Segment's SDK, REST, gRPC, NATS and ClickHouse, all as published. */
import { profileV1, triggerV1 } from '@attrium/proto';
import { createClient } from '@clickhouse/client';
import { type Client, credentials, Metadata, makeClientConstructor } from '@grpc/grpc-js';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Analytics } from '@segment/analytics-node';
import type { Endpoints } from './standalone.js';

const RPC_LIMIT_MS = 10_000;

/**
 * Segment's SDK; what it could not send is in `faults`. With `flushAt` 1 it sends each call at once in a request of its
 * own, and requests overtake each other; what is one batch keeps its order.
 */
export function segmentSdk(
  { ingest, writeKey }: Endpoints,
  { flushAt = 1 }: { readonly flushAt?: number } = {},
): { analytics: Analytics; faults: unknown[] } {
  const analytics = new Analytics({ writeKey, host: ingest, path: '/v1/batch', flushAt });
  const faults: unknown[] = [];
  analytics.on('error', (fault) => faults.push(fault));
  return { analytics, faults };
}

export interface RestAnswer {
  readonly status: number;
  readonly body: unknown;
}

export async function rest(
  url: string,
  options: { method?: string; key?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<RestAnswer> {
  const { method = 'GET', key, body, headers } = options;
  const response = await fetch(url, {
    method,
    headers: { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(RPC_LIMIT_MS),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  done: (error: Error | null, response: Response) => void,
) => void;

function bearer(key: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  return metadata;
}

function addressOf(endpoints: Endpoints, service: string): string {
  const address = endpoints.grpc[service];
  if (address === undefined) throw new Error(`endpoints.json has no gRPC address of ${service}`);
  return address;
}

/** `attrium.profile.v1.ProfileService` at control. */
export class ProfileClient {
  private readonly client: Client & { getProfile: Unary<profileV1.GetProfileRequest, profileV1.GetProfileResponse> };

  constructor(private readonly endpoints: Endpoints) {
    const Service = makeClientConstructor(profileV1.ProfileServiceService, 'ProfileService');
    this.client = new Service(addressOf(endpoints, 'control'), credentials.createInsecure()) as never;
  }

  /** The profile of a user id; undefined while there is none. */
  async profileOf(userId: string): Promise<profileV1.GetProfileResponse | undefined> {
    const { workspace, adminKey } = this.endpoints;
    const request = { workspace, identifierType: 'user_id', identifierValue: userId };
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + RPC_LIMIT_MS };
      this.client.getProfile(request, bearer(adminKey), options, (error, response) => {
        if (error === null) resolve(response);
        else if ((error as { code?: number }).code === NOT_FOUND) resolve(undefined);
        else reject(error);
      });
    });
  }

  close(): void {
    this.client.close();
  }
}

const NOT_FOUND = 5;

/** The firings of one trigger by `attrium.trigger.v1.TriggerService/Subscribe`, from the first one on. */
export class FiringStream {
  readonly firings: triggerV1.SubscribeResponse[] = [];
  fault: Error | undefined;
  private readonly client: Client;
  private readonly cancel: () => void;

  constructor(endpoints: Endpoints, trigger: string) {
    const Service = makeClientConstructor(triggerV1.TriggerServiceService, 'TriggerService');
    this.client = new Service(addressOf(endpoints, 'journey-trigger'), credentials.createInsecure());
    const { workspace, adminKey } = endpoints;
    const call = (
      this.client as unknown as {
        subscribe(
          request: triggerV1.SubscribeRequest,
          metadata: Metadata,
        ): import('@grpc/grpc-js').ClientReadableStream<triggerV1.SubscribeResponse>;
      }
    ).subscribe({ workspace, trigger, afterPosition: 0 }, bearer(adminKey));
    call.on('data', (firing: triggerV1.SubscribeResponse) => this.firings.push(firing));
    call.on('error', (error: Error) => {
      this.fault = error;
    });
    this.cancel = () => call.cancel();
  }

  close(): void {
    this.cancel();
    this.client.close();
  }
}

export interface NatsFiring {
  readonly subject: string;
  readonly messageId: string | undefined;
  readonly body: Record<string, unknown>;
}

/** A JetStream consumer of `attrium.deliveries.<workspace>.>`, as any NATS client can have it. */
export async function consumeDeliveries(
  endpoints: Endpoints,
): Promise<{ firings: NatsFiring[]; close(): Promise<void> }> {
  const connection = await connect({ servers: endpoints.nats });
  const consumer = await jetstream(connection).consumers.get('attrium-deliveries', {
    filter_subjects: `attrium.deliveries.${endpoints.workspace}.>`,
  });
  const firings: NatsFiring[] = [];
  const messages = await consumer.consume({
    callback: (message) => {
      firings.push({ subject: message.subject, messageId: message.headers?.get('Nats-Msg-Id'), body: message.json() });
    },
  });
  return {
    firings,
    async close() {
      await messages.close();
      await connection.close();
    },
  };
}

/** Queries the database `attrium` with ClickHouse's own client. */
export class Tables {
  private readonly client;

  constructor({ clickhouse }: Endpoints) {
    this.client = createClient({ url: clickhouse, database: 'attrium' });
  }

  async rows<T = Record<string, unknown>>(query: string): Promise<T[]> {
    const result = await this.client.query({ query, format: 'JSONEachRow' });
    return result.json<T>();
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
