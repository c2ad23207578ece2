/** Previews in the real engine: they say what the conditions mean, whatever the values are. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClickHouse, migrate, openClickHouse } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { type Condition, type ParsedCondition, parseCondition } from '@attrium/condition';
import { stringifyExactJson } from '@attrium/event';
import { Random } from '@attrium/testing/simulation';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SegmentTables } from '../src/clients/segment-tables.js';
import { PARAMETERS_MAX, Tables } from '../src/clients/tables.js';
import { segmentQuery } from '../src/domain/segment-query.js';
import { insertAccounts } from './drawn-accounts.js';
import { drawCondition, drawProfiles, insertProfiles, isTrueOf, NOW, SCOPE } from './drawn-tables.js';

const LIMITS = { timeoutMs: 20_000, rowsMax: 10_000_000, largeAtOnceMax: 2 };
const PROFILES = 120;
const CONDITIONS = 80;

let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;

const tablesOf = (limits = LIMITS): SegmentTables => new SegmentTables(new Tables({ clickhouse, limits }));

function parsed(json: unknown): ParsedCondition {
  const outcome = parseCondition(json, { over: 'entity', path: 'where', scope: SCOPE });
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify([json, outcome.faults]));
  return outcome.condition;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-preview-'));
  server = await startEmbeddedClickHouse({ directory, port: 0 });
  clickhouse = openClickHouse({ url: server.url });
  for (const service of ['identity', 'attribute-compute', 'segment']) {
    await migrate(clickhouse, {
      service,
      directory: fileURLToPath(new URL(`../../${service}/migrations`, import.meta.url)),
    });
  }
}, 60_000);

afterAll(async () => {
  await clickhouse?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('a preview', () => {
  it('names whom the condition is true of, for conditions and profiles drawn by chance', async () => {
    for (const seed of [1, 2]) {
      const random = new Random(seed);
      const workspace = `drawn${seed}`;
      const drawn = drawProfiles(random, PROFILES);
      await insertProfiles(clickhouse, workspace, drawn);
      for (let index = 0; index < CONDITIONS; index++) {
        const json = drawCondition(random);
        const condition = parsed(json);
        const members = drawn.filter((profile) => isTrueOf(condition, profile)).map(({ id }) => id);
        const preview = await tablesOf().preview(workspace, condition, { now: NOW, sampleMax: PROFILES });
        const text = stringifyExactJson(json);
        expect({ text, ...preview }).toEqual({ text, members: members.length, profiles: PROFILES, sample: members });
      }
    }
  }, 300_000);

  it('of accounts names those whose values, memberships and events it is true of, and nobody else', async () => {
    const random = new Random(3);
    const drawn = drawProfiles(random, PROFILES);
    await insertAccounts(clickhouse, 'companies', drawn);
    for (let index = 0; index < CONDITIONS / 2; index++) {
      const json = drawCondition(random);
      const condition = parsed(json);
      const members = drawn.filter((account) => isTrueOf(condition, account)).map(({ id }) => id);
      const asked = { now: NOW, sampleMax: PROFILES, of: 'account' } as const;
      const preview = await tablesOf().preview('companies', condition, asked);
      const text = stringifyExactJson(json);
      expect({ text, ...preview }).toEqual({ text, members: members.length, profiles: PROFILES, sample: members });
    }
  }, 300_000);

  it('takes lists of as many numbers as a condition may have, and as many values as a question may have', async () => {
    const list = Array.from({ length: 1_000 }, (_, index) => index + 0.5);
    await insertProfiles(clickhouse, 'lists', drawProfiles(new Random(3), 5));
    const ask = (of: ParsedCondition) => tablesOf().preview('lists', of, { now: NOW, sampleMax: 5 });
    const both = {
      all: [
        { attribute: 'total', in: list },
        { attribute: 'seen', not_in: ['2026-01-01', '2026-01-02'] },
      ],
    };
    expect((await ask(parsed(both))).profiles).toBe(5);
    expect((await ask(parsed({ event: 'Order', did: true, where: { property: 'x', in: list } }))).profiles).toBe(5);
    const fixed = Object.keys(segmentQuery(anyOf(1), { workspace: 'lists', now: NOW, sampleMax: 5 }).parameters);
    const most = PARAMETERS_MAX - fixed.length + 1;
    expect((await ask(anyOf(most))).profiles).toBe(5);
    await expect(ask(anyOf(most + 1))).rejects.toMatchObject({ code: 'ATR-CONTROL-055', retryable: false });
  }, 60_000);

  it('is refused when as many are under way as may be, and says so when ClickHouse refuses', async () => {
    const tables = new Tables({ clickhouse, limits: LIMITS });
    const slow = (): Promise<unknown> => tables.askLarge('SELECT sleep(1)', {});
    const answers = await Promise.allSettled([slow(), slow(), slow()]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(answers[2]).toMatchObject({ reason: { code: 'ATR-CONTROL-056', retryable: true } });
    await expect(slow()).resolves.toBeDefined();
    await expect(tables.ask('SELECT none', {})).rejects.toMatchObject({ code: 'ATR-CONTROL-057', retryable: false });
    await expect(tables.ask('SELECT 1 FROM none', {})).rejects.toMatchObject({ code: 'ATR-CONTROL-050' });
  }, 30_000);
});

/** With so many values of its own. */
function anyOf(count: number): ParsedCondition {
  const operand = { kind: 'property', path: ['x'] } as const;
  const of = Array.from(
    { length: count },
    (_, index): Condition => ({
      kind: 'compare',
      ...{ operand, comparator: 'starts_with', value: `text ${index}` },
    }),
  );
  return { kind: 'behaviour', event: 'Order', did: true, atLeast: 1, where: { kind: 'any', of } };
}
