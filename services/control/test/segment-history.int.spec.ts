/** The history of memberships in the real engine: held to a plain walk over drawn intervals, and asked over REST and gRPC. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClickHouse, migrate, openClickHouse } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { attriumCommand } from '@attrium/control';
import { askSubject, partitionOf } from '@attrium/event';
import { serveAsk } from '@attrium/nats';
import { segmentV1 } from '@attrium/proto';
import { Random } from '@attrium/testing/simulation';
import { type Client, credentials, Metadata, makeClientConstructor, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MembershipTables } from '../src/clients/membership-tables.js';
import { SegmentTables } from '../src/clients/segment-tables.js';
import { Tables } from '../src/clients/tables.js';
import { type Interval, intervalAt } from '../src/domain/membership-intervals.js';
import { SegmentHistory } from '../src/segment-history.js';
import { type RunningControl, runControl, SHARDS } from './running-control.js';

const START = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const SEGMENTS = ['red', 'blue', 'green'];
const CATALOGUE = {
  attributes: [
    { name: 'plan', kind: 'user', type: 'string', from: [{ trait: 'plan' }] },
    { name: 'age', kind: 'user', type: 'number', from: [{ trait: 'age' }] },
  ],
  segments: SEGMENTS.map((name) => ({ name, of: 'user', where: { attribute: 'plan', equals: name } })),
};

let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;
let control: RunningControl;
let history: SegmentHistory;

interface Person {
  readonly id: string;
  /** Was merged into it, while in nothing. */
  readonly loser: string | undefined;
  readonly of: ReadonlyMap<string, readonly Interval[]>;
}

const people = drawPeople(new Random(7), 60);
const isoText = (ms: number): string => new Date(ms).toISOString();
const rowTime = (ms: number): string => isoText(ms).replace('T', ' ').replace('Z', '');
const wasIn = ({ of }: Person, segment: string, at: number): boolean =>
  intervalAt(of.get(segment) ?? [], at) !== undefined;

function drawPeople(random: Random, count: number): Person[] {
  return Array.from({ length: count }, (_, index) => {
    const drawn = SEGMENTS.filter(() => random.chance(0.7)).map((segment): [string, Interval[]] => {
      const times = Array.from({ length: 1 + random.int(4) }, () => START + random.int(200) * HOUR_MS);
      const sorted = [...new Set(times)].sort((a, b) => a - b);
      const intervals = sorted.flatMap((from, at) => (at % 2 === 0 ? [{ from, to: sorted[at + 1] }] : []));
      return [segment, intervals];
    });
    const id = `p${String(index).padStart(3, '0')}`;
    return { id, loser: random.chance(0.3) ? `l${index}` : undefined, of: new Map(drawn) };
  });
}

/** Of those that someone was merged into, closed intervals are the loser's. */
async function insertPeople(): Promise<void> {
  const { client } = clickhouse;
  const insert = (table: string, values: object[]) => client.insert({ table, values, format: 'JSONEachRow' });
  const head = { workspace_id: 'shop', kind: 'profile', partition: 0, row_index: 0 };
  const profiles: object[] = [];
  const changes: object[] = [];
  const members: object[] = [];
  const values: object[] = [];
  let sequence = 0;
  const change = (id: string, segment: string, kind: string, before: number | undefined, after: number | undefined) => {
    const time = rowTime(before ?? after!);
    const times = { effective_at: time, recorded_at: time };
    const nested = {
      'changes.segment': [segment],
      'changes.change': [kind],
      'changes.before': [before === undefined ? null : rowTime(before)],
      'changes.after': [after === undefined ? null : rowTime(after)],
    };
    changes.push({ ...head, profile_id: id, sequence: ++sequence, reason: 'event', cause: 'e', ...times, ...nested });
  };
  for (const { id, loser, of } of people) {
    const version = { ...head, version: 1, occurred_at: rowTime(START) };
    profiles.push({ ...version, profile_id: id });
    if (loser !== undefined) profiles.push({ ...version, profile_id: loser, merged_into: id });
    values.push({
      ...head,
      profile_id: id,
      name: 'plan',
      type: 'string',
      value: JSON.stringify(`a "b", ${id}`),
      sequence: 1,
    });
    for (const [segment, intervals] of of) {
      for (const { from, to } of intervals) {
        const whose = to === undefined ? id : (loser ?? id);
        change(whose, segment, 'entered', undefined, from + HOUR_MS / 2);
        change(whose, segment, 'corrected', from + HOUR_MS / 2, from);
        if (to !== undefined) change(whose, segment, 'exited', to, undefined);
        else members.push({ ...head, segment, profile_id: id, since: rowTime(from), sequence: 1 });
      }
    }
  }
  await insert('profiles', profiles);
  await insert('membership_changes', changes);
  await insert('memberships', members);
  await insert('attributes', values);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-history-'));
  server = await startEmbeddedClickHouse({ directory, port: 0 });
  clickhouse = openClickHouse({ url: server.url });
  for (const service of ['identity', 'attribute-compute', 'segment']) {
    const migrations = fileURLToPath(new URL(`../../${service}/migrations`, import.meta.url));
    await migrate(clickhouse, { service, directory: migrations });
  }
  await insertPeople();
  control = await runControl({ CLICKHOUSE_URL: server.url });
  const given = { body: CATALOGUE, headers: { 'if-match': '0' } };
  expect((await control.request('PUT', '/v1/workspaces/shop/catalogue', given)).status).toBe(200);
  const limits = { timeoutMs: 20_000, rowsMax: 1_000_000, largeAtOnceMax: 4 };
  const tables = new Tables({ clickhouse, limits });
  const current = async () => ({ revision: 1, json: JSON.stringify(CATALOGUE), author: 'a', activatedAt: 0 });
  const parts = { memberships: new MembershipTables(tables), segments: new SegmentTables(tables) };
  history = new SegmentHistory({ catalogues: { current }, ...parts });
}, 240_000);

afterAll(async () => {
  await control?.stop();
  await clickhouse?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

const ask = async (path: string) => (await control.request('GET', `/v1/workspaces/shop/segments/${path}`)).body;

describe('the history of memberships', () => {
  it('has the intervals of a profile, those of who was merged into it among them', async () => {
    for (const { id, of } of people.slice(0, 20)) {
      const all = await history.intervals('shop', id, '');
      const expected = SEGMENTS.filter((segment) => of.has(segment)).sort();
      expect([id, [...all]]).toEqual([id, expected.map((segment) => [segment, of.get(segment)])]);
      expect([...(await history.intervals('shop', id, 'red')).keys()]).toEqual(of.has('red') ? ['red'] : []);
    }
  });

  it('counts members over time', async () => {
    const instants = { from: START + 20 * HOUR_MS, stepMs: 7 * HOUR_MS, count: 30 };
    const { at, segments } = await history.timeline('shop', SEGMENTS, instants);
    expect(at).toHaveLength(30);
    for (const { segment, members } of segments) {
      expect([segment, members]).toEqual([
        segment,
        at.map((instant) => people.filter((person) => wasIn(person, segment, instant)).length),
      ]);
    }
    const body = await ask(`timeline?segments=red&from=${isoText(instants.from)}&to=${isoText(at[2]!)}&step=7h`);
    expect(body).toEqual({
      at: at.slice(0, 3).map(isoText),
      segments: [{ name: 'red', members: segments[0]!.members.slice(0, 3) }],
    });
  });

  it('counts every combination of segments', async () => {
    const end = START + 1_000 * HOUR_MS;
    const { overlaps } = await ask('overlap?segments=red,blue,green');
    expect(overlaps).toHaveLength(7);
    for (const { segments, members, only } of overlaps as { segments: string[]; members: number; only: number }[]) {
      const all = people.filter((person) => segments.every((segment) => wasIn(person, segment, end)));
      const others = SEGMENTS.filter((segment) => !segments.includes(segment));
      const alone = all.filter((person) => !others.some((segment) => wasIn(person, segment, end)));
      expect([segments, members, only]).toEqual([segments, all.length, alone.length]);
    }
  });

  it('lists who entered and left, the latest first, page by page', async () => {
    const whole = await ask('red/changes?limit=1000');
    const times = whole.changes.map(({ recordedAt }: { recordedAt: string }) => recordedAt);
    expect(times.length).toBeGreaterThan(30);
    expect(times).toEqual([...times].sort().reverse());
    const paged: unknown[] = [];
    for (let after = ''; ; ) {
      const page = await ask(`red/changes?limit=7&after=${after}`);
      paged.push(...page.changes);
      if (page.next === undefined) break;
      after = page.next;
    }
    expect(paged).toEqual(whole.changes);
    const from = times[10]!;
    expect((await ask(`red/changes?limit=1000&from=${from}`)).changes).toEqual(
      whole.changes.filter(({ recordedAt }: { recordedAt: string }) => recordedAt >= from),
    );
  });

  it('exports members with values of attributes as CSV, over REST and on the command line', async () => {
    const members = people.flatMap(({ id, of }) => {
      const since = of.get('red')?.find(({ to }) => to === undefined)?.from;
      return since === undefined ? [] : [`${id},${isoText(since)},"a ""b"", ${id}",`];
    });
    const expected = ['profile_id,since,plan,age', ...members, ''].join('\r\n');
    const url = `${control.instances[0].httpUrl}/v1/workspaces/shop/segments/red/members.csv?attributes=plan,age`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${control.bootstrap}` } });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(await response.text()).toBe(expected);
    const lines: string[] = [];
    const terminal = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
    const environment = {
      ATTRIUM_CONTROL_URL: control.instances[0].httpUrl,
      ATTRIUM_ADMIN_KEY: control.bootstrap,
      ATTRIUM_WORKSPACE: 'shop',
      ATTRIUM_DATA: directory,
    };
    const output = join(directory, 'red.csv');
    const words = ['segments', 'export', 'red', '--attributes', 'plan,age'];
    await attriumCommand(terminal, environment).parseAsync([...words, '--output', output], { from: 'user' });
    expect(await readFile(output, 'utf8')).toBe(expected);
    await attriumCommand(terminal, environment).parseAsync(words, { from: 'user' });
    expect(lines).toEqual(expected.split('\r\n').slice(0, -1));
  });

  it('is refused for what is not there, and for too much', async () => {
    const code = async (path: string) => (await ask(path)).error.code;
    expect(await code('overlap?segments=red')).toBe('ATR-CONTROL-011');
    expect(await code('overlap?segments=red,none')).toBe('ATR-CONTROL-054');
    expect(await code('timeline?segments=red&from=2026-01-01&to=2026-02-01&step=1m')).toBe('ATR-CONTROL-011');
    expect(await code('timeline?segments=red&from=yesterday')).toBe('ATR-CONTROL-011');
    expect(await code('none/changes')).toBe('ATR-CONTROL-054');
    expect(await code('red/changes?after=x')).toBe('ATR-CONTROL-011');
    expect(await code('red/members.csv?attributes=none')).toBe('ATR-CONTROL-011');
    expect(await code('none/members.csv')).toBe('ATR-CONTROL-054');
  });
});

describe('the history of memberships over gRPC', () => {
  type Call = (
    message: object,
    metadata: Metadata,
    done: (fault: ServiceError | null, answer: unknown) => void,
  ) => void;
  let client: Client;
  let identity: { stop(): void };

  beforeAll(async () => {
    const Service = makeClientConstructor(segmentV1.SegmentAnalyticsServiceService, 'SegmentAnalyticsService');
    client = new Service(control.instances[0].grpcUrl, credentials.createInsecure());
    // Identity knows whom the merged ones are of.
    identity = serveAsk(control.link.read, askSubject('identity', partitionOf('shop', SHARDS)), (question) => {
      const { profileId } = question as { profileId: string };
      const found = people.find(({ id, loser }) => id === profileId || loser === profileId);
      return found === undefined ? null : { profileId: found.id, ordinal: 1, partition: 0, identifiers: [] };
    });
    await control.link.read.flush();
  });
  afterAll(() => {
    identity?.stop();
    client?.close();
  });

  function call<T>(method: string, message: object, key = control.bootstrap): Promise<T> {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${key}`);
    return new Promise<T>((done, failed) => {
      const invoke = (client as unknown as Record<string, Call>)[method]!.bind(client);
      invoke({ workspace: 'shop', from: 0, pageSize: 0, pageToken: '', ...message }, metadata, (fault, answer) =>
        fault === null ? done(answer as T) : failed(fault),
      );
    });
  }

  it('says whether a profile was in a segment at any instant, also of one that was merged away', async () => {
    const merged = people.find(({ loser, of }) => loser !== undefined && of.has('red'))!;
    const others = people.filter(({ of }) => of.has('red')).slice(0, 4);
    for (const person of [merged, ...others]) {
      const edges = person.of.get('red')!.flatMap(({ from, to }) => [from - 1, from, (to ?? from) - 1, to ?? from]);
      for (const at of edges) {
        const interval = intervalAt(person.of.get('red')!, at);
        const expected = { profileId: person.id, member: interval !== undefined, interval };
        for (const profileId of [person.id, ...(person.loser === undefined ? [] : [person.loser])]) {
          expect(await call('wasMember', { profileId, segment: 'red', at })).toEqual(expected);
        }
      }
    }
  });

  it('tells all intervals of a profile, of one segment or of all', async () => {
    for (const { id: profileId, of } of people.slice(0, 10)) {
      const expected = [...of]
        .map(([segment, intervals]) => ({ segment, intervals }))
        .sort((a, b) => (a.segment < b.segment ? -1 : 1));
      const asked = { profileId, segment: '' };
      expect(await call('getMembershipHistory', asked)).toEqual({ profileId, memberships: expected });
      expect(await call('getMembershipHistory', { ...asked, segment: 'blue' })).toEqual({
        profileId,
        memberships: expected.filter(({ segment }) => segment === 'blue'),
      });
    }
  });

  it('counts combinations and sizes over time as REST does', async () => {
    const { overlaps } = await ask('overlap?segments=red,blue,green');
    expect(await call('getSegmentOverlap', { segments: SEGMENTS })).toEqual({ overlaps });
    const [from, stepMs, to] = [START + 20 * HOUR_MS, 7 * HOUR_MS, START + 90 * HOUR_MS];
    const answer = await call<segmentV1.GetSegmentTimelineResponse>('getSegmentTimeline', {
      ...{ segments: ['red', 'blue'], from, to, stepMs },
    });
    expect(answer.at).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((step) => from + step * stepMs));
    expect(answer.timelines).toEqual(
      ['red', 'blue'].map((segment) => ({
        segment,
        members: answer.at.map((at) => people.filter((person) => wasIn(person, segment, at)).length),
      })),
    );
  });

  it('lists changes and members page by page, as REST has them whole', async () => {
    async function pages<T>(method: string, message: object, listed: string): Promise<T[]> {
      const all: T[] = [];
      for (let pageToken = ''; ; ) {
        const page = await call<Record<string, T[]> & { nextPageToken: string }>(method, {
          ...{ pageSize: 7, pageToken, from: 0, ...message },
        });
        expect(page[listed]!.length).toBeLessThanOrEqual(7);
        all.push(...page[listed]!);
        if (page.nextPageToken === '') return all;
        pageToken = page.nextPageToken;
      }
    }
    const changes = await pages<segmentV1.MembershipChange>('listMembershipChanges', { segment: 'red' }, 'changes');
    const { changes: expected } = await ask('red/changes?limit=1000');
    expect(
      changes.map(({ before, after, effectiveAt, recordedAt, ...rest }) => ({
        ...rest,
        ...(before === undefined ? {} : { before: isoText(before) }),
        ...(after === undefined ? {} : { after: isoText(after) }),
        ...{ effectiveAt: isoText(effectiveAt), recordedAt: isoText(recordedAt) },
      })),
    ).toEqual(expected);
    const members = await pages('listMemberValues', { segment: 'red', attributes: ['plan', 'age'] }, 'members');
    expect(members).toEqual(
      people.flatMap(({ id: profileId, of }) => {
        const since = of.get('red')?.find(({ to }) => to === undefined)?.from;
        const valuesJson = { plan: JSON.stringify(`a "b", ${profileId}`) };
        return since === undefined ? [] : [{ profileId, since, valuesJson }];
      }),
    );
  });

  it('is refused for who and what is not there, for too much, and to others', async () => {
    const code = (method: string, message: object, key?: string): Promise<number> =>
      call(method, message, key).then(
        () => status.OK,
        ({ code: answered }: ServiceError) => answered,
      );
    const was = { profileId: people[0]!.id, segment: 'red', at: START };
    expect(await code('wasMember', was)).toBe(status.OK);
    expect(await code('wasMember', { ...was, segment: '' })).toBe(status.INVALID_ARGUMENT);
    expect(await code('wasMember', { ...was, profileId: 'none' })).toBe(status.NOT_FOUND);
    expect(await code('wasMember', was, 'nonsense')).toBe(status.UNAUTHENTICATED);
    const { key } = await control.newKey('bank', 'admin');
    const span = { segments: ['red'], from: START, to: START + 1_000, stepMs: 1_000 };
    for (const [method, message] of [
      ['wasMember', was],
      ['getMembershipHistory', was],
      ['getSegmentOverlap', { segments: SEGMENTS }],
      ['getSegmentTimeline', span],
      ['listMembershipChanges', { segment: 'red' }],
      ['listMemberValues', { segment: 'red', attributes: [] }],
    ] as const) {
      expect([method, await code(method, message, key)]).toEqual([method, status.PERMISSION_DENIED]);
    }
    expect(await code('getSegmentOverlap', { segments: ['red'] })).toBe(status.INVALID_ARGUMENT);
    expect(await code('getSegmentOverlap', { segments: ['red', 'none'] })).toBe(status.NOT_FOUND);
    expect(await code('getSegmentTimeline', { ...span, to: START + 1_001_000 })).toBe(status.INVALID_ARGUMENT);
    expect(await code('listMembershipChanges', { segment: 'red', pageToken: 'x' })).toBe(status.INVALID_ARGUMENT);
    expect(await code('listMembershipChanges', { segment: 'red', pageSize: 1_001 })).toBe(status.INVALID_ARGUMENT);
    expect(await code('listMemberValues', { segment: 'none', attributes: [] })).toBe(status.NOT_FOUND);
    expect(await code('listMemberValues', { segment: 'red', attributes: ['none'] })).toBe(status.INVALID_ARGUMENT);
  });
});
