/** Two running instances of control on a real nats-server, and the requests that tests make. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { controlSettings, startControl } from '@attrium/control';
import { loadConfig, newKeyText, type RunningHost } from '@attrium/host';
import { connectNats, findNatsServer, JetStreamLog, type NatsLink, startNatsServer } from '@attrium/nats';

export const SHARDS = 2;
export const PARTITIONS = 4;
const WORKSPACES = ['shop', 'bank'];

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, compared with what is expected.
  readonly body: any;
}

export interface Given {
  /** The bootstrap key without it; '' for none. */
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly instance?: 0 | 1;
}

export interface RunningControl {
  readonly bootstrap: string;
  /** A folder of the test. */
  readonly directory: string;
  readonly link: NatsLink;
  readonly log: JetStreamLog;
  readonly instances: readonly [RunningHost, RunningHost];
  request(method: string, path: string, given?: Given): Promise<Answer>;
  newKey(workspace: string, role: 'admin' | 'read', name?: string): Promise<{ id: string; key: string }>;
  stop(): Promise<void>;
}

/** Two instances, as in a cluster, with the workspaces `shop` and `bank`; `first` are settings of the first only. */
export async function runControl(first: Readonly<Record<string, string>> = {}): Promise<RunningControl> {
  const bootstrap = newKeyText('secret');
  const directory = mkdtempSync(join(tmpdir(), 'attrium-control-'));
  const dataDirectory = resolve(import.meta.dirname, '../../../node_modules/.cache/attrium');
  const binary = await findNatsServer({ dataDirectory, environment: process.env });
  const server = await startNatsServer({ binary, directory });
  const link = await connectNats({ url: server.url, name: 'test' });
  const log = new JetStreamLog(link);
  const settings = {
    NATS_URL: server.url,
    ATTRIUM_LOG_LEVEL: 'silent',
    ATTRIUM_SHARDS: String(SHARDS),
    ATTRIUM_PARTITIONS: String(PARTITIONS),
    ATTRIUM_LOG_BYTES_MAX: '2000000000',
    ATTRIUM_BOOTSTRAP_ADMIN_KEY: bootstrap,
    ATTRIUM_ASK_TIMEOUT_MS: '400',
  };
  const start = (more: Readonly<Record<string, string>>) =>
    startControl(loadConfig(controlSettings, { ...settings, ...more }), { ownsProcess: false });
  const instances = await Promise.all([start(first), start({})]);
  const request = async (method: string, path: string, given: Given = {}): Promise<Answer> => {
    const { key = bootstrap, body, headers, instance = 0 } = given;
    const response = await fetch(`${instances[instance].httpUrl}${path}`, {
      method,
      headers: { ...(key === '' ? {} : { authorization: `Bearer ${key}` }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  for (const workspace of WORKSPACES) await request('POST', '/v1/workspaces', { body: { workspace } });
  return {
    bootstrap,
    directory,
    link,
    log,
    instances,
    request,
    newKey: async (workspace, role, name) => {
      const given = { body: { kind: 'secret', role, name } };
      const { body } = await request('POST', `/v1/workspaces/${workspace}/keys`, given);
      return body;
    },
    stop: async () => {
      await Promise.all(instances.map((instance) => instance.stop()));
      await log.close();
      await link.close();
      await server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A catalogue with one attribute. */
export function catalogueOf(name: string): object {
  return { attributes: [{ name, kind: 'user', type: 'number', compute: { count: 'Order Completed' } }] };
}
