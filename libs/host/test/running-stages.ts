/** The stages as processes of their own on a real nats-server, with what ingest and control would have appended, and gRPC calls to them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { catalogueSubject, type Event, eventsSubject, type LogRecord, partitionOf } from '@attrium/event';
import { hashOfKey, keyEntryName } from '@attrium/host';
import {
  Bucket,
  connectNats,
  ensureStreams,
  findNatsServer,
  JetStreamLog,
  KEYS_BUCKET,
  type NatsLink,
  type NatsServer,
  startNatsServer,
} from '@attrium/nats';
import { encodePack, NO_POSITION } from '@attrium/processor';
import { credentials, Metadata, makeClientConstructor, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js';

export const PARTITIONS = 4;
export const SHARDS = 2;
const ROOT = resolve(import.meta.dirname, '../../..');
const SOURCE_FLAGS = ['--conditions=@attrium/source', '--import', '@oxc-node/core/register'];

/** One instance of a stage service. */
export interface Instance {
  /** `host:port` of gRPC. */
  readonly grpcUrl: string;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
}

type Method = (
  request: object,
  metadata: Metadata,
  done: (fault: ServiceError | null, answer: unknown) => void,
) => void;

export class RunningStages {
  private readonly directory = mkdtempSync(join(tmpdir(), 'attrium-stages-'));
  private readonly children = new Set<ChildProcess>();
  private server!: NatsServer;
  private link!: NatsLink;
  private log!: JetStreamLog;
  private packs = 0;

  async open(): Promise<void> {
    const dataDirectory = resolve(ROOT, 'node_modules/.cache/attrium');
    const binary = await findNatsServer({ dataDirectory, environment: process.env });
    this.server = await startNatsServer({ binary, directory: join(this.directory, 'nats') });
    this.link = await connectNats({ url: this.server.url, name: 'test' });
    await ensureStreams(this.link.publish, { profile: 'standalone', bytesMax: 2_000_000_000 });
    this.log = new JetStreamLog(this.link);
  }

  async close(): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL');
    await this.log?.close();
    await this.link?.close();
    await this.server?.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Resolves when it listens. */
  async start(service: string, name: string, settings: Readonly<Record<string, string>> = {}): Promise<Instance> {
    const child = spawn(process.execPath, [...SOURCE_FLAGS, join(ROOT, 'services', service, 'src/main.ts')], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        NATS_URL: this.server.url,
        ATTRIUM_INSTANCE: name,
        ATTRIUM_DATA: join(this.directory, name),
        ATTRIUM_PARTITIONS: String(PARTITIONS),
        ATTRIUM_SHARDS: String(SHARDS),
        ATTRIUM_LOG_BYTES_MAX: '2000000000',
        ATTRIUM_ASK_TIMEOUT_MS: '1000',
        ...settings,
      },
    });
    this.children.add(child);
    const exit = once(child, 'exit').then(([code]) => {
      this.children.delete(child);
      return code as number | null;
    });
    const listening = new Promise<string>((found) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const { msg, grpc } = JSON.parse(line) as { msg?: string; grpc?: string };
        if (msg === 'listening' && grpc !== undefined) found(grpc);
      });
    });
    const ended = exit.then((code) => Promise.reject(new Error(`${name} ended with ${code} before it listened`)));
    const grpcUrl = await Promise.race([listening, ended]);
    return {
      grpcUrl,
      stop: () => {
        child.kill('SIGTERM');
        return exit;
      },
    };
  }

  async putKey(text: string, record: object): Promise<void> {
    const bucket = await Bucket.open(this.link.publish, KEYS_BUCKET);
    const kind = text.startsWith('atr_wk_') ? 'write' : 'secret';
    const entry = { kind, hash: hashOfKey(text), createdAt: 1, ...record };
    await bucket.put(keyEntryName(kind, text), Buffer.from(JSON.stringify(entry)));
  }

  async activate(workspace: string, catalogue: object): Promise<void> {
    await this.append(catalogueSubject(partitionOf(workspace, SHARDS), workspace), {
      kind: 'catalogue-activated',
      id: `${workspace}:catalogue:1`,
      workspace,
      revision: 1,
      author: 'test',
      activatedAt: 1,
      catalogue: Buffer.from(JSON.stringify(catalogue)),
    });
  }

  async send(event: Event): Promise<void> {
    await this.append(eventsSubject(partitionOf(event.workspace, SHARDS)), event);
  }

  private async append(subject: string, record: LogRecord): Promise<void> {
    const header = { schemaVersion: 1, logicVersion: 1, stage: 'test', writer: 'test', owner: 'test' };
    const pack = encodePack({ ...header, commit: ++this.packs, reached: NO_POSITION }, [record]);
    const outcome = await this.log.append(subject, pack);
    if (outcome.kind !== 'appended') throw new Error(`the log did not take a record: ${outcome.kind}`);
  }
}

/** One call with this key; '' for none. Rejects with the gRPC error. */
export async function call<T>(
  target: { readonly grpcUrl: string; readonly service: ServiceDefinition; readonly method: string },
  message: object,
  key: string,
): Promise<T> {
  const Client = makeClientConstructor(target.service, 'Service');
  const client = new Client(target.grpcUrl, credentials.createInsecure());
  const metadata = new Metadata();
  if (key !== '') metadata.set('authorization', `Bearer ${key}`);
  try {
    return await new Promise<T>((done, failed) => {
      const invoke = (client as unknown as Record<string, Method>)[target.method]!.bind(client);
      invoke(message, metadata, (fault, answer) => (fault === null ? done(answer as T) : failed(fault)));
    });
  } finally {
    client.close();
  }
}
