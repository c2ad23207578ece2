/** Whether ClickHouse holds what the facts say: in tables of history each row once, in those of current values the last of each key. */
import { jsonText } from '@attrium/clickhouse';
import type { LogRecord } from '@attrium/event';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import type { Tally } from '../tally.js';
import { pause } from '../until.js';

/** Attributes that conditions compile to are in no table. */
const UNNAMED = '~';
/** Fact ids of identity name the place of the input record. */
const DECISION = /^i\d+-(\d+)-(\d+)-(\d+)$/;
const CATCH_UP_LIMIT_MS = 60_000;

interface Decision {
  readonly text: string;
  readonly version: number;
}

export class TableLedger {
  private readonly events = new Set<string>();
  private readonly attributeChanges = new Set<string>();
  private readonly membershipChanges = new Set<string>();
  private readonly firings = new Set<string>();
  private readonly attributes = new Map<string, string>();
  private readonly memberships = new Map<string, string>();
  private readonly identifiers = new Map<string, Decision>();
  private readonly profiles = new Map<string, Decision>();

  constructor(private readonly tally: Tally) {}

  /** Takes every record of a log, whoever wrote it. */
  take(record: LogRecord): void {
    switch (record.kind) {
      case 'event-resolved':
        this.events.add(record.event.id);
        break;
      case 'profile-created':
        decide(this.profiles, record.entity.id, '', record.id);
        break;
      case 'identifier-linked':
        decide(this.identifiers, `${record.identifier.type} ${record.identifier.value}`, record.entity.id, record.id);
        break;
      case 'profiles-merged':
        // The stages pass it on, under ids of their own: only identity's counts.
        if (!DECISION.test(record.id)) break;
        decide(this.profiles, record.loser.id, record.survivor.id, record.id);
        for (const { type, value } of record.identifiers) {
          decide(this.identifiers, `${type} ${value}`, record.survivor.id, record.id);
        }
        break;
      default:
        this.takeChange(record);
    }
  }

  private takeChange(record: LogRecord): void {
    if (record.kind === 'attributes-changed') {
      const named = record.changes.filter(({ name }) => !name.startsWith(UNNAMED));
      if (named.length > 0) this.attributeChanges.add(record.id);
      for (const { name, after } of named) {
        set(this.attributes, `${record.entity.id} ${name}`, after === undefined ? undefined : jsonText(after));
      }
    } else if (record.kind === 'segment-changed') {
      const { entity, entered, exited, corrected } = record;
      if (entered.length + exited.length + corrected.length > 0) this.membershipChanges.add(record.id);
      for (const { segment, at } of entered) set(this.memberships, `${entity.id} ${segment}`, String(at));
      for (const { segment } of exited) set(this.memberships, `${entity.id} ${segment}`, undefined);
      for (const { segment, after } of corrected) {
        set(this.memberships, `${entity.id} ${segment}`, after === undefined ? undefined : String(after));
      }
    } else if (record.kind === 'state-transferred') {
      const table = record.stage === 'attribute-compute' ? this.attributes : this.memberships;
      for (const name of record.published) set(table, `${record.from.id} ${name}`, undefined);
    } else if (record.kind === 'trigger-fired' || record.kind === 'firing-suppressed') {
      this.firings.add(record.id);
    }
  }

  /** Waits until the tables have caught up, then compares them row by row. Answers the number of rows compared. */
  async check(url: string): Promise<number> {
    const { origin, username, password } = new URL(url);
    const database = 'attrium';
    const client = createClient({ url: origin, username, password: decodeURIComponent(password), database });
    try {
      await this.untilCaughtUp(client);
      let rows = 0;
      for (const [table, column, expected] of this.histories) {
        rows += this.compareHistory(table, await select(client, `SELECT ${column}, 1 FROM ${table}`), expected);
      }
      for (const [table, query, expected] of this.states) {
        rows += this.compareState(table, await select(client, query), expected);
      }
      return rows;
    } finally {
      await client.close();
    }
  }

  private get histories(): readonly (readonly [table: string, column: string, expected: ReadonlySet<string>])[] {
    return [
      ['events', 'message_id', this.events],
      ['attribute_changes', 'change_id', this.attributeChanges],
      ['membership_changes', 'change_id', this.membershipChanges],
      ['firings', 'firing_id', this.firings],
    ];
  }

  private get states(): readonly (readonly [table: string, query: string, expected: ReadonlyMap<string, string>])[] {
    const textOf = (decisions: ReadonlyMap<string, Decision>) =>
      new Map([...decisions].map(([key, { text }]) => [key, text]));
    return [
      ['attributes', "SELECT concat(profile_id, ' ', name), value FROM attributes FINAL", this.attributes],
      [
        'memberships',
        "SELECT concat(profile_id, ' ', segment), toString(toUnixTimestamp64Milli(since)) FROM memberships FINAL",
        this.memberships,
      ],
      ['profiles', 'SELECT profile_id, merged_into FROM profiles FINAL', textOf(this.profiles)],
      ['identifiers', "SELECT concat(type, ' ', value), profile_id FROM identifiers FINAL", textOf(this.identifiers)],
    ];
  }

  private async untilCaughtUp(client: ClickHouseClient): Promise<void> {
    const deadline = performance.now() + CATCH_UP_LIMIT_MS;
    for (;;) {
      let behind = false;
      for (const [table, column, expected] of this.histories) {
        const [row] = await select(client, `SELECT toString(uniqExact(${column})), '' FROM ${table}`);
        if (Number(row![0]) < expected.size) behind = true;
      }
      if (!behind) break;
      if (performance.now() > deadline) return;
      await pause(500);
    }
    // The tables of one log are filled beside each other.
    await pause(2_000);
  }

  private compareHistory(table: string, rows: readonly (readonly string[])[], expected: ReadonlySet<string>): number {
    const found = new Set<string>();
    const extra: string[] = [];
    for (const [id] of rows) {
      if (found.has(id!) || !expected.has(id!)) extra.push(id!);
      found.add(id!);
    }
    const missing = [...expected].filter((id) => !found.has(id));
    if (missing.length > 0) this.tally.lost(missing.length, `rows missing in ${table}, the first of ${missing[0]}`);
    if (extra.length > 0) this.tally.doubled(extra.length, `rows too many in ${table}, the first of ${extra[0]}`);
    return rows.length;
  }

  private compareState(
    table: string,
    rows: readonly (readonly string[])[],
    expected: ReadonlyMap<string, string>,
  ): number {
    const found = new Map(rows.map(([key, value]) => [key!, value!]));
    for (const key of new Set([...expected.keys(), ...found.keys()])) {
      const [wanted, has] = [expected.get(key), found.get(key)];
      if (wanted === has) continue;
      const what = `${table}: ${key}`;
      if (wanted === undefined) this.tally.doubled(1, what, 'no row', has);
      else this.tally.lost(1, what, wanted, has ?? 'no row');
    }
    return rows.length;
  }
}

async function select(client: ClickHouseClient, query: string): Promise<string[][]> {
  return (await client.query({ query, format: 'JSONCompactEachRow' })).json<string[]>();
}

function set(table: Map<string, string>, key: string, text: string | undefined): void {
  if (text === undefined) table.delete(key);
  else table.set(key, text);
}

/** Identity's decisions count in their own order: one goes to several partitions, whose messages are stored in any order. */
function decide(table: Map<string, Decision>, key: string, text: string, factId: string): void {
  const place = DECISION.exec(factId);
  if (place === null) return;
  const [sequence, record, fact] = place.slice(1).map(Number) as [number, number, number];
  const version = (sequence * 16_384 + record) * 256 + fact;
  if ((table.get(key)?.version ?? -1) < version) table.set(key, { text, version });
}
