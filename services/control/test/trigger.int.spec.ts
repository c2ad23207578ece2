/** Triggers over REST, gRPC and the command line: dry runs, asked of the real engine, and sweeps, as owners of segment answer. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClickHouse, migrate, openClickHouse } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { attriumCommand } from '@attrium/control';
import { askSubject } from '@attrium/event';
import { serveAsk } from '@attrium/nats';
import { triggerV1 } from '@attrium/proto';
import { credentials, Metadata, makeClientConstructor, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PARTITIONS, type RunningControl, runControl } from './running-control.js';

const MINUTE_MS = 60_000;
const now = Date.now();
let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;
let control: RunningControl;
const ask: RunningControl['request'] = (...args) => control.request(...args);

const welcome = {
  name: 'welcome',
  when: { segment: 'paying', enters: true },
  if: { attribute: 'plan', equals: 'pro' },
  frequency: 'once',
  deliver: [{ stream: true }],
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-triggers-'));
  server = await startEmbeddedClickHouse({ directory, port: 0 });
  clickhouse = openClickHouse({ url: server.url });
  control = await runControl({ CLICKHOUSE_URL: server.url });
  for (const service of ['identity', 'attribute-compute', 'segment']) {
    const migrations = fileURLToPath(new URL(`../../${service}/migrations`, import.meta.url));
    await migrate(clickhouse, { service, directory: migrations });
  }
  const body = {
    attributes: [{ name: 'plan', kind: 'user', type: 'string', from: [{ trait: 'plan' }] }],
    segments: [{ name: 'paying', of: 'user', where: { attribute: 'plan', exists: true } }],
    triggers: [welcome],
  };
  expect((await ask('PUT', '/v1/workspaces/shop/catalogue', { body, headers: { 'if-match': '0' } })).status).toBe(200);
  await insertChanges();
}, 240_000);

afterAll(async () => {
  await control?.stop();
  await clickhouse?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** ann enters twice, with plan pro; bob once, with plan free; all ten minutes ago, but for what ann had before. */
async function insertChanges(): Promise<void> {
  const text = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
  const row = (profile_id: string, sequence: number, ms: number): object => ({
    ...{ workspace_id: 'shop', kind: 'profile', profile_id, change_id: `c${sequence}`, reason: 'event', revision: 1 },
    ...{ effective_at: text(ms), recorded_at: text(ms), cause: `e${sequence}`, partition: 0, sequence, row_index: 0 },
  });
  const plan = (profile: string, sequence: number, ms: number, after: string): object => ({
    ...row(profile, sequence, ms),
    ...{ 'changes.name': ['plan'], 'changes.before': [null], 'changes.after': [`"${after}"`] },
    'changes.after_number': [null],
  });
  const flip = (profile: string, sequence: number, ms: number, change: 'entered' | 'exited'): object => ({
    ...row(profile, sequence, ms),
    ...{ 'changes.segment': ['paying'], 'changes.change': [change] },
    'changes.before': [change === 'entered' ? null : text(ms)],
    'changes.after': [change === 'entered' ? text(ms) : null],
  });
  const at = now - 10 * MINUTE_MS;
  const insert = (table: string, values: object[]) =>
    clickhouse.client.insert({ table, values, format: 'JSONEachRow' });
  await insert('attribute_changes', [plan('ann', 1, now - 30 * 86_400_000, 'pro'), plan('bob', 3, at, 'free')]);
  await insert('membership_changes', [
    flip('ann', 2, at, 'entered'),
    flip('bob', 3, at, 'entered'),
    flip('ann', 4, at + MINUTE_MS, 'exited'),
    flip('ann', 5, at + 2 * MINUTE_MS, 'entered'),
  ]);
}

const EXPECTED = {
  revision: 1,
  trigger: 'welcome',
  fired: 1,
  condition: 1,
  frequency: 1,
  undecided: 0,
  mergedProfiles: 0,
};

describe('a dry run', () => {
  it('is of a trigger of the catalogue, or of one that is not saved', async () => {
    const { status: code, body } = await ask('POST', '/v1/workspaces/shop/triggers/welcome/dry-run?days=2&sample=1');
    expect(code).toBe(200);
    expect(body).toMatchObject({ ...EXPECTED, caveats: [] });
    expect(Date.parse(body.to) - Date.parse(body.from)).toBe(2 * 86_400_000);
    expect(body.samples).toEqual([
      { outcome: 'fired', profileId: 'ann', on: 'segment-entered', at: new Date(now - 10 * MINUTE_MS).toISOString() },
      expect.objectContaining({ outcome: 'condition', profileId: 'bob' }),
      expect.objectContaining({ outcome: 'frequency', profileId: 'ann' }),
    ]);
    const every = { ...welcome, frequency: 'every' };
    expect((await ask('POST', '/v1/workspaces/shop/triggers/dry-run', { body: every })).body).toMatchObject({
      ...{ fired: 2, condition: 1, frequency: 0 },
    });
  });

  it('is refused with what is wrong, and where', async () => {
    const dryRun = (path: string, given: object = {}) => ask('POST', `/v1/workspaces/shop/triggers/${path}`, given);
    const codeOf = async (path: string, given: object = {}): Promise<unknown[]> => {
      const { status: code, body } = await dryRun(path, given);
      return [code, body.error.code];
    };
    expect(await codeOf('none/dry-run')).toEqual([404, 'ATR-CONTROL-064']);
    expect(await codeOf('welcome/dry-run?days=91')).toEqual([400, 'ATR-CONTROL-011']);
    expect(await codeOf('dry-run', { body: '{' })).toEqual([400, 'ATR-CONTROL-010']);
    expect(await codeOf('welcome/dry-run', { instance: 1 })).toEqual([503, 'ATR-CONTROL-050']);
    expect(await codeOf('welcome/dry-run', { key: '' })).toEqual([401, expect.any(String)]);
    const faulty = await dryRun('dry-run', { body: { ...welcome, when: { segment: 'none', enters: true } } });
    expect([faulty.status, faulty.body.error.code]).toEqual([422, 'ATR-CONTROL-063']);
    expect(faulty.body.error.details.faults).toMatchObject([{ path: 'when.segment', code: 'unknown_segment' }]);
  });

  it('says the same over gRPC and on the command line', async () => {
    const asked = { workspace: 'shop', days: 2, sampleMax: 1 };
    const answer = await dryRunOverGrpc({ ...asked, trigger: { $case: 'name', value: 'welcome' } });
    expect(answer).toMatchObject({
      ...{ revision: 1, trigger: 'welcome', counts: { fired: 1, condition: 1, frequency: 1, undecided: 0 } },
      samples: [{ outcome: 'fired', profileId: 'ann' }, { outcome: 'condition' }, { outcome: 'frequency' }],
    });
    await expect(dryRunOverGrpc({ ...asked, trigger: undefined })).rejects.toMatchObject({ code: status.NOT_FOUND });
    const file = join(directory, 'trigger.yaml');
    writeFileSync(file, `${JSON.stringify({ ...welcome, delay: '1h' })}\n`);
    const lines = await command('triggers', 'dry-run', file, '--days', '1', '--sample', '1');
    expect(lines[0]).toContain('1 fired, 1 suppressed by condition, 1 by frequency, 0 undecided');
    expect(lines.at(-1)).toContain('delay and wait_for are not waited for');
    expect(await command('triggers', 'dry-run', 'welcome', '--json')).toHaveLength(1);
  });
});

describe('sweeps', () => {
  it('are shown as the owners of all partitions say', async () => {
    const sweep = { trigger: 't', segment: 's', activatedBy: 1, activatedAt: now, rows: 5, told: 2, finishedAt: now };
    const served = Array.from({ length: PARTITIONS }, (_, partition) =>
      serveAsk(control.link.read, askSubject('segment', partition), (question) => {
        expect(question).toEqual({ kind: 'sweeps', workspace: 'shop' });
        return { sweeps: partition === 0 ? [{ ...sweep, finishedAt: undefined }] : [sweep] };
      }),
    );
    const progress = {
      trigger: 't',
      segment: 's',
      revision: 1,
      partitions: 4,
      partitionsDone: 3,
      profiles: 20,
      members: 8,
    };
    expect((await ask('GET', '/v1/workspaces/shop/triggers/sweeps')).body).toMatchObject({ sweeps: [progress] });
    expect(JSON.parse((await command('triggers', 'sweeps')).join('\n'))).toMatchObject({ sweeps: [progress] });
    for (const each of served) each.stop();
  });
});

async function command(...words: string[]): Promise<string[]> {
  const lines: string[] = [];
  const terminal = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
  const environment = {
    ATTRIUM_CONTROL_URL: control.instances[0].httpUrl,
    ATTRIUM_ADMIN_KEY: control.bootstrap,
    ATTRIUM_WORKSPACE: 'shop',
    ATTRIUM_DATA: directory,
  };
  await attriumCommand(terminal, environment).parseAsync(words, { from: 'user' });
  return lines;
}

async function dryRunOverGrpc(request: triggerV1.DryRunTriggerRequest): Promise<triggerV1.DryRunTriggerResponse> {
  type Call = (
    request: triggerV1.DryRunTriggerRequest,
    metadata: Metadata,
    done: (fault: ServiceError | null, answer: triggerV1.DryRunTriggerResponse) => void,
  ) => void;
  const Client = makeClientConstructor(triggerV1.TriggerDryRunServiceService, 'Service');
  const client = new Client(control.instances[0].grpcUrl, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${control.bootstrap}`);
  try {
    return await new Promise((resolve, reject) => {
      (client as unknown as { dryRunTrigger: Call }).dryRunTrigger(request, metadata, (fault, answer) =>
        fault === null ? resolve(answer) : reject(fault),
      );
    });
  } finally {
    client.close();
  }
}
