/** Measures parsed JSON before anything reads it, so that what follows is bounded: YAML aliases can make little text large or endless. */
import { isJsonObject } from '@attrium/condition';
import { Decimal } from '@attrium/event';
import type { CatalogueFault } from './fault.js';
import { CATALOGUE_BYTES_MAX, CATALOGUE_DEPTH_MAX, CATALOGUE_NODES_MAX } from './limits.js';

/** Finds JSON that is above a limit of catalogues, and what is no JSON at all. An undefined member of an object counts as absent. */
export function sizeFault(json: unknown): CatalogueFault | undefined {
  const message = visit(json, 1, { bytes: 0, nodes: 0 });
  if (message === undefined) return undefined;
  return { path: '', code: message === NO_JSON ? 'wrong_type' : 'over_limit', message };
}

const NO_JSON = 'a catalogue is made of JSON values';

function visit(json: unknown, depth: number, sum: { bytes: number; nodes: number }): string | undefined {
  sum.nodes += 1;
  if (depth > CATALOGUE_DEPTH_MAX) return `a catalogue may be nested at most ${CATALOGUE_DEPTH_MAX} deep`;
  if (sum.nodes > CATALOGUE_NODES_MAX) return `a catalogue may have at most ${CATALOGUE_NODES_MAX} values`;
  if (Array.isArray(json)) {
    sum.bytes += 1 + json.length;
    for (const entry of json) {
      const fault = visit(entry, depth + 1, sum);
      if (fault !== undefined) return fault;
    }
  } else if (isJsonObject(json)) {
    const prototype: unknown = Object.getPrototypeOf(json);
    if (prototype !== Object.prototype && prototype !== null) return NO_JSON;
    sum.bytes += 1;
    for (const key of Object.keys(json)) {
      if (json[key] === undefined) continue;
      sum.bytes += utf8Length(key) + 4;
      const fault = visit(json[key], depth + 1, sum);
      if (fault !== undefined) return fault;
    }
  } else if (typeof json === 'string') {
    sum.bytes += utf8Length(json) + 2;
  } else if (json === null || typeof json === 'number' || typeof json === 'boolean' || json instanceof Decimal) {
    sum.bytes += String(json).length;
  } else {
    return NO_JSON;
  }
  return sum.bytes > CATALOGUE_BYTES_MAX
    ? `a catalogue may have at most ${CATALOGUE_BYTES_MAX / 1024} KiB of JSON`
    : undefined;
}

/** Bytes of a text in UTF-8, escapes not counted. */
function utf8Length(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Each half of a surrogate pair is two of the pair's four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return bytes;
}
