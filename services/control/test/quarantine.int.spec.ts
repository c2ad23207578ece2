/** The quarantine over REST, gRPC and the command line, on a real nats-server: decisions are in the log, and an owner reads them there. */
import { attriumCommand } from '@attrium/control';
import { askSubject, partitionOf, type QuarantineDecided, quarantineSubject, streamOf } from '@attrium/event';
import { serveAsk } from '@attrium/nats';
import { decodePack, type LogReader } from '@attrium/processor';
import { identityV1 } from '@attrium/proto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callGrpc } from './grpc-call.js';
import { type RunningControl, runControl, SHARDS } from './running-control.js';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const shard = partitionOf('shop', SHARDS);
const iso = (ms: number): string => new Date(ms).toISOString();

let control: RunningControl;
let owner: { stop(): void };
let log: LogReader;
/** The owner has stopped reading. */
let isBehind = false;
let isFull = false;
const decisions: QuarantineDecided[] = [];

const unique = (name: string) => ({ type: 'email', value: `${name}@example.com` });
const textOf = (name: string): string => encodeURIComponent(`email:${name}@example.com`);

/** The last decision about an identifier that the owner has read. */
function decided(value: string): QuarantineDecided | undefined {
  for (let message = isBehind ? undefined : log.next(); message !== undefined; message = log.next()) {
    for (const record of decodePack(message.payload).records) {
      if (record.kind === 'quarantine-decided') decisions.push(record);
    }
  }
  return isBehind ? undefined : decisions.findLast(({ identifier }) => identifier.value === value);
}

function entryOf(name: string) {
  const last = decided(unique(name).value);
  const held = { heldAt: 1_000, lastAt: 2_000, events: 7, profileIds: last === undefined ? ['p-2', 'p-3'] : [] };
  return {
    ...{ identifier: unique(name), profileId: 'p-1', ...held, unremembered: 2 },
    status: last === undefined ? 'held' : last.decision === 'release' ? 'released' : 'refused',
    ...(last === undefined ? {} : { decidedBy: last.author, decidedAt: 9_000 }),
  };
}

/** What identity would say: each of the names has an email in quarantine. */
function identity(question: unknown): unknown {
  const asked = question as { kind: string; status: string; after: number; limit: number } & {
    identifier: { value: string };
  };
  if (asked.kind === 'quarantined') {
    const name = NAMES.find((each) => unique(each).value === asked.identifier.value);
    return name === undefined ? null : { ...entryOf(name), decidable: !isFull };
  }
  const all = NAMES.map(entryOf);
  const entries = all.filter((entry, index) => entry.status === asked.status && index >= asked.after);
  const page = entries.slice(0, asked.limit);
  const next = page.length < entries.length ? { next: all.indexOf(page.at(-1)!) + 1 } : {};
  const held = all.filter((entry) => entry.status === 'held').length;
  return { entries: page, ...next, held, decided: all.length - held, unlisted: 3 };
}

beforeAll(async () => {
  control = await runControl();
  log = control.log.read(streamOf('events'), {
    subjects: [quarantineSubject(shard, 'shop')],
    fromSequence: 1,
    wake: () => {},
    failed: (error) => {
      throw error;
    },
  });
  owner = serveAsk(control.link.read, askSubject('identity', shard), identity);
  await control.link.read.flush();
}, 240_000);

afterAll(async () => {
  owner?.stop();
  await log?.close();
  await control?.stop();
});

const ask = async (method: string, path: string, key?: string): Promise<unknown[]> => {
  const given = key === undefined ? {} : { key };
  const answer = await control.request(method, `/v1/workspaces/shop/quarantine${path}`, given);
  return [answer.status, answer.body.error?.code ?? answer.body];
};

async function attrium(...args: string[]): Promise<unknown> {
  const lines: string[] = [];
  const terminal = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
  const env = {
    ATTRIUM_CONTROL_URL: control.instances[0].httpUrl,
    ATTRIUM_ADMIN_KEY: control.bootstrap,
    ATTRIUM_WORKSPACE: 'shop',
    ATTRIUM_DATA: control.directory,
  };
  await attriumCommand(terminal, env).parseAsync(['identity', 'quarantine', ...args], { from: 'user' });
  return JSON.parse(lines.join('\n'));
}

const call = <T>(method: string, message: object, key?: string): Promise<T> =>
  callGrpc<T>(
    control,
    { service: identityV1.QuarantineServiceService, method, key },
    { workspace: 'shop', ...message },
  );

const shown = {
  identifier: unique('a'),
  ...{ status: 'held', profileId: 'p-1', heldAt: iso(1_000), lastAt: iso(2_000) },
  ...{ events: 7, profileIds: ['p-2', 'p-3'], unremembered: 2 },
};

describe('the quarantine', () => {
  it('is listed page by page, of one status', async () => {
    const [code, first] = await ask('GET', '?limit=3');
    expect(code).toBe(200);
    expect(first).toMatchObject({ next: '3', held: 7, decided: 0, unlisted: 3 });
    expect((first as { identifiers: unknown[] }).identifiers[0]).toEqual(shown);
    const values = (page: unknown): string[] =>
      (page as { identifiers: { identifier: { value: string } }[] }).identifiers.map((each) => each.identifier.value);
    expect(values(first)).toEqual(['a', 'b', 'c'].map((name) => unique(name).value));
    const rest = await attrium('list', '--after', '3', '--limit', '100');
    expect(values(rest)).toEqual(['d', 'e', 'f', 'g'].map((name) => unique(name).value));
    expect(rest).not.toHaveProperty('next');
    expect(await ask('GET', '?status=refused')).toEqual([200, { identifiers: [], held: 7, decided: 0, unlisted: 3 }]);
    // Unspecified, and held.
    for (const wanted of [0, 1]) {
      const page = await call<identityV1.ListQuarantineResponse>('listQuarantine', {
        status: wanted,
        pageSize: 2,
        pageToken: '',
      });
      expect(page).toMatchObject({ nextPageToken: '2', held: 7, decided: 0, unlisted: 3 });
      expect(page.identifiers[0]).toMatchObject({ identifier: unique('a'), status: 1, heldAt: 1_000, decidedBy: '' });
    }
  });

  it.each(['?status=lost', '?limit=0', '?limit=1001', '?after=x'])('is not listed with %s', async (query) => {
    expect(await ask('GET', query)).toEqual([400, 'ATR-CONTROL-011']);
  });

  it('is shown to those who may read, and decided about by those who may change', async () => {
    const { key } = await control.newKey('shop', 'read', 'watcher');
    expect((await ask('GET', '', key))[0]).toBe(200);
    expect(await ask('POST', `/${textOf('a')}/release`, key)).toEqual([403, 'ATR-HOST-014']);
    const other = await control.newKey('bank', 'admin');
    expect(await ask('GET', '', other.key)).toEqual([403, 'ATR-HOST-013']);
    await expect(call('refuseIdentifier', { identifier: unique('a') }, key)).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
    });
    expect(decisions).toEqual([]);
  });
});

describe('a decision', () => {
  it('is a record in events, once, and answered when the owner has come to it', async () => {
    const { key } = await control.newKey('shop', 'admin', 'ops');
    const released = { ...shown, status: 'released', profileIds: [], decidedBy: 'ops', decidedAt: iso(9_000) };
    for (let times = 0; times < 2; times++) {
      expect(await ask('POST', `/${textOf('a')}/release`, key)).toEqual([200, { ...released, applied: true }]);
    }
    expect(decisions).toMatchObject([
      { workspace: 'shop', identifier: unique('a'), decision: 'release', author: 'ops' },
    ]);
    expect(Math.abs(decisions[0]!.decidedAt - Date.now())).toBeLessThan(60_000);
    expect(await ask('GET', '?status=released')).toMatchObject([200, { identifiers: [released], held: 6, decided: 1 }]);
  });

  it('can be made by the command line and over gRPC, and changed', async () => {
    expect(await attrium('refuse', 'email:b@example.com')).toMatchObject({ status: 'refused', applied: true });
    expect(await attrium('release', 'email:b@example.com')).toMatchObject({ status: 'released', applied: true });
    const answer = await call<identityV1.RefuseIdentifierResponse>('refuseIdentifier', { identifier: unique('c') });
    expect(answer).toMatchObject({
      applied: true,
      identifier: { status: 3, decidedBy: 'bootstrap', decidedAt: 9_000 },
    });
    expect(await call('releaseIdentifier', { identifier: unique('d') })).toMatchObject({ identifier: { status: 2 } });
    expect(new Set(decisions.map(({ id }) => id)).size).toBe(decisions.length);
  });

  it('about what was never held is a fault, and so is one too many', async () => {
    const before = decisions.length;
    expect(await ask('POST', '/user_id:nobody/release')).toEqual([404, 'ATR-CONTROL-032']);
    expect(await ask('POST', '/nobody/refuse')).toEqual([400, 'ATR-CONTROL-013']);
    await expect(attrium('release', 'user_id:nobody')).rejects.toThrow(/ATR-CONTROL-032/);
    const nobody = call('refuseIdentifier', { identifier: { type: 'user_id', value: 'nobody' } });
    await expect(nobody).rejects.toMatchObject({ code: status.NOT_FOUND });
    isFull = true;
    expect(await ask('POST', `/${textOf('e')}/refuse`)).toEqual([409, 'ATR-CONTROL-014']);
    isFull = false;
    expect(entryOf('e').status).toBe('held');
    expect(decisions).toHaveLength(before);
  });

  it('that the owner has not come to yet is told as such, and is not lost', async () => {
    isBehind = true;
    expect(await ask('POST', `/${textOf('f')}/release`)).toMatchObject([202, { status: 'held', applied: false }]);
    isBehind = false;
    expect(entryOf('f').status).toBe('released');
  });
});
