/**
 * The same journey system without a position of its own: the server keeps how far this subscriber has come (`Consume`).
 *
 * Each firing is acknowledged once its effect is on disk. What was not acknowledged, because this process was killed in between, comes
 * again, under the same id: the ids of what was done say so.
 *
 *   node examples/journeys-typescript/acknowledging.ts
 *
 * Settings as those of journeys.ts, and SUBSCRIBER (its name, by which the server knows it).
 */
import { closeSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { type ClientDuplexStream, credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

interface Response {
  readonly opened?: { readonly made: boolean };
  readonly firing?: { readonly position: number; readonly firing_id: string; readonly profile_id: string };
}

interface TriggerClient {
  Consume(metadata: Metadata): ClientDuplexStream<object, Response>;
  close(): void;
}

const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`set ${name}`);
  return value;
};
const address = setting('ATTRIUM_GRPC');
const key = setting('ATTRIUM_KEY');
const workspace = setting('ATTRIUM_WORKSPACE');
const trigger = setting('ATTRIUM_TRIGGER');
const subscriber = setting('SUBSCRIBER');
const outbox = setting('OUTBOX');
/** No heartbeat for so long: the connection is dead, whatever it says. */
const SILENCE_MS = 30_000;

/** What was done, by the ids of firings; what a crash left of a line is cut off. */
function handledBefore(): Set<string> {
  let text: string;
  try {
    text = readFileSync(outbox, 'utf8');
  } catch {
    return new Set();
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncateSync(outbox, Buffer.byteLength(whole));
  const lines = whole.split('\n').filter((each) => each !== '');
  return new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id));
}

const contract = loadSync('attrium/trigger/v1/trigger.proto', {
  includeDirs: [new URL('../../proto', import.meta.url).pathname],
  keepCase: true,
  longs: Number,
});
/** What proto-loader makes has no types of its own. */
interface Contract {
  readonly attrium: {
    readonly trigger: {
      readonly v1: { readonly TriggerService: new (address: string, with_: object) => TriggerClient };
    };
  };
}
const { TriggerService } = (loadPackageDefinition(contract) as unknown as Contract).attrium.trigger.v1;

const handled = handledBefore();
const file = openSync(outbox, 'a');
let stopped = false;

function handle({ firing_id: id, profile_id: profile }: NonNullable<Response['firing']>): void {
  if (handled.has(id)) return;
  handled.add(id);
  writeSync(file, `${JSON.stringify({ id, profile, mail: `Welcome, ${profile}` })}\n`);
  fsyncSync(file);
}

function consume(): void {
  const client = new TriggerService(address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  const stream = client.Consume(metadata);
  let over = false;
  const again = (): void => {
    if (over) return;
    over = true;
    clearTimeout(silence);
    client.close();
    if (!stopped) setTimeout(consume, 500);
  };
  let silence = setTimeout(again, SILENCE_MS);
  stream.on('data', ({ firing }: Response) => {
    if (over) return;
    clearTimeout(silence);
    silence = setTimeout(again, SILENCE_MS);
    if (firing === undefined) return;
    handle(firing);
    stream.write({ acknowledge: { positions: [firing.position] } });
  });
  stream.on('error', again);
  stream.on('end', again);
  // Only where the server does not know it yet: then from the first firing that is kept. Eight may be under way.
  const open = {
    workspace,
    trigger,
    subscriber,
    after_position: 0,
    unacknowledged_max: 8,
    acknowledge_within_ms: 2_000,
  };
  stream.write({ open });
  process.once('SIGTERM', () => {
    stopped = true;
    stream.cancel();
    closeSync(file);
    process.exit(0);
  });
}

consume();
