import { isListEvent } from '@attrium/catalogue';
import type { Event, Identifier } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ImportMode, LIST_KEYS_MAX, type ListBucket, ListHold } from './clients/list-store.js';
import type { MatchedIdentifier } from './domain/import-tally.js';
import { IMPORT_ROWS_MAX } from './import-run.js';
import { ListImporter, type ListImporterOptions } from './list-importer.js';

const CATALOGUE = {
  segments: [
    { name: 'vips', of: 'user', static: true },
    { name: 'firms', of: 'account', static: true },
    { name: 'rest', of: 'user', where: { not: { segment: 'vips' } } },
  ],
};
const PLACE = { workspace: 'shop', list: 'vips' };

/** Entries with revisions, as a bucket of NATS keeps them. */
function memoryBucket(): ListBucket & { readonly entries: Map<string, { value: Uint8Array; revision: number }> } {
  const entries = new Map<string, { value: Uint8Array; revision: number }>();
  let revision = 0;
  const put = async (key: string, value: Uint8Array): Promise<number> => {
    entries.set(key, { value, revision: ++revision });
    return revision;
  };
  const compared = async (key: string, value: Uint8Array, expected: number | undefined) =>
    entries.get(key)?.revision === expected
      ? ({ kind: 'stored', revision: await put(key, value) } as const)
      : ({ kind: 'conflict' } as const);
  return {
    entries,
    put,
    get: async (key) => (entries.has(key) ? { key, ...entries.get(key)! } : undefined),
    create: (key, value) => compared(key, value, undefined),
    update: compared,
    delete: async (key) => void entries.delete(key),
  };
}

/** What the line makes of the events: the latest counts, of one time the one with the greatest id; by profile. */
function membersBy(events: readonly Event[], profileOf: (identifier: Identifier) => string): string[] {
  const latest = new Map<string, Event>();
  for (const event of events) {
    const who = event.groupId ?? profileOf(event.identifiers[0]!);
    const known = latest.get(who);
    const isLater =
      known === undefined ||
      event.occurredAt > known.occurredAt ||
      (event.occurredAt === known.occurredAt && event.id > known.id);
    if (isLater) latest.set(who, event);
  }
  const isIn = ({ payload }: Event): boolean => JSON.parse(new TextDecoder().decode(payload)).properties.member;
  return [...latest].flatMap(([who, event]) => (isIn(event) ? [who] : [])).sort();
}

class World {
  readonly bucket = memoryBucket();
  readonly sent: Event[] = [];
  readonly waits: number[] = [];
  now = 1_000;
  failAfter = Number.POSITIVE_INFINITY;
  /** Ids of profiles that were merged away, with the survivor. */
  readonly mergedInto = new Map<string, string>();
  /** user_id:u1 and email:u1@x.org are of profile p1, and so on; group ids of accounts. */
  readonly profileOf = ({ type, value }: Identifier): string => {
    const id = type === 'profile_id' ? value : `p${/\d+/.exec(value)![0]}`;
    return this.mergedInto.get(id) ?? id;
  };

  importer(more: Partial<ListImporterOptions> = {}): ListImporter {
    const match = async (_workspace: string, of: string, identifiers: readonly Identifier[]) =>
      identifiers.map((identifier): MatchedIdentifier => {
        const { type, value } = identifier;
        if (of === 'account') return value.startsWith('g') ? { id: `a-${value}`, groupId: value } : { why: 'unknown' };
        if (type === 'shoe_size') return { why: 'unknown-type' };
        return /\d/.test(value)
          ? { id: this.profileOf(identifier) }
          : { why: value === 'null' ? 'blocked' : 'unknown' };
      });
    return new ListImporter({
      bucket: this.bucket,
      catalogues: {
        current: async () => ({ revision: 1, json: JSON.stringify(CATALOGUE), author: 'a', activatedAt: 0 }),
      },
      match,
      sink: async (_workspace, events) => {
        if (this.sent.length + events.length > this.failAfter) throw new Error('the log is gone');
        this.sent.push(...events);
      },
      clock: {
        now: () => this.now,
        monotonic: () => this.now,
        after: (delayMs, callback) => {
          this.waits.push(delayMs);
          this.now += Math.ceil(delayMs);
          queueMicrotask(callback);
          return { cancel: () => {} };
        },
      },
      telemetry: { listImported: () => {}, listRows: () => {} },
      rowsPerSecond: 1_000_000,
      atOnceMax: 2,
      ...more,
    });
  }

  import(mode: ImportMode, text: string, list = 'vips', more: Partial<ListImporterOptions> = {}) {
    const bytes = new TextEncoder().encode(text);
    const csv = async function* (): AsyncGenerator<Uint8Array> {
      for (let from = 0; from < bytes.length; from += 10_000) yield bytes.subarray(from, from + 10_000);
    };
    return this.importer(more).import({ workspace: 'shop', list, mode, csv: csv() });
  }

  members(): string[] {
    return membersBy(this.sent, this.profileOf);
  }
}

const users = (numbers: readonly number[]): string => `user_id\n${numbers.map((number) => `u${number}\n`).join('')}`;

describe('an import into a static list', () => {
  it('sends an event for each profile that is named, and tells the rows that name nobody with their lines', async () => {
    const world = new World();
    const text = [
      'user_id,name,email',
      'u1,"a, b",',
      ',,u2@x.org',
      'u3,,u3@x.org',
      'u4,,u5@x.org',
      '"u',
      '",,',
      'null,,',
      ',no identifier,',
      'u1,,none@x.org',
    ].join('\r\n');
    const done = await world.import('append', text);
    expect(done).toEqual({
      ...{ list: 'vips', mode: 'append', state: 'finished', at: 1_000, removed: 0 },
      ...{ rows: 8, matched: 3, repeated: 1, unmatched: 4 },
      unmatchedByReason: { ambiguous: 1, unknown: 1, blocked: 1, malformed: 1 },
      unmatchedRows: [
        { line: 5, identifier: 'user_id:u4 email:u5@x.org', reason: 'ambiguous' },
        { line: 6, identifier: 'user_id:u', reason: 'unknown' },
        { line: 8, identifier: 'user_id:null', reason: 'blocked' },
        { line: 9, identifier: '', reason: 'malformed' },
      ],
    });
    expect(world.members()).toEqual(['p1', 'p2', 'p3']);
    expect(world.sent.every((event) => isListEvent(event) && event.source === 'control')).toBe(true);
    expect(new Set(world.sent.map(({ id }) => id)).size).toBe(3);
  });

  it('takes identifiers as type:value, and as type and value', async () => {
    const world = new World();
    await world.import('append', '\uFEFFname,identifier\na,user_id:u1\nb,u2\nc,:u3\n');
    await world.import('append', 'value,type\nu4,user_id\nu5,\n9,shoe_size\n');
    expect(world.members()).toEqual(['p1', 'p4']);
    await expect(world.import('append', 'name\nx\n')).rejects.toMatchObject({ code: 'ATR-CONTROL-011' });
    await expect(world.import('append', '')).rejects.toMatchObject({ code: 'ATR-CONTROL-011' });
  });

  it('of accounts takes their group ids, and their own ids', async () => {
    const world = new World();
    const done = await world.import('append', 'group_id\ng1\nother\n', 'firms');
    expect(done).toMatchObject({ matched: 1, unmatched: 1 });
    expect(world.sent).toMatchObject([{ name: '$list:firms', groupId: 'g1', identifiers: [] }]);
    await world.import('replace', 'account_id\ng2\n', 'firms');
    expect(world.members()).toEqual(['g2']);
  });

  it('makes the list what a set would be, whatever was imported before, merged, or broken off', async () => {
    const step = fc.record({
      mode: fc.constantFrom('append', 'replace', 'remove') as fc.Arbitrary<ImportMode>,
      numbers: fc.array(fc.nat(12), { maxLength: 8 }),
      // After so many events the log is gone; and who was merged before it.
      breaks: fc.option(fc.nat(4), { freq: 3 }),
      merge: fc.option(fc.tuple(fc.nat(12), fc.nat(12)), { freq: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const world = new World();
        let expected = new Set<string>();
        for (const { mode, numbers, breaks, merge } of steps) {
          if (merge !== null) {
            const [loser, survivor] = merge.map((number) => world.profileOf({ type: 'user_id', value: `u${number}` }));
            if (loser !== survivor) {
              for (const [id, into] of world.mergedInto) if (into === loser) world.mergedInto.set(id, survivor!);
              world.mergedInto.set(loser!, survivor!);
              // The latest word on either of them holds: what that is, the events tell.
              expected = new Set(world.members());
            }
          }
          world.failAfter = breaks === null ? Number.POSITIVE_INFINITY : world.sent.length + breaks;
          const named = numbers.map((number) => world.profileOf({ type: 'user_id', value: `u${number}` }));
          const before = new Set(expected);
          const outcome = await world.import(mode, users(numbers)).catch(() => undefined);
          if (outcome === undefined) {
            // Up to there: nobody else is touched, and the next replacement puts it right.
            const members = new Set(world.members());
            for (const id of [...members, ...before]) {
              if (mode !== 'replace' && !named.includes(id)) expect(members.has(id)).toBe(before.has(id));
            }
            expected = members;
            continue;
          }
          if (mode === 'replace') expected = new Set(named);
          else for (const id of named) mode === 'append' ? expected.add(id) : expected.delete(id);
          expect(world.members()).toEqual([...expected].sort());
        }
      }),
    );
  });

  it('that replaces sends nothing that would take off one who is in both, and stays few parts over many small ones', async () => {
    const world = new World();
    for (let number = 0; number < 30; number++) await world.import('append', users([number]));
    expect(world.bucket.entries.size).toBe(2);
    const before = world.sent.length;
    const done = await world.import('replace', users([1, 2, 40]));
    expect(done).toMatchObject({ matched: 3, removed: 28 });
    const offs = world.sent.slice(before).filter(({ id }) => id.split(':')[3] === '0');
    expect(offs.map(({ identifiers: [identifier] }) => identifier!.value)).not.toContain('p1');
    expect(world.bucket.entries.size).toBe(2);
    expect(world.members()).toEqual(['p1', 'p2', 'p40']);
  });

  it('remembers ids of any length, in parts that a bucket takes', async () => {
    const world = new World();
    const long = Array.from({ length: 1_500 }, (_, index) => `g${'\u{1}'.repeat(500)}${index}`);
    await world.import('append', `group_id\n${long.join('\n')}\n`, 'firms');
    const sizes = [...world.bucket.entries.values()].map(({ value }) => value.byteLength);
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThan(2 * 1024 * 1024);
    expect(await world.import('replace', 'group_id\n', 'firms')).toMatchObject({ removed: 1_500 });
    expect([world.members(), world.bucket.entries.size]).toEqual([[], 1]);
  });

  it('takes no more rows a second than it may', async () => {
    const world = new World();
    await world.import('append', users(Array.from({ length: 5_000 }, (_, number) => number)), 'vips', {
      rowsPerSecond: 1_000,
    });
    expect(world.waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThanOrEqual(4_999);
    expect(Math.max(...world.waits)).toBeLessThanOrEqual(1_001);
  });

  it('is refused while another goes on, for other segments, and beyond its limits', async () => {
    const world = new World();
    const hold = await ListHold.take(world.bucket, PLACE, { mode: 'append', now: () => world.now });
    await expect(world.import('append', users([1]))).rejects.toMatchObject({ code: 'ATR-CONTROL-059' });
    expect(await world.importer().last('shop', 'vips')).toMatchObject({ state: 'running', rows: 0 });
    // One that shows no progress is given up, and cannot go on.
    world.now += 60_001;
    expect(await world.importer().last('shop', 'vips')).toMatchObject({ state: 'broken_off' });
    await world.import('append', users([1]));
    await expect(hold.add(['p9'])).rejects.toMatchObject({ code: 'ATR-CONTROL-059' });
    await expect(world.import('append', '', 'rest')).rejects.toMatchObject({ code: 'ATR-CONTROL-058' });
    await expect(world.import('append', '', 'none')).rejects.toMatchObject({ code: 'ATR-CONTROL-054' });
    const tooMany = `identifier\n${'x\n'.repeat(IMPORT_ROWS_MAX + 1)}`;
    await expect(world.import('append', tooMany)).rejects.toMatchObject({ code: 'ATR-CONTROL-011' });
    expect(await world.importer().last('shop', 'vips')).toMatchObject({
      state: 'broken_off',
      unmatched: IMPORT_ROWS_MAX,
    });
    await expect(world.import('append', users([1]), 'vips', { atOnceMax: 0 })).rejects.toMatchObject({
      code: 'ATR-CONTROL-056',
    });
    const full = await ListHold.take(world.bucket, PLACE, { mode: 'append', now: () => world.now });
    const keys = Array.from({ length: LIST_KEYS_MAX }, (_, index) => `k${index}`);
    await expect(full.add([...keys, 'one more'])).rejects.toMatchObject({ code: 'ATR-CONTROL-014' });
  });
});
