/** From the bytes of a request to JSON: decompression, nesting and parsing, each bounded. */
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { parseExactJson } from '@attrium/event';
import { boundNesting, TOO_DEEP } from '../domain/nesting.js';
import { IngestError } from '../errors.js';

const gunzipBytes = promisify(gunzip);
const inflateBytes = promisify(inflate);

export type JsonObject = Readonly<Record<string, unknown>>;

/** The text of a body. Throws IngestError when it cannot be decompressed or gets larger than `bytesMax`. */
export async function bodyText(bytes: Buffer, encoding: string | undefined, bytesMax: number): Promise<string> {
  const plain = await decompressed(bytes, encoding?.trim().toLowerCase() ?? '', bytesMax);
  if (plain.length > bytesMax)
    throw new IngestError('bodyTooLarge', { message: `The body has more than ${bytesMax} bytes.` });
  const text = plain.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

async function decompressed(bytes: Buffer, encoding: string, bytesMax: number): Promise<Buffer> {
  if (encoding === '' || encoding === 'identity') return bytes;
  const options = { maxOutputLength: bytesMax };
  try {
    if (encoding === 'gzip' || encoding === 'x-gzip') return await gunzipBytes(bytes, options);
    if (encoding === 'deflate') return await inflateBytes(bytes, options);
  } catch (cause) {
    const tooLarge = (cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    throw tooLarge
      ? new IngestError('bodyTooLarge', {
          message: `The body has more than ${bytesMax} bytes when decompressed.`,
          cause,
        })
      : new IngestError('brokenEncoding', { cause });
  }
  throw new IngestError('unknownEncoding');
}

/**
 * Parses a body whose events may have `levelsMax` levels. In a batch an event that has more is replaced by a mark, so that the others
 * survive; anything else that is nested too deeply refuses the request.
 */
export function parseBody(text: string, levelsMax: number, form: 'event' | 'batch'): JsonObject {
  const level = form === 'event' ? 1 : 3;
  const bounded = boundNesting(text, { levelsMax: levelsMax + level - 1, replaceLevel: level });
  if (form === 'event' && bounded.replaced > 0) throw new IngestError('nestedTooDeeply');
  let body: unknown;
  try {
    body = parseExactJson(bounded.text);
  } catch (cause) {
    throw new IngestError('malformedJson', { cause });
  }
  if (
    typeof body !== 'object' ||
    body === null ||
    Array.isArray(body) ||
    Object.getPrototypeOf(body) !== Object.prototype
  ) {
    throw new IngestError('misshapenBody', { message: 'The body must be a JSON object.' });
  }
  if (bounded.replaced > marksIn((body as JsonObject).batch)) throw new IngestError('nestedTooDeeply');
  return body as JsonObject;
}

/** Events of a batch that were replaced because of their nesting. */
function marksIn(batch: unknown): number {
  return Array.isArray(batch) ? batch.filter((event) => event === TOO_DEEP).length : 0;
}
