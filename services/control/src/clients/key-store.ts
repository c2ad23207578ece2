/** The API keys of workspaces in the bucket `attrium-keys`: hashed, so that nobody can read one back. */
import {
  hashOfKey,
  type KeyKind,
  type KeyRecord,
  type KeyRing,
  type KeyRole,
  keyEntryName,
  keyRecordSchema,
  newKeyText,
} from '@attrium/host';
import type { Bucket } from '@attrium/nats';
import type { Clock } from '@attrium/processor';
import { ControlError } from '../errors.js';

export type KeyRequest =
  | { readonly kind: 'write'; readonly source: string; readonly name?: string | undefined }
  | { readonly kind: 'secret'; readonly role: KeyRole; readonly name?: string | undefined };

/** A key as it is shown: everything but its text. */
export interface KeySummary {
  /** `write-` or `secret-` and the first 16 digits of the hash. */
  readonly id: string;
  readonly kind: KeyKind;
  readonly name?: string;
  readonly source?: string;
  readonly role?: KeyRole;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Since when it is good for nothing any more; absent: it works. */
  readonly revokedAt?: string;
}

interface Found {
  readonly entryName: string;
  readonly revision: number;
  readonly record: KeyRecord;
  readonly summary: KeySummary;
}

/** Keys of one workspace, revoked ones too. */
const KEYS_MAX = 1_000;
const KNOWN_POLL_MS = 10;
const KNOWN_LIMIT_MS = 1_000;
const ID_HASH_DIGITS = 16;

export class KeyStore {
  constructor(
    private readonly bucket: Bucket,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** A new key with its text, which is never shown again. Throws ATR-CONTROL-014. */
  async create(workspace: string, request: KeyRequest): Promise<KeySummary & { readonly key: string }> {
    const existing = await this.found(workspace);
    if (existing.length >= KEYS_MAX) {
      throw new ControlError('tooMany', {
        message: `A workspace may have at most ${KEYS_MAX} keys, revoked ones too.`,
      });
    }
    const key = newKeyText(request.kind);
    const record = { ...request, workspace, hash: hashOfKey(key), createdAt: this.clock.now() };
    await this.bucket.put(keyEntryName(request.kind, key), Buffer.from(JSON.stringify(record)));
    await this.untilKnown(request.kind, key);
    return { ...summaryOf(record), key };
  }

  async list(workspace: string): Promise<KeySummary[]> {
    const found = await this.found(workspace);
    return found.map(({ summary }) => summary).sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  }

  /** Throws ATR-CONTROL-041 for an id that the workspace does not have. Revoking twice is the same as once. */
  async revoke(workspace: string, id: string): Promise<KeySummary> {
    const match = (await this.found(workspace)).find(({ summary }) => summary.id === id);
    if (match === undefined) throw new ControlError('noSuchKey');
    const { record, entryName, summary } = match;
    if (summary.revokedAt !== undefined) return summary;
    const revoked: KeyRecord = { ...record, revoked: this.clock.now() };
    // Whatever else changed the entry meanwhile can only have revoked it too.
    await this.bucket.update(entryName, Buffer.from(JSON.stringify(revoked)), match.revision);
    return summaryOf({ ...revoked, hash: hashIn(entryName) });
  }

  private async found(workspace: string): Promise<Found[]> {
    const found: Found[] = [];
    for (const { key: entryName, value, revision } of await this.bucket.entries()) {
      const record = value === undefined ? undefined : recordOf(value);
      if (record?.workspace !== workspace) continue;
      found.push({ entryName, revision, record, summary: summaryOf({ ...record, hash: hashIn(entryName) }) });
    }
    return found;
  }

  /** Whoever gets a key may use it at once, here at least. */
  private async untilKnown(kind: KeyKind, key: string): Promise<void> {
    const deadline = this.clock.monotonic() + KNOWN_LIMIT_MS;
    while (this.ring.lookup(kind, key).kind !== 'granted' && this.clock.monotonic() < deadline) {
      await new Promise<void>((resolve) => this.clock.after(KNOWN_POLL_MS, resolve));
    }
  }
}

function hashIn(entryName: string): string {
  return entryName.split('.')[1] ?? '';
}

function recordOf(value: Uint8Array): KeyRecord | undefined {
  try {
    return keyRecordSchema.safeParse(JSON.parse(Buffer.from(value).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

function summaryOf(record: KeyRecord & { readonly hash: string }): KeySummary {
  const { kind, hash, name, createdAt, revoked } = record;
  return {
    id: `${kind}-${hash.slice(0, ID_HASH_DIGITS)}`,
    kind,
    ...(name === undefined ? {} : { name }),
    ...(record.kind === 'write' ? { source: record.source } : { role: record.role }),
    createdAt: new Date(createdAt).toISOString(),
    ...(revoked === undefined || revoked === false
      ? {}
      : { revokedAt: new Date(revoked === true ? createdAt : revoked).toISOString() }),
  };
}
