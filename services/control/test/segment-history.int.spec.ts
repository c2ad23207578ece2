/** The history of memberships in the real engine: held to a plain walk over drawn intervals, and asked over REST. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClickHouse, migrate, openClickHouse } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { attriumCommand } from '@attrium/control';
import { Random } from '@attrium/testing/simulation';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MembershipTables } from '../src/clients/membership-tables.js';
import { SegmentTables } from '../src/clients/segment-tables.js';
import { Tables } from '../src/clients/tables.js';
import { type Interval, intervalAt } from '../src/domain/membership-intervals.js';
import { SegmentHistory } from '../src/segment-history.js';
import { type RunningControl, runControl } from './running-control.js';

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
