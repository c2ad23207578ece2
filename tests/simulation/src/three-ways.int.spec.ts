/**
 * One meaning, three ways: over the same drawn histories and the same drawn trees of conditions, who is in a segment by the stages, by a
 * naive recomputation, and by the SQL of a preview in the real engine over the tables that the real projectors filled.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ClickHouse, openClickHouse, type Projection, Projector } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { type Entity, type Event, type LogName, type LogRecord, partitionOf, streamOf } from '@attrium/event';
import { Random, SimulatedClock, SimulatedLog } from '@attrium/testing/simulation';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projections as attributeTables } from '../../../services/attribute-compute/src/projections/projections.js';
import { SegmentTables } from '../../../services/control/src/clients/segment-tables.js';
import { Tables } from '../../../services/control/src/clients/tables.js';
import { SegmentReader } from '../../../services/control/src/segment-reader.js';
import { projections as identityTables } from '../../../services/identity/src/projections/projections.js';
import { projections as segmentTables } from '../../../services/segment/src/projections/projections.js';
import type { CatalogueText, ConditionText, SegmentText } from './definitions.js';
import { checked } from './draw-catalogue.js';
import { drawCondition } from './draw-condition.js';
import { drawLoad, START_MS } from './draw-load.js';
import { Line } from './line.js';
import { type Ending, endingsOf } from './naive/final.js';
import { expectIdentity } from './naive/identity.js';
import { askedOf } from './naive/segments.js';
import { holds, type Plain, plainOf } from './naive/value.js';
import { checkNaive } from './naive-check.js';
import { Sender } from './sender.js';
import { recordsOf } from './stored-records.js';

const HISTORIES = 16;
const EVENTS = 40;
/** Trees of each history, beside those of its drawn catalogue. */
const TREES = 12;
const LIMITS = { timeoutMs: 20_000, rowsMax: 10_000_000, largeAtOnceMax: 1 };
/** All times of events, windows and ages are on this grid; the end is not, so that nothing changes while it is looked at. */
const GRID_MS = 250;
const OFF_GRID_MS = 100;

const SOURCES: readonly { service: string; log: LogName; projections: readonly Projection[] }[] = [
  { service: 'identity', log: 'resolved', projections: identityTables },
  { service: 'attribute-compute', log: 'attributes', projections: attributeTables },
  { service: 'segment', log: 'memberships', projections: segmentTables },
];

const clock = new SimulatedClock();
const log = new SimulatedLog({ clock });
let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;
let projectors: Projector[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-three-ways-'));
  server = await startEmbeddedClickHouse({ directory, port: 0 });
  clickhouse = openClickHouse({ url: server.url });
  projectors = SOURCES.map(({ service, log: name, projections }) => {
    const migrations = fileURLToPath(new URL(`../../../services/${service}/migrations`, import.meta.url));
    return new Projector({
      ...{ log, clickhouse, projections, stream: streamOf(name), subjects: [`attrium.${name}.>`] },
      migrations: { service, directory: migrations },
      settings: { blockMsMax: 10 },
    });
  });
  for (const projector of projectors) projector.start();
}, 60_000);

afterAll(async () => {
  for (const projector of projectors) await projector.stop();
  await clickhouse?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Everything that the line has said so far, in the tables. */
async function project(line: Line): Promise<void> {
  for (const [index, { log: name }] of SOURCES.entries()) {
    let last = projectors[index]!.status.lastProjectedSequence;
    for (const { subject, payload } of line.storedAll(name)) {
      const outcome = log.store(subject, payload);
      if (outcome.kind === 'appended') last = outcome.sequence;
    }
    while (projectors[index]!.status.lastProjectedSequence < last) {
      clock.advanceTo(clock.now() + 10);
      await sleep(2);
    }
  }
}

interface History {
  readonly workspace: string;
  readonly line: Line;
  readonly catalogue: CatalogueText;
  /** When it is looked at, ms. */
  readonly now: number;
}

async function play(seed: number): Promise<History> {
  const random = new Random(seed);
  const workspace = `three${seed}`;
  const [trees, machines, sends, drawn] = [1, 2, 3, 4].map(() => random.fork()) as [Random, Random, Random, Random];
  const { packs, activations, endsAt } = drawLoad(drawn, { events: EVENTS, only: undefined, workspaces: [workspace] });
  const [first] = activations;
  const catalogue = withTrees(trees, first!.catalogue);
  const line = new Line({ random: machines, startMs: START_MS, partitions: 2 + trees.int(3), shards: 1 });
  const sender = new Sender(line, sends);
  line.startAll();
  sender.activate({ ...first!.record, catalogue: new TextEncoder().encode(JSON.stringify(catalogue)) });
  for (const { at, records } of packs) {
    if (at > line.clock.now()) await line.run(at - line.clock.now());
    sender.send(workspace, records.map(plainer));
  }
  // Some windows have ended by then, and some not.
  const until = Math.ceil((Math.max(endsAt, line.clock.now()) + 3_000 + trees.int(40_000)) / GRID_MS) * GRID_MS;
  const now = until + OFF_GRID_MS;
  await line.run(now - line.clock.now());
  expect([sender.inFlight, line.fatal]).toEqual([0, []]);
  return { workspace, line, catalogue, now };
}

/** The catalogue with more segments; each may use those before it. */
function withTrees(random: Random, catalogue: CatalogueText): CatalogueText {
  const segments: SegmentText[] = [...catalogue.segments];
  for (let index = 0; index < TREES; index++) {
    const of = index % 4 === 3 ? 'account' : 'user';
    const attributes = catalogue.attributes.filter(({ kind }) => kind === of);
    if (attributes.length === 0) continue;
    const others = segments.filter((segment) => segment.of === of);
    segments.push({ name: `${of}_tree${index}`, of, where: drawCondition(random, attributes, others, 0) });
  }
  return checked({ ...catalogue, segments });
}

/** ClickHouse reads the numbers in JSON as doubles (docs/reference/conditions.md), so there are none of more digits. */
function plainer(event: Event): Event {
  const text = new TextDecoder().decode(event.payload);
  const short = text.replaceAll(/-?\d+\.\d{10,}|-?\d{17,}(\.\d+)?/g, '4.5');
  return { ...event, payload: new TextEncoder().encode(short) };
}

/** Those who the stage has looked at: a new definition is evaluated at an entity's next change. */
interface Known {
  readonly entity: Entity;
  readonly ending: Ending;
  /** With the values of formulas, which the events alone do not tell. */
  readonly values: ReadonlyMap<string, Plain>;
}

function knownIn({ line, now }: History): Known[] {
  const entities = new Map<number, Entity>();
  const told = new Map<string, Map<string, Plain>>();
  for (const record of line.storedAll('attributes').flatMap<LogRecord>(recordsOf)) {
    if (record.kind === 'profile-created' || record.kind === 'account-created') {
      entities.set(record.entity.ordinal, record.entity);
    }
    if (record.kind !== 'attributes-changed') continue;
    const values = told.get(record.entity.id) ?? new Map<string, Plain>();
    told.set(record.entity.id, values);
    for (const { name, after } of record.changes) {
      if (after === undefined) values.delete(name);
      else values.set(name, plainOf(after)!);
    }
  }
  const ordinals = new Map([...entities.values()].map(({ id, ordinal }) => [id, ordinal]));
  return endingsOf(expectIdentity(line.storedAll('events'), line.shards, ordinals), now).flatMap((ending) => {
    const entity = entities.get(ending.group.ordinal);
    const formulas = ending.rules.rules.filter(({ formula }) => formula !== undefined);
    const own = entity && told.get(entity.id);
    if (entity === undefined || own === undefined) return [];
    const calculated = formulas.flatMap(({ name }) => (own.has(name) ? [[name, own.get(name)!] as const] : []));
    return [{ entity, ending, values: new Map([...ending.values, ...calculated]) }];
  });
}

/** By segment: whom it has. */
type Members = ReadonlyMap<string, readonly string[]>;

async function byStage({ line, catalogue }: History, known: readonly Known[]): Promise<Members> {
  const members = new Map(catalogue.segments.map(({ name }): [string, string[]] => [name, []]));
  for (const { entity } of known) {
    const question = { kind: 'memberships', ordinal: entity.ordinal };
    const answer = await line.ask('segment', partitionOf(entity.id, line.partitions), question);
    const { segments } = answer as { segments: Record<string, number> };
    for (const name of Object.keys(segments)) members.get(name)!.push(entity.id);
  }
  return members;
}

function byRecomputation({ catalogue }: History, known: readonly Known[]): Members {
  return new Map(
    catalogue.segments.map(({ name, of }) => [
      name,
      known.flatMap(({ entity, ending: { rules }, values }) => {
        const own = rules.catalogue.segments.find((segment) => segment.name === name);
        const isOf = (entity.kind === 'account') === (of === 'account');
        return isOf && own !== undefined && holds(own.where, askedOf(values, rules)) ? [entity.id] : [];
      }),
    ]),
  );
}

async function bySql({ workspace, catalogue, now }: History, known: readonly Known[]): Promise<Members> {
  const json = JSON.stringify(catalogue);
  const reader = new SegmentReader({
    catalogues: { current: async () => ({ revision: 1, json, author: 'test', activatedAt: 0 }) },
    tables: new SegmentTables(new Tables({ clickhouse, limits: LIMITS })),
    clock: { now: () => now, monotonic: () => 0 },
    telemetry: { segmentPreviewed: () => {} },
  });
  const ids = new Set(known.map(({ entity }) => entity.id));
  const members = new Map<string, string[]>();
  for (const { name, of, where } of catalogue.segments) {
    // Nobody can write down who is in a static list: it is asked for as other segments do.
    const condition: ConditionText = where ?? { segment: name };
    const outcome = await reader.preview(workspace, condition, { of, sampleMax: 1_000 });
    if (outcome.kind === 'faulty') throw new Error(JSON.stringify(outcome.faults));
    members.set(
      name,
      outcome.preview.sample.filter((id) => ids.has(id)),
    );
  }
  return members;
}

function textsOf(members: Members, { catalogue }: History): Record<string, string> {
  return Object.fromEntries(
    catalogue.segments.map(({ name, where }) => [
      `${name}: ${JSON.stringify(where)}`,
      [...(members.get(name) ?? [])].sort().join(' '),
    ]),
  );
}

describe('who is in a segment', () => {
  it('is the same by the stages, by naive recomputation at every change, and by SQL at the end', async () => {
    const seen = { memberships: 0, nobodies: 0, windows: 0, accounts: 0, listed: 0 };
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const history = await play(seed);
      const known = knownIn(history);
      await project(history.line);
      const stage = await byStage(history, known);
      const expected = { seed, ...textsOf(byRecomputation(history, known), history) };
      expect({ seed, ...textsOf(stage, history) }).toEqual(expected);
      expect({ seed, ...textsOf(await bySql(history, known), history) }).toEqual(expected);
      // And at every change on the way there.
      expect(await checkNaive(history.line)).toEqual([]);
      for (const { name, of, where, static: isList } of history.catalogue.segments) {
        const count = stage.get(name)!.length;
        seen.memberships += count;
        seen.nobodies += count === 0 ? 1 : 0;
        seen.accounts += of === 'account' ? count : 0;
        seen.listed += isList === true ? count : 0;
        seen.windows += count > 0 && JSON.stringify(where)?.includes('"within"') ? 1 : 0;
      }
    }
    // What was compared was not nothing.
    expect(seen.memberships).toBeGreaterThan(300);
    expect(seen.nobodies).toBeGreaterThan(20);
    expect(seen.windows).toBeGreaterThan(20);
    expect(seen.accounts).toBeGreaterThan(20);
    expect(seen.listed).toBeGreaterThan(5);
  }, 300_000);
});
