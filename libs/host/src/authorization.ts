/** Reads keys out of `Authorization` headers, and out of the metadata of gRPC calls. */
import type { Metadata } from '@grpc/grpc-js';

/** The user of a Basic header; a missing colon is tolerated, the password is ignored. Undefined for none. */
export function basicUser(header: string | undefined): string | undefined {
  if (header === undefined || header.length > 1_000) return undefined;
  const match = /^basic\s+([A-Za-z0-9+/=_-]+)\s*$/i.exec(header);
  if (match === null) return undefined;
  const text = Buffer.from(match[1]!, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const user = colon < 0 ? text : text.slice(0, colon);
  return user === '' ? undefined : user;
}

/** The token of a Bearer header; undefined for none. */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined || header.length > 4_000) return undefined;
  return /^bearer\s+(\S+)\s*$/i.exec(header)?.[1];
}

/** What a gRPC call has in place of the header: `authorization` in its metadata. */
export function authorizationOf(metadata: Metadata | undefined): string | undefined {
  const value = metadata?.get('authorization')[0];
  return value === undefined ? undefined : String(value);
}
