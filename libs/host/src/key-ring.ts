/** The keys of all workspaces in memory, kept current by watching the bucket `attrium-keys`; a look-up is one hash. */
import { z } from 'zod';
import { hashOfKey, inspectKeyText, KEY_TEXT_MAX, type KeyKind } from './key-text.js';

/** The NATS KV bucket that holds the keys. */
export const KEYS_BUCKET = 'attrium-keys';

export const KEY_ROLES = ['admin', 'read'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

const name = z.string().min(1).max(100);

/** The value of an entry: UTF-8 JSON. `createdAt` and `revoked` are milliseconds. */
export const keyRecordSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('write'),
    workspace: name,
    source: name,
    name: name.optional(),
    hash: z.string().optional(),
    createdAt: z.number(),
    revoked: z.union([z.boolean(), z.number()]).optional(),
  }),
  z.object({
    kind: z.literal('secret'),
    workspace: name,
    role: z.enum(KEY_ROLES),
    /** What people call the key. */
    name: name.optional(),
    hash: z.string(),
    createdAt: z.number(),
    revoked: z.union([z.boolean(), z.number()]).optional(),
  }),
]);
export type KeyRecord = z.infer<typeof keyRecordSchema>;

/** Where keys come from. `onEntry` gets every entry there is and then every change; a deleted one has no value. */
export interface KeySource {
  /** Resolves once all entries that existed have been handed over. */
  watch(
    onEntry: (entryName: string, value: Uint8Array | undefined) => void,
  ): Promise<{ close(): Promise<void> | void }>;
}

/** What a key allows. */
export type KeyGrant =
  | { readonly kind: 'write'; readonly workspace: string; readonly source: string; readonly hash: string }
  | {
      readonly kind: 'secret';
      readonly workspace: string;
      readonly role: KeyRole;
      readonly hash: string;
      readonly name?: string;
    };

export type KeyLookup =
  | { readonly kind: 'granted'; readonly grant: KeyGrant }
  | { readonly kind: 'unknown' | 'revoked' | 'mistyped' };

const UNKNOWN: KeyLookup = { kind: 'unknown' };
const REVOKED: KeyLookup = { kind: 'revoked' };
const MISTYPED: KeyLookup = { kind: 'mistyped' };

export class KeyRing {
  private readonly lookups = new Map<string, KeyLookup>();
  private watching: { close(): Promise<void> | void } | undefined;
  private refusedEntries = 0;

  /** Begins to watch; resolves when every key that exists is known. */
  async open(source: KeySource): Promise<void> {
    this.watching = await source.watch((entryName, value) => this.take(entryName, value));
  }

  async close(): Promise<void> {
    await this.watching?.close();
    this.watching = undefined;
  }

  get isOpen(): boolean {
    return this.watching !== undefined;
  }

  /** Number of keys known. */
  get size(): number {
    return this.lookups.size;
  }

  /** Entries of the bucket that could not be read and grant nothing. */
  get refused(): number {
    return this.refusedEntries;
  }

  /** What a key text of this kind grants. Time does not depend on the text beyond its hash. */
  lookup(kind: KeyKind, text: string): KeyLookup {
    if (text.length === 0 || text.length > KEY_TEXT_MAX) return UNKNOWN;
    const found = this.lookups.get(`${kind}.${hashOfKey(text)}`);
    if (found !== undefined) return found;
    return inspectKeyText(text).kind === 'mistyped' ? MISTYPED : UNKNOWN;
  }

  private take(entryName: string, value: Uint8Array | undefined): void {
    if (value === undefined || value.length === 0) {
      this.lookups.delete(entryName);
      return;
    }
    const record = readRecord(value);
    const [kind, hash] = entryName.split('.');
    if (record === undefined || record.kind !== kind || hash === undefined) {
      this.refusedEntries++;
      this.lookups.delete(entryName);
      return;
    }
    this.lookups.set(entryName, lookupOf(record, hash));
  }
}

function readRecord(value: Uint8Array): KeyRecord | undefined {
  try {
    const parsed = keyRecordSchema.safeParse(JSON.parse(Buffer.from(value).toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function lookupOf(record: KeyRecord, hash: string): KeyLookup {
  if (record.revoked !== undefined && record.revoked !== false) return REVOKED;
  const { workspace } = record;
  if (record.kind === 'write')
    return { kind: 'granted', grant: { kind: 'write', workspace, source: record.source, hash } };
  const called = record.name === undefined ? {} : { name: record.name };
  return { kind: 'granted', grant: { kind: 'secret', workspace, role: record.role, hash, ...called } };
}
