/** What was imported into static lists, so that a replacement knows whom it takes off, and how the imports went. */
import type { Bucket } from '@attrium/nats';
import type { Tally } from '../domain/import-tally.js';
import { ControlError } from '../errors.js';

/** What of a bucket is used. */
export type ListBucket = Pick<Bucket, 'get' | 'put' | 'create' | 'update' | 'delete'>;

export const IMPORT_MODES = ['append', 'replace', 'remove'] as const;
export type ImportMode = (typeof IMPORT_MODES)[number];

/** running: until `heldUntil`; after that it was broken off. */
export type ImportState = 'running' | 'finished' | 'broken_off';

export interface ListImport extends Tally {
  readonly list: string;
  readonly mode: ImportMode;
  readonly state: ImportState;
  /** Time of all its events, ms. */
  readonly at: number;
  /** Of a replacement: those that were in the list and are not named any more. */
  readonly removed: number;
}

/** An entry of the bucket, and how many it holds. */
export interface Part {
  readonly key: string;
  readonly count: number;
}

interface Manifest {
  /** Time of the last import, ms: those of later ones are above it. */
  readonly at: number;
  /** The parts that hold who was imported. A part is named here before its events are sent. */
  readonly parts: readonly Part[];
  /** The import under way may go on until then, ms; 0 for none. */
  readonly heldUntil: number;
  readonly last: ListImport;
}

/** How long an import that shows no progress keeps others away. */
const HOLD_MS = 60_000;
/** What a list remembers over all its imports. */
export const LIST_KEYS_MAX = 1_000_000;
/** A part with fewer takes in what comes next, so that many small imports are few parts. */
const PART_KEYS_MIN = 1_000;

/** Code units of the keys of one part: a value of the bucket holds 2 MiB, and a unit is up to six bytes of JSON. */
const PART_LENGTH_MAX = 300_000;

const NOTHING: Tally = {
  ...{ rows: 0, matched: 0, repeated: 0, unmatched: 0 },
  ...{ unmatchedByReason: {}, unmatchedRows: [] },
};

export interface ListName {
  readonly workspace: string;
  readonly list: string;
}

/** The import that is under way or, if there is none, the last; undefined when nothing was ever imported. */
export async function lastImport(bucket: ListBucket, name: ListName, now: number): Promise<ListImport | undefined> {
  const manifest = manifestIn((await bucket.get(keyOf(name)))?.value);
  if (manifest === undefined) return undefined;
  const { last, heldUntil } = manifest;
  return last.state === 'running' && heldUntil <= now ? { ...last, state: 'broken_off' } : last;
}

/** One import, from its beginning to its end; of each list there is one at a time. All methods throw ATR-CONTROL-059 once it was lost. */
export class ListHold {
  /** Parts of this import so far. */
  private written = 0;

  private constructor(
    private readonly bucket: ListBucket,
    private readonly key: string,
    private readonly now: () => number,
    private manifest: Manifest,
    private revision: number,
    /** So many parts stay as they are: a replacement goes through them at its end. */
    private readonly apart: number,
  ) {}

  /** Throws ATR-CONTROL-059 when another one has it. */
  static async take(
    bucket: ListBucket,
    name: ListName,
    { mode, now }: { readonly mode: ImportMode; readonly now: () => number },
  ): Promise<ListHold> {
    const key = keyOf(name);
    const entry = await bucket.get(key);
    const before = manifestIn(entry?.value);
    if (before !== undefined && before.heldUntil > now()) throw new ControlError('importUnderWay');
    const at = Math.max(now(), (before?.at ?? 0) + 1);
    const last: ListImport = { ...NOTHING, list: name.list, mode, state: 'running', at, removed: 0 };
    const { parts = [] } = before ?? {};
    const manifest = { at, parts, heldUntil: now() + HOLD_MS, last };
    const bytes = encoded(manifest);
    const outcome =
      entry === undefined ? await bucket.create(key, bytes) : await bucket.update(key, bytes, entry.revision);
    if (outcome.kind === 'conflict') throw new ControlError('importUnderWay');
    return new ListHold(bucket, key, now, manifest, outcome.revision, mode === 'replace' ? parts.length : 0);
  }

  /** The time that all events of the import have, ms. */
  get at(): number {
    return this.manifest.at;
  }

  get parts(): readonly Part[] {
    return this.manifest.parts;
  }

  /** Remembers some, before they are sent. Throws ATR-CONTROL-014 when the list remembers as many as it may. */
  async add(keys: readonly string[]): Promise<void> {
    const { parts, at } = this.manifest;
    const last = parts.length > this.apart ? parts.at(-1) : undefined;
    const small = last !== undefined && last.count < PART_KEYS_MIN ? last : undefined;
    const all = small === undefined ? keys : [...new Set([...(await this.read(small)), ...keys])];
    const others = small === undefined ? parts : parts.slice(0, -1);
    if (others.reduce((sum, { count }) => sum + count, all.length) > LIST_KEYS_MAX) {
      const message = `A list remembers ${LIST_KEYS_MAX} imported members, and those that came again count again: replace it.`;
      throw new ControlError('tooMany', { message });
    }
    const added: Part[] = [];
    for (const some of slicesOf(all)) {
      const part = { key: `${this.key}.${at}.${++this.written}`, count: some.length };
      await this.bucket.put(part.key, encoded(some));
      added.push(part);
    }
    await this.write({ ...this.manifest, parts: [...others, ...added] });
    if (small !== undefined) await this.bucket.delete(small.key);
  }

  async read({ key }: Part): Promise<readonly string[]> {
    const value = (await this.bucket.get(key))?.value;
    if (value === undefined) throw new Error(`assertion: part ${key} of a static list is gone`);
    return JSON.parse(new TextDecoder().decode(value)) as string[];
  }

  /** Shows how far it is, and keeps others away for longer. */
  async renew(tally: Tally, removed: number): Promise<void> {
    const last = { ...this.manifest.last, ...tally, unmatchedRows: [], removed };
    await this.write({ ...this.manifest, last });
  }

  /** The list is free for the next import. `forgotten`: parts that are not remembered any more. */
  async end(
    state: 'finished' | 'broken_off',
    { tally, removed }: { readonly tally: Tally; readonly removed: number },
    forgotten: readonly Part[],
  ): Promise<ListImport> {
    const last: ListImport = { ...this.manifest.last, ...tally, removed, state };
    const gone = new Set(forgotten.map(({ key }) => key));
    const parts = this.manifest.parts.filter(({ key }) => !gone.has(key));
    await this.write({ ...this.manifest, parts, last }, 0);
    for (const key of gone) await this.bucket.delete(key);
    return last;
  }

  private async write(manifest: Manifest, heldUntil = this.now() + HOLD_MS): Promise<void> {
    const written = { ...manifest, heldUntil };
    const outcome = await this.bucket.update(this.key, encoded(written), this.revision);
    if (outcome.kind === 'conflict') throw new ControlError('importUnderWay');
    this.manifest = written;
    this.revision = outcome.revision;
  }
}

const keyOf = ({ workspace, list }: ListName): string => `${workspace}.${list}`;

function slicesOf(keys: readonly string[]): string[][] {
  const slices: string[][] = [];
  let room = 0;
  for (const key of keys) {
    room -= key.length + 1;
    if (slices.length === 0 || room < 0) {
      slices.push([]);
      room = PART_LENGTH_MAX - key.length - 1;
    }
    slices.at(-1)!.push(key);
  }
  return slices;
}

function manifestIn(value: Uint8Array | undefined): Manifest | undefined {
  return value === undefined ? undefined : (JSON.parse(new TextDecoder().decode(value)) as Manifest);
}

function encoded(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
