/**
 * Remembers which message ids were seen: for the window of their workspace exactly, in whole hours of log time, and for less only when
 * the stated cap is reached. Hours beyond the longest window of all workspaces are dropped whole.
 */
import type { Table, TableCodec } from '@attrium/processor';
import { FingerprintSet, type LiveGenerations } from '../domain/fingerprint-set.js';
import { hash128 } from '../domain/hash.js';

const HOUR_MS = 3_600_000;
/** The window of a workspace that says nothing: an id of hour h counts up to the end of hour h + 24. */
export const DEDUP_WINDOW_HOURS = 24;
/** About 1.4 GB: 20 bytes an id in the set and 8 in cached rows. */
export const DEDUP_IDS_MAX = 50_000_000;
/** A generation is closed at the end of its hour, or when it holds this part of the cap. */
const GENERATIONS_AT_CAP = 16;
const CHUNK_IDS = 2_048;
const WORDS_MIN = 64;

/** A piece of one generation, in order of arrival; two words an id. Only the last chunk of all grows: a checkpoint writes new ids only. */
export interface Chunk {
  words: Uint32Array;
  used: number;
}

/** Rows are little-endian words, as on every platform that Node runs on. */
export const chunkCodec: TableCodec<Chunk> = {
  encode: ({ words, used }) => new Uint8Array(words.slice(0, used).buffer),
  decode: (bytes) => {
    const saved = new Uint32Array(bytes.slice().buffer);
    const words = new Uint32Array(capacityFor(saved.length));
    words.set(saved);
    return { words, used: saved.length };
  },
};

interface Generation {
  readonly number: number;
  readonly hour: number;
  readonly firstChunk: number;
  lastChunk: number;
}

/** The one row that says which chunks there are, the oldest generation first; it changes once a chunk. */
export interface DedupIndex {
  generations: Generation[];
  nextGeneration: number;
  nextChunk: number;
  /** Hours, of workspaces whose window is another than the usual one. */
  windows: Record<string, number>;
}

export interface DedupTables {
  readonly chunks: Table<number, Chunk>;
  readonly index: Table<number, DedupIndex>;
}

const INDEX_KEY = 0;

export class DedupWindow {
  private readonly seen: FingerprintSet;
  private readonly keys = new Map<string, Uint32Array>();
  private readonly fingerprint = new Uint32Array(4);
  private readonly live = { oldest: 0, newest: 0 };
  /** Of the index row; changed only after `editIndex`. */
  private generations: Generation[];
  /** Ids of each generation. */
  private readonly counts: number[] = [];
  private ids = 0;
  /** Of the index row, whose keys have a slash before the workspace: so none is a member of every object. */
  private readonly windows = new Map<string, number>();
  private longestHours = DEDUP_WINDOW_HOURS;
  /** The oldest generation that counts, by window; of the hour that was asked about last. */
  private readonly oldestOf = new Map<number, number>();

  constructor(
    private readonly tables: DedupTables,
    private readonly idsMax: number,
    private readonly shrunk: (windowMs: number) => void,
  ) {
    const index = tables.index.get(INDEX_KEY);
    this.generations = index?.generations ?? [];
    for (const [workspace, hours] of Object.entries(index?.windows ?? {})) this.windows.set(workspace.slice(1), hours);
    this.noteWindows();
    this.noteLive();
    const chunks = this.generations.reduce((sum, { firstChunk, lastChunk }) => sum + lastChunk - firstChunk + 1, 0);
    this.seen = new FingerprintSet(chunks * CHUNK_IDS);
    for (const generation of this.generations) this.load(generation);
  }

  /** Ids that are remembered. */
  get size(): number {
    return this.ids;
  }

  /** True when this workspace sent an event of this id within the window that ends at `now` (log time, ms). */
  has(workspace: string, messageId: string, now: number): boolean {
    this.advance(Math.floor(now / HOUR_MS));
    const { fingerprint } = this;
    hash128(messageId, fingerprint, this.keyOf(workspace));
    return this.seen.has(fingerprint[0]!, fingerprint[1]!, this.liveFor(workspace));
  }

  /** Hours that a workspace's ids count from here on; ids that were dropped before do not come back. */
  setWindow(workspace: string, hours: number): void {
    const known = this.windows.get(workspace) ?? DEDUP_WINDOW_HOURS;
    if (known === hours) return;
    const { windows } = this.editIndex();
    if (hours === DEDUP_WINDOW_HOURS) {
      this.windows.delete(workspace);
      delete windows[`/${workspace}`];
    } else {
      this.windows.set(workspace, hours);
      windows[`/${workspace}`] = hours;
    }
    this.noteWindows();
    const last = this.generations[this.generations.length - 1];
    if (last !== undefined) this.forgetBefore(last.hour - this.longestHours);
  }

  /** Remembers the id that `has` was asked about last. */
  add(): void {
    const { fingerprint } = this;
    const high = fingerprint[0]!;
    const low = fingerprint[1]!;
    const chunk = this.chunkWithRoom();
    this.seen.add(high, low, this.live.newest, this.live);
    if (chunk.words.length <= chunk.used) chunk.words = grown(chunk.words);
    chunk.words[chunk.used++] = high;
    chunk.words[chunk.used++] = low;
    this.counts[this.counts.length - 1]! += 1;
    this.ids++;
  }

  private load(generation: Generation): void {
    let ids = 0;
    for (let number = generation.firstChunk; number <= generation.lastChunk; number++) {
      const { words, used } = this.tables.chunks.get(number)!;
      for (let at = 0; at < used; at += 2) this.seen.add(words[at]!, words[at + 1]!, generation.number, this.live);
      ids += used / 2;
    }
    this.counts.push(ids);
    this.ids += ids;
  }

  /** Forgets what is older than the window and opens the generation of this hour. */
  private advance(hour: number): void {
    const last = this.generations[this.generations.length - 1];
    if (last !== undefined && last.hour >= hour) return;
    this.forgetBefore(hour - this.longestHours);
    this.openGeneration(hour);
  }

  private forgetBefore(hour: number): void {
    while (this.generations.length > 0 && this.generations[0]!.hour < hour) this.forgetOldest();
  }

  /** The last chunk, to be changed: it takes the next id of the newest generation. */
  private chunkWithRoom(): Chunk {
    let last = this.generations[this.generations.length - 1]!;
    const idsMax = Math.max(1, Math.floor(this.idsMax / GENERATIONS_AT_CAP));
    if (this.counts[this.counts.length - 1]! >= idsMax) last = this.openGeneration(last.hour);
    while (this.ids >= this.idsMax && this.generations.length > 1) {
      this.forgetOldest();
      this.shrunk((last.hour - this.generations[0]!.hour) * HOUR_MS);
    }
    const chunk = this.tables.chunks.edit(last.lastChunk)!;
    if (chunk.used < CHUNK_IDS * 2) return chunk;
    const index = this.editIndex();
    last = this.generations[this.generations.length - 1]!;
    last.lastChunk = index.nextChunk++;
    const fresh = emptyChunk();
    this.tables.chunks.put(last.lastChunk, fresh);
    return fresh;
  }

  private openGeneration(hour: number): Generation {
    const index = this.editIndex();
    const chunk = index.nextChunk++;
    const generation = { number: index.nextGeneration++, hour, firstChunk: chunk, lastChunk: chunk };
    this.tables.chunks.put(chunk, emptyChunk());
    index.generations.push(generation);
    this.counts.push(0);
    this.noteLive();
    this.seen.sweep(generation.number, this.live);
    return generation;
  }

  private forgetOldest(): void {
    const oldest = this.editIndex().generations.shift()!;
    for (let number = oldest.firstChunk; number <= oldest.lastChunk; number++) this.tables.chunks.delete(number);
    this.ids -= this.counts.shift()!;
    this.noteLive();
  }

  private noteLive(): void {
    const { generations, live } = this;
    live.oldest = generations[0]?.number ?? 0;
    live.newest = generations[generations.length - 1]?.number ?? 0;
    this.oldestOf.clear();
  }

  private noteWindows(): void {
    this.longestHours = Math.max(DEDUP_WINDOW_HOURS, ...this.windows.values());
    this.oldestOf.clear();
  }

  /** The generations that count for a workspace. A new hour is a new generation, so that what is noted here is of the newest one. */
  private liveFor(workspace: string): LiveGenerations {
    const hours = this.windows.size === 0 ? DEDUP_WINDOW_HOURS : (this.windows.get(workspace) ?? DEDUP_WINDOW_HOURS);
    if (hours === this.longestHours) return this.live;
    const { newest } = this.live;
    let oldest = this.oldestOf.get(hours);
    if (oldest === undefined) {
      const first = this.generations[this.generations.length - 1]!.hour - hours;
      oldest = this.generations.find(({ hour }) => hour >= first)!.number;
      this.oldestOf.set(hours, oldest);
    }
    return { oldest, newest };
  }

  /** The index row, to be changed; the cache may have read it again since. */
  private editIndex(): DedupIndex {
    let index = this.tables.index.edit(INDEX_KEY);
    if (index === undefined) {
      index = { generations: [], nextGeneration: 1, nextChunk: 1, windows: {} };
      this.tables.index.put(INDEX_KEY, index);
    }
    this.generations = index.generations;
    return index;
  }

  private keyOf(workspace: string): Uint32Array {
    let key = this.keys.get(workspace);
    if (key === undefined) {
      key = new Uint32Array(4);
      hash128(workspace, key);
      this.keys.set(workspace, key);
    }
    return key;
  }
}

function emptyChunk(): Chunk {
  return { words: new Uint32Array(WORDS_MIN), used: 0 };
}

/** Chunks grow by doubling, so that a quiet hour costs little. */
function capacityFor(words: number): number {
  let capacity = WORDS_MIN;
  while (capacity < words) capacity *= 2;
  return capacity;
}

function grown(words: Uint32Array): Uint32Array {
  const next = new Uint32Array(capacityFor(words.length + 1));
  next.set(words);
  return next;
}
