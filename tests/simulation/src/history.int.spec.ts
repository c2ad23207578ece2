/** History is read back from the real engine page by page: each event of a partition before its activation once, and nothing else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ClickHouse, openClickHouse, Projector } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import {
  type Entity,
  type Event,
  type EventResolved,
  type EventType,
  partitionOf,
  partitionSubject,
  type SeededEvent,
  streamOf,
} from '@attrium/event';
import { encodePack, NO_POSITION, PACK_SCHEMA_VERSION } from '@attrium/processor';
import { Random, SimulatedClock, SimulatedLog } from '@attrium/testing/simulation';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClickHouseHistory } from '../../../services/attribute-compute/src/backfill/clickhouse-history.js';
import { bytesOfSeed, CHUNK_BYTES_MAX } from '../../../services/attribute-compute/src/backfill/seeder.js';
import type { HistoryFilter } from '../../../services/attribute-compute/src/domain/backfill.js';
import { projections } from '../../../services/identity/src/projections/projections.js';

const PARTITIONS = 2;
const PARTITION = 1;
const MESSAGES = 60;
const RECORDS = 70;
const DAY_MS = 86_400_000;
const START_MS = 1_767_225_600_000;
const NAMES = ['Order', 'Visit', 'it\'s \\ "quoted" – ünïcode'];
const TYPES: readonly EventType[] = ['identify', 'track', 'page', 'screen', 'group', 'alias'];
const PROPERTIES = ['track', 'page', 'screen'];

interface Written {
  readonly record: EventResolved;
  readonly sequence: number;
  readonly index: number;
}

const clock = new SimulatedClock();
const log = new SimulatedLog({ clock });
const random = new Random(7);
const written: Written[] = [];
let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;
let projector: Projector;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-history-'));
  server = await startEmbeddedClickHouse({ directory, port: 0 });
  clickhouse = openClickHouse({ url: server.url });
  const migrations = fileURLToPath(new URL('../../../services/identity/migrations', import.meta.url));
  projector = new Projector({
    ...{ log, clickhouse, projections, stream: streamOf('resolved'), subjects: ['attrium.resolved.>'] },
    migrations: { service: 'identity', directory: migrations },
    settings: { blockMsMax: 10 },
  });
  projector.start();
  let last = 0;
  for (let message = 0; message < MESSAGES; message++) last = store(message);
  while (projector.status.lastProjectedSequence < last) {
    clock.advanceTo(clock.now() + 10);
    await sleep(2);
  }
}, 120_000);

afterAll(async () => {
  await projector?.stop();
  await clickhouse?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A pack of one partition, as identity would have written it; returns its sequence. */
function store(message: number): number {
  const partition = message % 3 === 0 ? 1 - PARTITION : PARTITION;
  const records = Array.from({ length: RECORDS }, (_, index) => drawn(partition, message * RECORDS + index));
  const header = {
    ...{ schemaVersion: PACK_SCHEMA_VERSION, logicVersion: 0, stage: 'identity', writer: 'identity-0' },
    ...{ owner: 'test', commit: message, reached: NO_POSITION },
  };
  const outcome = log.store(partitionSubject('resolved', partition, 'identity-0'), encodePack(header, records));
  if (outcome.kind !== 'appended') throw new Error(outcome.kind);
  for (const [index, record] of records.entries()) written.push({ record, sequence: outcome.sequence, index });
  return outcome.sequence;
}

function drawn(partition: number, number: number): EventResolved {
  const workspace = random.chance(0.9) ? 'shop' : 'blog';
  const type = random.pick(TYPES);
  const name = type === 'track' || type === 'page' || type === 'screen' ? random.pick(NAMES) : type;
  const entity = profile(workspace, partition, random.int(30));
  const traits = random.chance(0.2) ? { context: { traits: { plan: 'pro' } } } : {};
  const filling = random.chance(0.02) ? 'x'.repeat(random.int(60_000)) : '';
  const payload = new TextEncoder().encode(JSON.stringify({ ...traits, properties: { n: number, filling } }));
  const event: Event = {
    ...{ kind: 'event', id: `e${number}`, workspace, source: 'web', type, name, payload },
    ...{ occurredAt: START_MS - random.int(5 * DAY_MS), receivedAt: START_MS },
    identifiers: [{ type: 'user_id', value: `u-${entity.ordinal}` }],
    ...(random.chance(0.3) ? { groupId: `g${random.int(3)}` } : {}),
  };
  return { kind: 'event-resolved', id: `i0-${number}-0-0`, entity, origin: entity.id, event };
}

function profile(workspace: string, partition: number, number: number): Entity {
  const ordinal = 1 + number * PARTITIONS + partition;
  for (let attempt = 0; ; attempt++) {
    const id = `p${ordinal}-${attempt}`;
    if (partitionOf(id, PARTITIONS) === partition) return { workspace, kind: 'profile', id, ordinal };
  }
}

const account = (workspace: string, groupId: string): Entity | undefined =>
  groupId === 'g2' ? undefined : { workspace, kind: 'account', id: groupId, ordinal: 1_000 + Number(groupId.slice(1)) };

const textOf = ({ entity, event }: SeededEvent): string => {
  const { id, type, name, occurredAt, groupId, identifiers, source } = event;
  const payload = Buffer.from(event.payload).toString('base64');
  return JSON.stringify([entity, id, type, name, occurredAt, groupId, identifiers, source, payload]);
};

function expected(filter: HistoryFilter, before: { readonly sequence: number; readonly record: number }): string[] {
  const isAsked = ({ type, name, payload }: Event): boolean =>
    filter.everything ||
    (type === 'track' && filter.names.includes(name)) ||
    (filter.properties && PROPERTIES.includes(type)) ||
    (filter.traits &&
      (type === 'identify' || type === 'group' || new TextDecoder().decode(payload).includes('"traits"')));
  return written.flatMap(({ record: { entity, event }, sequence, index }) => {
    const isBefore = sequence < before.sequence || (sequence === before.sequence && index < before.record);
    const isHere = entity.workspace === 'shop' && partitionOf(entity.id, PARTITIONS) === PARTITION;
    if (!isBefore || !isHere || !isAsked(event)) return [];
    const named = event.groupId === undefined ? undefined : account('shop', event.groupId);
    const of = [...(filter.users ? [entity] : []), ...(filter.accounts && named !== undefined ? [named] : [])];
    return of.map((each) => textOf({ entity: each, event }));
  });
}

describe('history in the real engine', () => {
  const none = { users: true, accounts: false, names: [], properties: false, traits: false, everything: false };
  const filters: readonly HistoryFilter[] = [
    { ...none, everything: true },
    { ...none, names: [NAMES[2]!] },
    { ...none, names: ['Order', 'Visit'], accounts: true },
    { ...none, properties: true },
    { ...none, traits: true, names: ['Order'] },
    { ...none, users: false, accounts: true, everything: true },
    none,
  ];

  it('gives every event that may be asked for once, in pages that fit a chunk, whoever goes on with it', async () => {
    const open = (): ClickHouseHistory =>
      new ClickHouseHistory({
        clickhouse,
        projectedUpTo: async () => projector.status.lastProjectedSequence,
        ordinalOf: () => Promise.reject(new Error('every row has its ordinal')),
        accountOf: async (workspace, groupId) => account(workspace, groupId),
      });
    for (const filter of filters) {
      const { sequence } = random.pick(written.slice(-20 * RECORDS));
      const before = { sequence, record: random.int(RECORDS) };
      const found: string[] = [];
      let history = open();
      let after = '';
      for (let isLast = false; !isLast; ) {
        // Another owner knows the cursor and nothing else.
        if (random.chance(0.3)) history = open();
        const page = await history.read({ workspace: 'shop', partition: PARTITION, before, after, filter });
        const bytes = page.events.reduce((sum, { event }) => sum + bytesOfSeed(event), 0);
        expect(bytes <= CHUNK_BYTES_MAX || new Set(page.events.map(({ event }) => event.id)).size === 1).toBe(true);
        found.push(...page.events.map(textOf));
        ({ upTo: after, isLast } = page);
      }
      expect(found.sort()).toEqual(expected(filter, before).sort());
    }
  }, 120_000);
});
