/**
 * `bench -- segments`: what one attribute change costs the segment stage, with hundreds of segments over a hundred attributes: CPU of the
 * stage's own decisions, without logs and stores. It should grow with the segments that depend on the changed attribute (directly or
 * through other segments), not with all there are. The peer of every row is the stage that evaluates each segment at each change.
 */
import type { AttributesChanged, CatalogueActivated, Entity, LogRecord } from '@attrium/event';
import { type Context, compareKeys, type PartitionStage, type StoreKey, type Table } from '@attrium/processor';
import { segmentBinding } from '@attrium/segment';
import { WORKSPACE } from './catalogue.js';
import type { BenchOptions } from './options.js';
import { type Figures, printTable, recordFigures } from './results.js';

const ATTRIBUTES = 100;
const PROFILES = 200;
const SEGMENTS = 500;
/** Changes of one round, and rounds of each case. Cases take turns, and of each the quickest round counts: so what else runs on the machine does not. */
const CHANGES = 4_000;
const ROUNDS = 12;
/** Values below and above what all conditions ask for. */
const LOW = [1, 2, 3];
const HIGH = 99;

interface Case {
  readonly segments: number;
  /** Segments that read the attribute that changes. */
  readonly dependents: number;
  /** Of the dependents the last one reads the first, and so on, in place of the attribute itself. */
  readonly nested?: true;
  /** The profiles are in all segments that are no dependents. */
  readonly members?: true;
  /** Each change flips each dependent. */
  readonly flips?: true;
}

const CASES: readonly Case[] = [
  { segments: 50, dependents: 10 },
  { segments: SEGMENTS, dependents: 10 },
  { segments: SEGMENTS, dependents: 1 },
  { segments: SEGMENTS, dependents: 100 },
  { segments: SEGMENTS, dependents: SEGMENTS },
  { segments: 50, dependents: 10, nested: true },
  { segments: SEGMENTS, dependents: 10, nested: true },
  { segments: 50, dependents: 10, members: true },
  { segments: SEGMENTS, dependents: 10, members: true },
  { segments: 50, dependents: 10, flips: true },
  { segments: SEGMENTS, dependents: 10, flips: true },
  { segments: SEGMENTS, dependents: 1, flips: true },
  { segments: SEGMENTS, dependents: 100, flips: true },
];

export async function benchSegments(options: BenchOptions): Promise<void> {
  const runs = CASES.map((each) => new Run(each));
  for (let round = 0; round < ROUNDS; round++) for (const run of runs) run.round();
  const rows: Figures[] = runs.map(({ of, micros }) => ({
    segments: of.segments,
    dependents: of.dependents,
    'through others': of.nested === true ? 'yes' : '',
    'in the others': of.members === true ? 'yes' : '',
    'each flips': of.flips === true ? 'yes' : '',
    'µs/change': micros,
    'ns/dependent': (micros * 1_000) / of.dependents,
    'changes/s of a core': 1_000_000 / micros,
  }));
  printTable(rows);
  const costOf = (segments: number, dependents: number, more: Omit<Case, 'segments' | 'dependents'> = {}): number =>
    runs.find(
      ({ of }) =>
        of.segments === segments &&
        of.dependents === dependents &&
        of.flips === more.flips &&
        of.nested === more.nested &&
        of.members === more.members,
    )!.micros;
  const ratio = (text: string, value: number): void => console.log(`${text}: ${value.toFixed(2)}`);
  const ten = costOf(SEGMENTS, 10);
  ratio('10 dependents against 1, of 500 segments', ten / costOf(SEGMENTS, 1));
  ratio('100 dependents against 10, of 500 segments', costOf(SEGMENTS, 100) / ten);
  ratio('all 500 evaluated against the 10 dependents', costOf(SEGMENTS, SEGMENTS) / ten);
  const flips = { flips: true } as const;
  const nested = { nested: true } as const;
  ratio('500 segments against 50, each change flips 10', costOf(SEGMENTS, 10, flips) / costOf(50, 10, flips));
  const members = { members: true } as const;
  ratio(
    '500 segments against 50, 10 dependents, in all others',
    costOf(SEGMENTS, 10, members) / costOf(50, 10, members),
  );
  ratio('500 segments against 50, 10 dependents through others', costOf(SEGMENTS, 10, nested) / costOf(50, 10, nested));
  ratio('500 segments against 50, with the same 10 dependents (1.00: it does not grow)', ten / costOf(50, 10));
  recordFigures(options, rows);
}

/** The stage over one catalogue, with profiles that have all attributes. */
class Run {
  /** CPU of one change, the quickest round. */
  micros = Number.POSITIVE_INFINITY;
  private readonly stage: PartitionStage;
  private facts = 0;
  private changes = 0;

  constructor(readonly of: Case) {
    this.stage = segmentBinding.open({ partition: 0, partitions: 1, shards: 1, table: () => new Rows() });
    this.read(catalogueOf(of));
    for (let profile = 0; profile < PROFILES; profile++) {
      this.read({ kind: 'profile-created', id: `c${profile}`, entity: entityOf(profile), cause: 'c', occurredAt: 0 });
      this.read(
        changeOf(
          profile,
          0,
          Array.from({ length: ATTRIBUTES }, (_, index) => [`a${index}`, index > 0 && of.members ? HIGH : LOW[0]!]),
        ),
      );
    }
  }

  round(): void {
    const { flips } = this.of;
    const records = Array.from({ length: CHANGES }, () => {
      const number = ++this.changes;
      const turn = Math.floor(number / PROFILES);
      const value = flips === true ? [LOW[0]!, HIGH][turn % 2]! : LOW[turn % LOW.length]!;
      return changeOf(number % PROFILES, number, [['a0', value]]);
    });
    this.facts = 0;
    const before = process.cpuUsage();
    for (const record of records) this.read(record);
    const { user, system } = process.cpuUsage(before);
    this.micros = Math.min(this.micros, (user + system) / CHANGES);
    // A case that does not do what it is named for would measure nothing.
    const expected = flips === true ? CHANGES : 0;
    if (Math.abs(this.facts - expected) > PROFILES) throw new Error(`${this.facts} facts in place of ${expected}`);
  }

  private read(record: LogRecord): void {
    this.stage.decide(record, this.context);
  }

  private readonly context: Context = {
    now: 0,
    logicVersion: 1,
    place: { sequence: 0, record: 0 },
    emit: () => {
      this.facts++;
      return '';
    },
    relay: () => '',
    forward: () => {},
    setTimer: () => {},
  };
}

/** Rows in memory; the stage loop encodes them once a save, not once a change. */
class Rows<K extends StoreKey, V> implements Table<K, V> {
  private readonly rows = new Map<K, V>();

  get(key: K): V | undefined {
    return this.rows.get(key);
  }

  edit(key: K): V | undefined {
    return this.rows.get(key);
  }

  put(key: K, value: V): void {
    this.rows.set(key, value);
  }

  delete(key: K): void {
    this.rows.delete(key);
  }

  page(after: K | undefined, rowsMax: number): { readonly key: K; readonly value: V }[] {
    const behind = [...this.rows].filter(([key]) => after === undefined || compareKeys(key, after) > 0);
    const rows = behind.map(([key, value]) => ({ key, value }));
    return rows.sort((a, b) => compareKeys(a.key, b.key)).slice(0, rowsMax);
  }
}

function catalogueOf({ segments: count, dependents, nested }: Case): CatalogueActivated {
  const attributes = Array.from({ length: ATTRIBUTES }, (_, index) => ({
    ...{ name: `a${index}`, kind: 'user', type: 'number', merge: 'most_recent' },
    from: [{ trait: `a${index}` }],
  }));
  const segments = Array.from({ length: count }, (_, index) => {
    const isDependent = index < dependents;
    const asked = isDependent ? 'a0' : `a${1 + (index % (ATTRIBUTES - 1))}`;
    const other = `a${1 + ((index * 7) % (ATTRIBUTES - 1))}`;
    const first =
      isDependent && nested === true && index > 0 ? { segment: `s${index - 1}` } : { attribute: asked, gt: 50 };
    return { name: `s${index}`, of: 'user', where: { all: [first, { attribute: other, lt: 1_000 }] } };
  });
  const catalogue = new TextEncoder().encode(JSON.stringify({ attributes, segments, triggers: [] }));
  const head = { kind: 'catalogue-activated', id: 'c', workspace: WORKSPACE, revision: 1 } as const;
  return { ...head, author: 'bench', activatedAt: 0, catalogue };
}

const entityOf = (profile: number): Entity => ({
  ...{ workspace: WORKSPACE, kind: 'profile', id: `p${profile}` },
  ordinal: profile + 1,
});

function changeOf(
  profile: number,
  at: number,
  values: readonly (readonly [name: string, after: number])[],
): AttributesChanged {
  return {
    ...{ kind: 'attributes-changed', id: `r${at}`, entity: entityOf(profile), effectiveAt: at, recordedAt: at },
    ...{ reason: 'event', cause: `e${at}`, revision: 1 },
    changes: values.map(([name, after]) => ({ name, after })),
  };
}
