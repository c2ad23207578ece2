/** The text of API keys: `atr_wk_…` (write keys, public) and `atr_sk_…` (secret keys), with a checksum that tells a typing error from an unknown key. */
import { createHash, randomBytes } from 'node:crypto';

export type KeyKind = 'write' | 'secret';

const PREFIX: Readonly<Record<KeyKind, string>> = { write: 'atr_wk_', secret: 'atr_sk_' };
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const RANDOM_CHARACTERS = 26;
const CHECK_CHARACTERS = 4;
const KEY_TEXT = /^atr_(wk|sk)_([a-z2-7]{26,64})([a-z2-7]{4})$/;

/** Longest text that is looked up at all, in characters. */
export const KEY_TEXT_MAX = 200;

/** A new key: 130 random bits. Show it once; only its hash is stored. */
export function newKeyText(kind: KeyKind): string {
  const random = [...randomBytes(RANDOM_CHARACTERS)].map((byte) => ALPHABET[byte & 31]).join('');
  return `${PREFIX[kind]}${random}${checkOf(`${PREFIX[kind]}${random}`)}`;
}

/** What the text says by itself: a well-formed key of a kind, a key with a typing error in it, or no key of ours. */
export function inspectKeyText(
  text: string,
): { kind: 'well-formed'; keyKind: KeyKind } | { kind: 'mistyped' | 'foreign' } {
  const match = KEY_TEXT.exec(text);
  if (match === null) return { kind: text.startsWith('atr_') ? 'mistyped' : 'foreign' };
  const keyKind: KeyKind = match[1] === 'wk' ? 'write' : 'secret';
  return checkOf(`${PREFIX[keyKind]}${match[2]}`) === match[3]
    ? { kind: 'well-formed', keyKind }
    : { kind: 'mistyped' };
}

/** SHA-256 of a key text, 64 hexadecimal digits: all that is ever stored of it. */
export function hashOfKey(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** The name of a key's entry in the bucket `attrium-keys`: `write.<hash>` or `secret.<hash>`. */
export function keyEntryName(kind: KeyKind, text: string): string {
  return `${kind}.${hashOfKey(text)}`;
}

function checkOf(body: string): string {
  const hash = createHash('sha256').update(body, 'utf8').digest();
  return [...hash.subarray(0, CHECK_CHARACTERS)].map((byte) => ALPHABET[byte & 31]).join('');
}
