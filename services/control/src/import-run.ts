/** One import under way: reads rows, asks identity whom they name, remembers these, and sends their events. */
import { createHash } from 'node:crypto';
import { type DefinitionKind, LIST_MEMBER, listEventName } from '@attrium/catalogue';
import type { Event, Identifier } from '@attrium/event';
import { PROFILE_ID } from '@attrium/host';
import type { Clock } from '@attrium/processor';
import type { ImportMode, ListHold, Part } from './clients/list-store.js';
import { type CsvRow, CsvRows } from './domain/csv-rows.js';
import { type ImportColumns, identifiersIn, importColumns } from './domain/import-columns.js';
import { ImportTally, type MatchedIdentifier, type Named, type Tally } from './domain/import-tally.js';
import { ControlError } from './errors.js';
import type { Telemetry } from './telemetry.js';

/** Whom identifiers name, in their order; at most 1,000 of them. */
export type Matcher = (
  workspace: string,
  of: 'profile' | 'account',
  identifiers: readonly Identifier[],
) => Promise<readonly MatchedIdentifier[]>;

/** Appends events to the head of the line. */
export type ImportSink = (workspace: string, events: readonly Event[]) => Promise<void>;

export interface ImportHead {
  readonly workspace: string;
  readonly list: string;
  readonly mode: ImportMode;
  readonly of: DefinitionKind;
  /** Names that columns of identifiers may have. */
  readonly types: ReadonlySet<string>;
}

export interface ImportParts {
  readonly hold: ListHold;
  readonly match: Matcher;
  readonly sink: ImportSink;
  readonly clock: Clock;
  readonly rowsPerSecond: number;
  readonly telemetry: Pick<Telemetry, 'listRows'>;
}

export const IMPORT_ROWS_MAX = 200_000;
export const IMPORT_BYTES_MAX = 64 * 1024 * 1024;
/** Rows that are matched, remembered and sent together, and identifiers of one question. */
const ROWS_AT_ONCE = 1_000;
const IDENTIFIERS_AT_ONCE = 1_000;
const CSV_LIMITS = { fieldsMax: 50, fieldLengthMax: 600 };

export class ImportRun {
  private readonly tally = new ImportTally();
  private readonly rows = new CsvRows(CSV_LIMITS);
  private readonly startedAt: number;
  private columns: ImportColumns | undefined;
  private waiting: CsvRow[] = [];
  private taken = 0;
  private removed = 0;

  constructor(
    private readonly head: ImportHead,
    private readonly parts: ImportParts,
  ) {
    this.startedAt = parts.clock.monotonic();
  }

  told(): { readonly tally: Tally; readonly removed: number } {
    return { tally: this.tally.tally(), removed: this.removed };
  }

  async read(csv: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let bytes = 0;
    for await (const part of csv) {
      bytes += part.byteLength;
      if (bytes > IMPORT_BYTES_MAX) refuse(`An import has at most ${IMPORT_BYTES_MAX} bytes.`);
      await this.take(this.rows.push(textOf(decoder, part)));
    }
    await this.take([...this.rows.push(textOf(decoder)), ...this.rows.end()]);
    if (this.columns === undefined) refuse('The text has no header.');
    if (this.waiting.length > 0) await this.takeSome(this.waiting);
  }

  /** Of those of earlier imports the ones that this one does not name. */
  async takeOff(parts: readonly Part[]): Promise<void> {
    const { hold } = this.parts;
    for (const part of parts) {
      const keys = await hold.read(part);
      const gone = [...new Set(keys)].filter((key) => !this.tally.has(key));
      for (let from = 0; from < gone.length; from += ROWS_AT_ONCE) {
        const events = gone.slice(from, from + ROWS_AT_ONCE).map((key) => this.offEvent(key));
        await this.parts.sink(this.head.workspace, events);
        this.removed += events.length;
        await this.pace(this.taken + this.removed);
      }
      await hold.renew(this.tally.tally(), this.removed);
    }
  }

  private async take(rows: readonly CsvRow[]): Promise<void> {
    let fresh = rows;
    if (this.columns === undefined && rows[0] !== undefined) {
      this.columns = importColumns(rows[0].fields, this.head.types);
      if (this.columns === undefined) refuse(noColumns(this.head.types));
      fresh = rows.slice(1);
    }
    for (const row of fresh) this.waiting.push(row);
    while (this.waiting.length >= ROWS_AT_ONCE) await this.takeSome(this.waiting.splice(0, ROWS_AT_ONCE));
  }

  private async takeSome(rows: readonly CsvRow[]): Promise<void> {
    const { hold, sink, telemetry } = this.parts;
    this.taken += rows.length;
    if (this.taken > IMPORT_ROWS_MAX) refuse(`An import has at most ${IMPORT_ROWS_MAX} rows.`);
    const named = await this.named(rows);
    if (named.length > 0) {
      const isMember = this.head.mode !== 'remove';
      // Before they are sent: an import that breaks off leaves no member that a later one does not know of.
      if (isMember) await hold.add(named.map(({ key }) => key));
      await sink(
        this.head.workspace,
        named.map(({ key, identifier }) => this.event(this.head.of === 'account' ? group(key) : identifier, isMember)),
      );
    }
    telemetry.listRows(named.length, rows.length - named.length);
    await hold.renew(this.tally.tally(), 0);
    await this.pace(this.taken);
  }

  private async named(rows: readonly CsvRow[]): Promise<Named[]> {
    const read = rows.map(({ line, fields }) => ({ line, of: identifiersIn(this.columns!, fields) }));
    const asked = read.flatMap(({ of }) => (of.kind === 'identifiers' ? of.identifiers : []));
    const matches = await this.matched(asked);
    const named: Named[] = [];
    let next = 0;
    for (const { line, of } of read) {
      if (of.kind === 'malformed') this.tally.malformed(line, of.text);
      else {
        const { length } = of.identifiers;
        const taken = this.tally.take(line, of.identifiers, matches.slice(next, next + length));
        next += length;
        if (taken !== undefined) named.push(taken);
      }
    }
    return named;
  }

  private async matched(identifiers: readonly Identifier[]): Promise<MatchedIdentifier[]> {
    const { workspace, of } = this.head;
    const matches: MatchedIdentifier[] = [];
    for (let from = 0; from < identifiers.length; from += IDENTIFIERS_AT_ONCE) {
      const some = identifiers.slice(from, from + IDENTIFIERS_AT_ONCE);
      matches.push(...(await this.parts.match(workspace, of === 'account' ? 'account' : 'profile', some)));
    }
    return matches;
  }

  /** No faster than so many rows a second, so that the line goes on for everyone else. */
  private async pace(rows: number): Promise<void> {
    const { clock, rowsPerSecond } = this.parts;
    const waitMs = (rows * 1_000) / rowsPerSecond - (clock.monotonic() - this.startedAt);
    if (waitMs >= 1) await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
  }

  private offEvent(key: string): Event {
    return this.event(this.head.of === 'account' ? group(key) : { type: PROFILE_ID, value: key }, false);
  }

  /**
   * Of equal times the greater id counts: for a profile that is named by one identifier, and was imported under an id that was merged into
   * it. The id says nothing of the person.
   */
  private event(identifier: Identifier, member: boolean): Event {
    const { workspace, list, of } = this.head;
    const { at } = this.parts.hold;
    const who = createHash('sha256').update(`${identifier.type}:${identifier.value}`).digest('base64url').slice(0, 22);
    return {
      kind: 'event',
      id: `list:${list}:${at}:${member ? 1 : 0}:${who}`,
      workspace,
      source: 'control',
      type: 'track',
      name: listEventName(list),
      occurredAt: at,
      receivedAt: at,
      ...(of === 'account' ? { identifiers: [], groupId: identifier.value } : { identifiers: [identifier] }),
      payload: new TextEncoder().encode(JSON.stringify({ properties: { [LIST_MEMBER]: member } })),
    };
  }
}

const group = (value: string): Identifier => ({ type: 'group_id', value });

function refuse(message: string): never {
  throw new ControlError('misshapenBody', { message });
}

function noColumns(types: ReadonlySet<string>): string {
  return `The header names no column of identifiers: it takes identifier (type:value), or type and value, or one of ${[...types].join(', ')}.`;
}

function textOf(decoder: InstanceType<typeof TextDecoder>, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch (cause) {
    throw new ControlError('malformedBody', { message: 'The body is no UTF-8.', cause });
  }
}
