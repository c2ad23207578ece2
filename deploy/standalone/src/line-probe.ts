/** Whether a catalogue has come down the whole line: the last stage serves the firings of its triggers as streams. */
import { triggerV1 } from '@attrium/proto';
import {
  type Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  makeClientConstructor,
  status,
} from '@grpc/grpc-js';

interface TriggerClient extends Client {
  subscribe(request: triggerV1.SubscribeRequest, metadata: Metadata): ClientReadableStream<triggerV1.SubscribeResponse>;
}

const LIMIT_MS = 15_000;
const POLL_MS = 20;

/** Resolves when the trigger's stream can be had; after 15 s in any case, for everything works by then but early subscribers are told "not found". */
export async function untilTriggerIsServed(
  address: string,
  wanted: { workspace: string; trigger: string; key: string },
): Promise<void> {
  const TriggerService = makeClientConstructor(triggerV1.TriggerServiceService, 'TriggerService');
  const client = new TriggerService(address, credentials.createInsecure()) as unknown as TriggerClient;
  const deadline = performance.now() + LIMIT_MS;
  try {
    while (!(await isServed(client, wanted)) && performance.now() < deadline) {
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  } finally {
    client.close();
  }
}

/** False for "not found"; whatever else goes wrong is not what is asked here. */
function isServed(
  client: TriggerClient,
  wanted: { workspace: string; trigger: string; key: string },
): Promise<boolean> {
  const { workspace, trigger, key } = wanted;
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  const call = client.subscribe({ workspace, trigger }, metadata);
  return new Promise((resolve) => {
    call.once('metadata', () => {
      resolve(true);
      call.cancel();
    });
    call.on('error', (error: Error & { code?: number }) => resolve(error.code !== status.NOT_FOUND));
    call.resume();
  });
}
