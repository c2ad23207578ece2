/** Imports of static lists on a real nats-server: over REST, gRPC and the command line, with an identity that answers as the stage does. */
import { writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { attriumCommand } from '@attrium/control';
import { askSubject, type Event, eventsSubject, type Identifier, partitionOf } from '@attrium/event';
import { serveAsk } from '@attrium/nats';
import { decodePack } from '@attrium/processor';
import { segmentV1 } from '@attrium/proto';
import { type Client, credentials, Metadata, makeClientConstructor, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningControl, runControl, SHARDS } from './running-control.js';

const CATALOGUE = {
  segments: [
    { name: 'vips', of: 'user', static: true },
    { name: 'staff', of: 'user', static: true },
    { name: 'rest', of: 'user', where: { not: { segment: 'vips' } } },
  ],
};
const SHARD = partitionOf('shop', SHARDS);

let control: RunningControl;
let identity: { stop(): void };

beforeAll(async () => {
  control = await runControl({ ATTRIUM_IMPORT_ROWS_PER_SECOND: '100000', ATTRIUM_ASK_TIMEOUT_MS: '10000' });
  const given = { body: CATALOGUE, headers: { 'if-match': '0' } };
  expect((await control.request('PUT', '/v1/workspaces/shop/catalogue', given)).status).toBe(200);
  identity = serveAsk(control.link.read, askSubject('identity', SHARD), (question) => {
    const { kind, identifiers } = question as { kind: string; identifiers: Identifier[] };
    if (kind !== 'match') return null;
    return { matches: identifiers.map(({ value }) => (value.startsWith('u') ? { id: value } : { why: 'unknown' })) };
  });
  await control.link.read.flush();
}, 240_000);
afterAll(async () => {
  identity?.stop();
  await control?.stop();
});

const path = (list: string, mode?: string): string =>
  `/v1/workspaces/shop/segments/${list}/import${mode === undefined ? '' : `?mode=${mode}`}`;
const post = (list: string, mode: string, body: string, headers = { 'content-type': 'text/csv' }) =>
  control.request('POST', path(list, mode), { body, headers });

/** All events of imports of a list in the log, in their order. */
async function sent(list: string): Promise<Event[]> {
  const last = await control.log.last(eventsSubject(SHARD));
  if (last === undefined) return [];
  const reader = control.log.read('attrium-events', {
    ...{ subjects: [eventsSubject(SHARD)], fromSequence: 1, wake: () => {} },
    failed: (error) => {
      throw error;
    },
  });
  const events: Event[] = [];
  for (let sequence = 0; sequence < last.sequence; ) {
    const message = reader.next();
    if (message === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    else {
      sequence = message.sequence;
      for (const record of decodePack(message.payload).records) if (record.kind === 'event') events.push(record);
    }
  }
  await reader.close();
  return events.filter(({ name }) => name === `$list:${list}`);
}

const shown = (events: readonly Event[]): string[] =>
  events.map(({ identifiers: [identifier], payload }) => {
    const { member } = JSON.parse(Buffer.from(payload).toString()).properties;
    return `${member ? '+' : '-'}${identifier!.type}:${identifier!.value}`;
  });

describe('an import', () => {
  it('over REST sends its events to the head of the line, tells what did not match, and is remembered', async () => {
    expect((await control.request('GET', path('vips'))).body).toEqual({ import: null });
    const done = await post('vips', 'append', 'user_id\nu1\nu2\nnobody\nu1\n');
    expect([done.status, done.body]).toEqual([
      200,
      {
        ...{ list: 'vips', mode: 'append', state: 'finished', at: expect.any(String), removed: 0 },
        ...{ rows: 4, matched: 2, repeated: 1, unmatched: 1, unmatchedByReason: { unknown: 1 } },
        unmatchedRows: [{ line: 4, identifier: 'user_id:nobody', reason: 'unknown' }],
      },
    ]);
    expect((await control.request('GET', path('vips'), { instance: 1 })).body).toEqual({ import: done.body });
    const replaced = await control.request('POST', path('vips', 'replace'), {
      ...{ body: 'identifier\nemail:u2\nuser_id:u3\n', headers: { 'content-type': 'text/csv' }, instance: 1 },
    });
    expect(replaced.body).toMatchObject({ matched: 2, removed: 1 });
    expect(shown(await sent('vips'))).toEqual([
      ...['+user_id:u1', '+user_id:u2'],
      ...['+email:u2', '+user_id:u3', '-profile_id:u1'],
    ]);
  });

  it('is refused for others, for what is no list, in another form, and while no owner answers for identity', async () => {
    const codeOf = ({ status, body }: { status: number; body: { error: { code: string } } }) => [
      status,
      body.error.code,
    ];
    expect(codeOf(await post('vips', 'other', 'user_id\n'))).toEqual([400, 'ATR-CONTROL-011']);
    expect(codeOf(await post('vips', 'append', '{}', { 'content-type': 'application/json' }))).toEqual([
      ...[400, 'ATR-CONTROL-011'],
    ]);
    expect(codeOf(await post('rest', 'append', 'user_id\n'))).toEqual([409, 'ATR-CONTROL-058']);
    expect(codeOf(await post('none', 'append', 'user_id\n'))).toEqual([404, 'ATR-CONTROL-054']);
    const { key } = await control.newKey('shop', 'read');
    const given = { key, body: 'user_id\n', headers: { 'content-type': 'text/csv' } };
    expect((await control.request('POST', path('vips', 'append'), given)).status).toBe(403);
    expect((await control.request('GET', path('vips'), { key })).status).toBe(200);
    const put = { body: CATALOGUE, headers: { 'if-match': '0' } };
    await control.request('PUT', '/v1/workspaces/bank/catalogue', put);
    const { status: silent } = await control.request('POST', '/v1/workspaces/bank/segments/vips/import?mode=append', {
      ...{ body: 'user_id\nu1\n', headers: { 'content-type': 'text/csv' } },
    });
    expect(silent).toBe(partitionOf('bank', SHARDS) === SHARD ? 200 : 503);
  });

  it('whose sender breaks off in the middle is broken off, and not taken for the whole', async () => {
    const sending = httpRequest(`${control.instances[0].httpUrl}${path('staff', 'replace')}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${control.bootstrap}`, 'content-type': 'text/csv' },
    });
    sending.on('error', () => {});
    sending.write('user_id\nu1\n');
    const stateOf = async () => (await control.request('GET', path('staff'))).body.import?.state;
    for (const state of ['running', 'broken_off']) {
      for (let tries = 0; (await stateOf()) !== state; tries++) {
        expect(tries).toBeLessThan(200);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      sending.destroy();
    }
    expect(await sent('staff')).toEqual([]);
  }, 30_000);

  it('comes from a file over the command line', async () => {
    const file = join(control.directory, 'list.csv');
    const rows = Array.from({ length: 30_000 }, (_, index) => (index % 10 === 9 ? `x${index}` : `u${index}`));
    writeFileSync(file, `name,user_id\n${rows.map((row) => `"A, B",${row}\n`).join('')}`);
    const lines: string[] = [];
    const terminal = { out: (line: string) => lines.push(line), err: () => {} };
    const environment = {
      ATTRIUM_CONTROL_URL: control.instances[0].httpUrl,
      ATTRIUM_ADMIN_KEY: control.bootstrap,
      ATTRIUM_WORKSPACE: 'shop',
      ATTRIUM_DATA: control.directory,
    };
    const run = async (...words: string[]) => {
      lines.length = 0;
      await attriumCommand(terminal, environment).parseAsync(['segments', ...words], { from: 'user' });
      return JSON.parse(lines.join('\n'));
    };
    const done = await run('import', 'staff', file, '--mode', 'append');
    expect(done).toMatchObject({ rows: 30_000, matched: 27_000, unmatched: 3_000 });
    expect(done.unmatchedRows).toHaveLength(1_000);
    expect(await run('import-status', 'staff')).toEqual({ import: done });
    writeFileSync(file, 'user_id\nu1\n');
    expect(await run('import', 'staff', file, '--mode', 'replace')).toMatchObject({ matched: 1, removed: 26_999 });
    expect(new Set((await sent('staff')).map(({ id }) => id)).size).toBe(27_000 + 27_000);
  }, 120_000);
});

describe('an import over gRPC', () => {
  interface Sending {
    write(message: object): void;
    end(): void;
    cancel(): void;
  }
  type ListClient = Client & {
    importList(metadata: Metadata, done: (fault: ServiceError | null, answer: unknown) => void): Sending;
    getListImport(
      message: object,
      metadata: Metadata,
      done: (fault: ServiceError | null, answer: unknown) => void,
    ): void;
  };
  let client: ListClient;
  const bearer = (key: string): Metadata => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${key}`);
    return metadata;
  };
  beforeAll(() => {
    const Service = makeClientConstructor(segmentV1.StaticListServiceService, 'StaticListService');
    client = new Service(control.instances[0].grpcUrl, credentials.createInsecure()) as never;
  });
  afterAll(() => client?.close());

  const importing = (head: object, parts: readonly string[], more: { key?: string; gives?: 'up' } = {}) =>
    new Promise<segmentV1.ImportListResponse>((resolve, reject) => {
      const call = client.importList(bearer(more.key ?? control.bootstrap), (fault, answer) =>
        fault === null ? resolve(answer as segmentV1.ImportListResponse) : reject(fault),
      );
      call.write({ workspace: 'shop', list: 'vips', mode: 'replace', csv: Buffer.alloc(0), ...head });
      for (const part of parts) call.write({ workspace: '', list: '', mode: '', csv: Buffer.from(part) });
      if (more.gives === 'up') void untilLast('running').then(() => call.cancel());
      else call.end();
    });
  const last = () =>
    new Promise<segmentV1.GetListImportResponse>((resolve, reject) => {
      client.getListImport({ workspace: 'shop', list: 'vips' }, bearer(control.bootstrap), (fault, answer) =>
        fault === null ? resolve(answer as segmentV1.GetListImportResponse) : reject(fault),
      );
    });

  async function untilLast(state: string): Promise<void> {
    for (let tries = 0; (await last()).import?.state !== state; tries++) {
      if (tries === 200) throw new Error(`no import is ${state}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  it('takes the text in many messages, and tells as REST does', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => `u${index}\n`);
    const done = await importing({}, ['user', '_id\nnobody\n', ...rows]);
    expect(done.import).toMatchObject({ list: 'vips', state: 'finished', rows: 20_001, matched: 20_000, unmatched: 1 });
    expect(done.import!.unmatchedRows).toEqual([{ line: 2, identifier: 'user_id:nobody', reason: 'unknown' }]);
    expect((await last()).import).toEqual(done.import);
  }, 120_000);

  it('that the client gives up is broken off, and not taken for the whole', async () => {
    const giving = expect(importing({}, ['user_id\nu1\n'], { gives: 'up' })).rejects;
    await giving.toMatchObject({ code: status.CANCELLED });
    await untilLast('broken_off');
    expect((await sent('vips')).map(({ identifiers: [identifier] }) => identifier!.value).at(-1)).not.toBe('u1');
  }, 30_000);

  it('is refused with the codes of gRPC', async () => {
    const refused = (head: object, key?: string) =>
      expect(importing(head, ['user_id\nu1\n'], key === undefined ? {} : { key })).rejects;
    await refused({ list: 'none' }).toMatchObject({ code: status.NOT_FOUND });
    await refused({ list: 'rest' }).toMatchObject({ code: status.ABORTED });
    await refused({ mode: '' }).toMatchObject({ code: status.INVALID_ARGUMENT });
    await refused({}, 'nonsense').toMatchObject({ code: status.UNAUTHENTICATED });
    await refused({}, (await control.newKey('bank', 'admin')).key).toMatchObject({ code: status.PERMISSION_DENIED });
  });
});
