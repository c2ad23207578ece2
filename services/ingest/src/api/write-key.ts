/** Finds the write key of a request and what it grants. */
import { basicUser, type KeyRing } from '@attrium/host';
import { IngestError } from '../errors.js';
import type { WriteGrant } from '../event-intake.js';

export interface KeyCarriers {
  readonly authorization?: string | undefined;
  readonly header?: string | string[] | undefined;
  readonly query?: unknown;
}

/** The key that headers or query carry: Basic user, X-Write-Key. Undefined when only body or query can hold it. */
export function keyOfHeaders(carriers: KeyCarriers): string | undefined {
  const basic = basicUser(carriers.authorization);
  if (basic !== undefined) return basic;
  return typeof carriers.header === 'string' && carriers.header !== '' ? carriers.header : undefined;
}

/** The key of the body, else of the first event, else of the query. */
export function keyOfBody(body: Readonly<Record<string, unknown>>, query: unknown): string | undefined {
  const first = Array.isArray(body.batch)
    ? (body.batch[0] as { writeKey?: unknown } | null | undefined)?.writeKey
    : undefined;
  return [body.writeKey, first, query].find((key): key is string => typeof key === 'string' && key !== '');
}

/** What a key grants. Throws IngestError for none, an unknown, a revoked or a mistyped key. */
export function grantOf(keys: KeyRing, key: string | undefined): WriteGrant {
  if (!keys.isOpen) throw new IngestError('notReady', { retryAfterSeconds: 1 });
  if (key === undefined) throw new IngestError('noKey');
  const lookup = keys.lookup('write', key);
  if (lookup.kind === 'mistyped') throw new IngestError('mistypedKey');
  if (lookup.kind !== 'granted' || lookup.grant.kind !== 'write') throw new IngestError('unknownKey');
  return lookup.grant;
}
