/** Dry runs of triggers in the real engine, against what the stages really fired. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bindingWith, newAttributeCounters } from '@attrium/attribute-compute';
import { type ClickHouse, openClickHouse, type Projection, Projector } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import type { CatalogueActivated, Entity, LogName, LogRecord } from '@attrium/event';
import { journeyTriggerBinding } from '@attrium/journey-trigger';
import { encodePack, NO_POSITION, type StageBinding } from '@attrium/processor';
import { segmentBinding } from '@attrium/segment';
import { SimulatedClock, SimulatedLog, type StageHarness, stageHarness } from '@attrium/testing';
import { Random } from '@attrium/testing/simulation';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projections as attributeProjections } from '../../../services/attribute-compute/src/projections/projections.js';
import { OccasionTables } from '../../../services/control/src/clients/occasion-tables.js';
import { Tables } from '../../../services/control/src/clients/tables.js';
import type { Decided } from '../../../services/control/src/domain/dry-run.js';
import { type AskedTrigger, TriggerDryRun } from '../../../services/control/src/trigger-dry-run.js';
import { projections as identityProjections } from '../../../services/identity/src/projections/projections.js';
import { projections as segmentProjections } from '../../../services/segment/src/projections/projections.js';

const T0 = Date.UTC(2026, 0, 1);
const STEPS = 160;
const DAY_MS = 86_400_000;
const LIMITS = { timeoutMs: 20_000, rowsMax: 10_000_000, largeAtOnceMax: 2 };
const PEOPLE: readonly Entity[] = ['ann', 'bob', 'eve', 'dan', 'kim'].map((id, index) => ({
  ...{ workspace: 'shop', kind: 'profile', id, ordinal: index + 1 },
}));

const DEFINITIONS = {
  attributes: [
    { name: 'plan', kind: 'user', type: 'string', from: [{ trait: 'plan' }] },
    { name: 'age', kind: 'user', type: 'number', from: [{ trait: 'age' }] },
    { name: 'tags', kind: 'user', type: 'string_list', merge: 'union', from: [{ trait: 'tags' }] },
    { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order' } },
    { name: 'recent', kind: 'user', type: 'number', compute: { count: 'Order', within: '20s' } },
    { name: 'spent', kind: 'user', type: 'number', compute: { sum: 'Order', of: 'revenue' } },
    { name: 'latest', kind: 'user', type: 'timestamp', compute: { last_time: 'Order' } },
  ],
  segments: [
    { name: 'busy', of: 'user', where: { attribute: 'recent', gte: 2 } },
    { name: 'adult', of: 'user', where: { attribute: 'age', gte: 18 } },
    { name: 'pro', of: 'user', where: { all: [{ attribute: 'plan', equals: 'pro' }, { not: { segment: 'busy' } }] } },
  ],
};
const IFS = [
  undefined,
  { attribute: 'age', gt: 20 },
  { attribute: 'plan', in: ['pro', 'team'] },
  { any: [{ segment: 'adult' }, { attribute: 'spent', gte: 40.5 }] },
  { not: { attribute: 'tags', contains: 'red' } },
  { attribute: 'latest', newer_than: '10s' },
  { all: [{ segment: 'busy' }, { attribute: 'plan', exists: true }] },
  {
    any: [
      { event: 'Visit', did: true },
      { attribute: 'age', gt: 30 },
    ],
  },
];
const WHENS = [
  { segment: 'busy', enters: true },
  { segment: 'pro', enters: true, exits: true },
  { segment: 'adult', in: true },
  { segment: 'pro', in: true, enters: true },
  { attribute: 'plan', changes: true },
  { attribute: 'age', to: { gte: 18 } },
  { attribute: 'spent', crosses: 50 },
  { attribute: 'recent', by: { down: 1 } },
  { event: 'Order' },
  { event: 'Order', where: { property: 'revenue', gt: 20 } },
];
const FREQUENCIES = [
  'every',
  'once',
  { once_per: '15s' },
  { once: true, key: 'plan' },
  { once_per: '30s', key: 'age' },
] as const;

function drawTriggers(random: Random): { name: string; if?: object; when: object }[] {
  return WHENS.flatMap((when, index) =>
    [0, 1].map((nth) => {
      const condition = random.pick(IFS);
      const isOrder = 'event' in when && random.chance(0.4);
      return {
        name: `t${index}_${nth}`,
        when,
        ...(condition === undefined ? {} : { if: condition }),
        frequency: isOrder ? { once: true, key: { property: 'color' } } : random.pick(FREQUENCIES),
        deliver: [{ stream: true }],
      };
    }),
  );
}

function activated(revision: number, triggers: unknown[]): CatalogueActivated {
  const catalogue = new TextEncoder().encode(JSON.stringify({ ...DEFINITIONS, triggers }));
  const head = { kind: 'catalogue-activated', id: `c${revision}`, workspace: 'shop', revision } as const;
  return { ...head, author: 'a', activatedAt: T0, catalogue };
}

function drawEvent(random: Random, entity: Entity, at: number, id: string): LogRecord {
  const type = random.pick(['identify', 'track', 'track'] as const);
  const traits = random.pick([
    ...[{ plan: 'pro' }, { plan: 'free' }, { age: 10 }, { age: 25, plan: 'team' }, { age: 40 }],
    ...[{ tags: ['red'] }, { tags: ['blue'], age: 19 }],
  ]);
  const properties = { revenue: random.pick([5, 20.5, 30]), color: random.pick(['red', 'blue', 7, true]) };
  const json = type === 'track' ? { properties } : { traits };
  const name = type === 'track' ? random.pick(['Order', 'Order', 'Visit']) : type;
  // Some arrive late.
  const occurredAt = random.chance(0.2) ? at - random.int(30_000) : at;
  const payload = new TextEncoder().encode(JSON.stringify(json));
  const head = { kind: 'event', id, workspace: 'shop', source: 's', type, name, identifiers: [] } as const;
  const event = { ...head, occurredAt, receivedAt: at, payload };
  return { kind: 'event-resolved', id: `r${id}`, entity, origin: entity.id, event };
}

/** The three keyed stages one after the other, each record at once through all of them. */
class Stages {
  readonly resolved: LogRecord[] = [];
  readonly attributes: LogRecord[] = [];
  readonly memberships: LogRecord[] = [];
  readonly firings: LogRecord[] = [];
  private readonly harnesses = [bindingWith(newAttributeCounters()), segmentBinding, journeyTriggerBinding].map(
    (binding: StageBinding): StageHarness => stageHarness(binding, { partitions: 1 }),
  );

  read(record: LogRecord, at: number): void {
    this.resolved.push(record);
    this.pass(0, record, at);
  }

  tick(at: number): void {
    for (const [stage, harness] of this.harnesses.entries()) this.take(stage, harness.tick(at), at);
  }

  private pass(stage: number, record: LogRecord, at: number): void {
    this.take(stage, this.harnesses[stage]!.read(record, at), at);
  }

  private take(stage: number, emitted: readonly { readonly fact: LogRecord }[], at: number): void {
    for (const { fact } of emitted) {
      [this.attributes, this.memberships, this.firings][stage]!.push(fact);
      if (stage < 2) this.pass(stage + 1, fact, at);
    }
  }
}

let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-dry-run-'));
  server = await startEmbeddedClickHouse({ directory, port: 0 });
  clickhouse = openClickHouse({ url: server.url });
}, 60_000);

afterAll(async () => {
  await clickhouse?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function project(
  service: string,
  log: LogName,
  records: readonly LogRecord[],
  projections: readonly Projection[],
): Promise<void> {
  const clock = new SimulatedClock();
  const simulated = new SimulatedLog({ clock });
  const migrations = fileURLToPath(new URL(`../../../services/${service}/migrations`, import.meta.url));
  const projector = new Projector({
    ...{ log: simulated, stream: `attrium-${log}`, subjects: [`attrium.${log}.>`], clickhouse, projections },
    migrations: { service, directory: migrations },
    settings: { blockMsMax: 10 },
  });
  projector.start();
  const header = { schemaVersion: 1, logicVersion: 1, stage: 'test', writer: 'test', owner: 'a', commit: 1 };
  const subject = `attrium.${log}.0.test`;
  for (let index = 0; index < records.length; index += 50) {
    void simulated.append(subject, encodePack({ ...header, reached: NO_POSITION }, records.slice(index, index + 50)));
  }
  const last = Math.ceil(records.length / 50);
  while (projector.status.lastProjectedSequence < last) {
    clock.advanceTo(clock.now() + 10);
    await sleep(5);
  }
  await projector.stop();
}

type Told = Readonly<{ profile: string; kind: string; at: number; outcome: string }>;

function reallyTold(stages: Stages, trigger: string, from: number): Told[] {
  return stages.firings.flatMap((fact) => {
    if (fact.kind !== 'trigger-fired' && fact.kind !== 'firing-suppressed') return [];
    if (fact.trigger !== trigger) return [];
    const outcome = fact.kind === 'trigger-fired' ? 'fired' : fact.why;
    // Members of today are told in their turn; a dry run takes them all for the beginning.
    const at = fact.on.kind === 'segment-present' ? from : fact.recordedAt;
    return [{ profile: fact.entity.id, kind: fact.on.kind, at, outcome }];
  });
}

const textOrder = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
const order = (a: Told, b: Told): number => a.at - b.at || textOrder(a.profile, b.profile) || textOrder(a.kind, b.kind);
const toldOf = ({ occasion: { profile, kind, at }, outcome }: Decided): Told => ({ profile, kind, at, outcome });

/** A history of the stages, in a workspace of its own; the triggers come with a second revision at `from`. */
function drawHistory(seed: number) {
  const random = new Random(seed);
  const stages = new Stages();
  stages.read(activated(1, []), T0);
  let at = T0;
  const run = (first: number): void => {
    for (let step = first; step < first + STEPS; step++) {
      at += 1 + random.int(4_000);
      stages.tick(at);
      stages.read(drawEvent(random, random.pick(PEOPLE), at, `e${seed}-${step}`), at);
    }
  };
  run(0);
  at += 1_000;
  stages.tick(at);
  at++;
  const from = at;
  const triggers = drawTriggers(random);
  stages.read(activated(2, triggers), at);
  run(STEPS);
  return { seed, workspace: `shop${seed}`, stages, triggers, from };
}

function inWorkspace(workspace: string, record: LogRecord): LogRecord {
  const entity = 'entity' in record && record.entity !== undefined ? { ...record.entity, workspace } : undefined;
  if (record.kind === 'event-resolved') return { ...record, entity: entity!, event: { ...record.event, workspace } };
  return entity === undefined ? record : ({ ...record, entity } as LogRecord);
}

describe('a dry run', () => {
  const histories = [1, 2, 3].map(drawHistory);
  let counted = 0;
  let undecided = 0;
  const outcomes = new Set<string>();

  beforeAll(async () => {
    const all = (of: (stages: Stages) => readonly LogRecord[]): LogRecord[] =>
      histories.flatMap(({ workspace, stages }) => of(stages).map((record) => inWorkspace(workspace, record)));
    await project(
      'identity',
      'resolved',
      all(({ resolved }) => resolved),
      identityProjections,
    );
    await project(
      'attribute-compute',
      'attributes',
      all(({ attributes }) => attributes),
      attributeProjections,
    );
    await project(
      'segment',
      'memberships',
      all(({ memberships }) => memberships),
      segmentProjections,
    );
  }, 60_000);

  it.each(histories)(
    'says of each occasion what the stages have said, or that it cannot be known (seed $seed)',
    async ({ seed, workspace, stages, triggers, from }) => {
      const json = JSON.stringify({ ...DEFINITIONS, triggers: triggers.slice(1) });
      const dryRun = new TriggerDryRun({
        catalogues: { current: async () => ({ revision: 2, json, author: 'a', activatedAt: T0 }) },
        tables: new OccasionTables(new Tables({ clickhouse, limits: LIMITS })),
        clock: { now: () => from + DAY_MS },
      });
      for (const [index, trigger] of triggers.entries()) {
        // The first one is not saved.
        const asked: AskedTrigger = index === 0 ? { definition: trigger } : { name: trigger.name };
        const answer = await dryRun.run(workspace, asked, { days: 1, sampleMax: 1_000_000 });
        const dry = answer.samples.map(toldOf).sort(order);
        const real = reallyTold(stages, trigger.name, from).sort(order);
        const text = JSON.stringify({ seed, trigger });
        const occasions = (told: readonly Told[]): object[] => told.map(({ outcome: _, ...occasion }) => occasion);
        expect({ text, occasions: occasions(dry) }).toEqual({ text, occasions: occasions(real) });
        const wrong = dry.filter(({ outcome }, at) => outcome !== 'undecided' && outcome !== real[at]!.outcome);
        expect({ text, wrong }).toEqual({ text, wrong: [] });
        const mayBeUnknown = JSON.stringify(trigger.if ?? {}).includes('"event"');
        if (!mayBeUnknown) expect({ text, undecided: answer.counts.undecided }).toEqual({ text, undecided: 0 });
        expect(answer.caveats).toEqual(mayBeUnknown ? ['event_conditions'] : []);
        const sum = answer.days.reduce((total, day) => total + day.fired + day.condition + day.frequency, 0);
        expect(sum).toBe(answer.counts.fired + answer.counts.condition + answer.counts.frequency);
        counted += real.length;
        undecided += answer.counts.undecided;
        for (const { outcome } of dry) outcomes.add(outcome);
      }
    },
    60_000,
  );

  it('is refused for what is no trigger, for what history does not tell, and beyond its limits', async () => {
    const { workspace, from } = histories[0]!;
    const json = JSON.stringify({ ...DEFINITIONS, triggers: [] });
    const dryRunOf = (limits = LIMITS): TriggerDryRun =>
      new TriggerDryRun({
        catalogues: { current: async () => ({ revision: 2, json, author: 'a', activatedAt: T0 }) },
        tables: new OccasionTables(new Tables({ clickhouse, limits })),
        clock: { now: () => from + DAY_MS },
      });
    const terms = { days: 1, sampleMax: 1 };
    const run = (asked: AskedTrigger, limits = LIMITS): Promise<unknown> =>
      dryRunOf(limits).run(workspace, asked, terms);
    const trigger = { name: 't', when: WHENS[4], frequency: 'every', deliver: [{ stream: true }] };
    await expect(run({ definition: trigger }, { ...LIMITS, rowsMax: 5 })).rejects.toMatchObject({
      code: 'ATR-CONTROL-051',
    });
    const scheduled = { ...trigger, when: { segment: 'busy', schedule: { daily: '08:00' } } };
    await expect(run({ definition: scheduled })).rejects.toMatchObject({ code: 'ATR-CONTROL-062' });
    await expect(run({ name: 'nobody' })).rejects.toMatchObject({ code: 'ATR-CONTROL-064' });
    await expect(run({ definition: 5 })).rejects.toMatchObject({ code: 'ATR-CONTROL-063' });
    await expect(run({ definition: { ...trigger, when: { segment: 'none', enters: true } } })).rejects.toMatchObject({
      code: 'ATR-CONTROL-063',
      details: { revision: 2, faults: [{ path: 'when.segment', code: 'unknown_segment' }] },
    });
    const caveats = { purpose: undefined, delay: '5s', state: 'paused' };
    expect(await run({ definition: { ...trigger, ...caveats } })).toMatchObject({ caveats: ['waiting', 'paused'] });
  }, 30_000);

  it('was tried on occasions of every outcome', () => {
    expect(counted).toBeGreaterThan(500);
    expect(undecided).toBeGreaterThan(0);
    expect([...outcomes].sort()).toEqual(['condition', 'fired', 'frequency', 'undecided']);
  });
});
