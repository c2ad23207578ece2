/**
 * A journey system in TypeScript: takes the firings of one trigger over Attrium's gRPC stream and acts on each exactly once.
 *
 * What it did and how far it has come are one line of one file, so that there is no moment in which only one of them is kept. After a
 * restart it goes on behind the last line. A system that sends mail writes the mail into its outbox table the same way: effect and position in one transaction.
 *
 *   node examples/journeys-typescript/journeys.ts
 *
 * Settings, from the environment: ATTRIUM_GRPC (host:port of journey-trigger), ATTRIUM_KEY (a secret key), ATTRIUM_WORKSPACE,
 * ATTRIUM_TRIGGER, OUTBOX (a file). Node 23.6 or later runs it as it stands.
 */
import { closeSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { type ClientReadableStream, credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

interface Firing {
  readonly position: number;
  readonly firing_id: string;
  readonly trigger: string;
  readonly profile_id: string;
}

interface TriggerClient {
  Subscribe(request: object, metadata: Metadata): ClientReadableStream<Firing>;
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
const outbox = setting('OUTBOX');

/** The same firing can be in the stream twice, under another position but always under its id. */
const handled = new Set<string>();

/** The position of the last whole line; what a crash left of a line is cut off. 0: from the first firing that is kept. */
function lastPosition(): number {
  let text: string;
  try {
    text = readFileSync(outbox, 'utf8');
  } catch {
    return 0;
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncateSync(outbox, Buffer.byteLength(whole));
  let last = 0;
  for (const line of whole.split('\n').filter((each) => each !== '')) {
    const { position, id } = JSON.parse(line) as { position: number; id: string };
    handled.add(id);
    last = position;
  }
  return last;
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

let position = lastPosition();
const file = openSync(outbox, 'a');
let stopped = false;

/** The effect and the acknowledgement at once: after this line is on disk, the firing will not be asked for again. */
function handle(firing: Firing): void {
  const { firing_id: id, profile_id: profile } = firing;
  if (handled.has(id)) return;
  handled.add(id);
  writeSync(file, `${JSON.stringify({ position: firing.position, id, profile, mail: `Welcome, ${profile}` })}\n`);
  fsyncSync(file);
  position = firing.position;
}

function subscribe(): void {
  const client = new TriggerService(address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  // A position of 0 asks for all that is kept; left out, it would ask for what comes from now on.
  const stream = client.Subscribe({ workspace, trigger, after_position: position }, metadata);
  let over = false;
  const again = (): void => {
    if (over) return;
    over = true;
    client.close();
    if (!stopped) setTimeout(subscribe, 500);
  };
  stream.on('data', (firing: Firing) => {
    if (!over) handle(firing);
  });
  stream.on('error', again);
  stream.on('end', again);
  process.once('SIGTERM', () => {
    stopped = true;
    stream.cancel();
    closeSync(file);
    process.exit(0);
  });
}

subscribe();
