/** How large the states of an entity are, about, and when they are too large. */
import { assertNever, type Value } from '@attrium/event';
import { ENTITY_STATE_BYTES_MAX, SMALL_STATE_BYTES_MAX } from './limits.js';
import type { SessionPage, State } from './state.js';

/** Of a time, and of a number. */
const SMALL_BYTES = 8;
const FREQUENCY_COUNTER_BYTES = 2;
/** A register of a window holds some five moments, on average. */
const REGISTER_BYTES = 40;
const SESSION_BYTES = 20;

/** Whether a state may take no more events: it is not small, and those of its entity, together, have reached their limit. */
export function isFull(states: readonly (State | undefined)[], state: State): boolean {
  if (bytesOf(state) <= SMALL_STATE_BYTES_MAX) return false;
  let bytes = 0;
  for (const each of states) if (each !== undefined) bytes += bytesOf(each);
  return bytes >= ENTITY_STATE_BYTES_MAX;
}

/** Bytes of a state, about, by the number of its entries and the bytes of its texts. */
export function bytesOf(state: State): number {
  switch (state.kind) {
    case 'pick':
      return SMALL_BYTES + state.id.length + bytesOfValue(state.value);
    case 'extreme':
      return bytesOfValue(state.value);
    case 'count':
    case 'sum':
    case 'time':
    case 'mean':
      return SMALL_BYTES;
    case 'window':
      return (state.at.length + 2 * state.units.length) * SMALL_BYTES;
    case 'frontier':
      return state.at.length * 3 * SMALL_BYTES;
    case 'earliest':
      return state.at.length * SMALL_BYTES + bytesIn(state.ids) + bytesIn(state.values);
    case 'frequency': {
      let bytes = (state.sketch?.length ?? 0) * FREQUENCY_COUNTER_BYTES;
      for (const text of state.entries.keys()) bytes += 2 * SMALL_BYTES + bytesOfText(text);
      return bytes;
    }
    case 'recent-pairs':
      return state.at.length * SMALL_BYTES + bytesIn(state.values);
    case 'distinct':
      return state.hashes.length * SMALL_BYTES + (state.registers?.length ?? 0);
    case 'recent-hashes':
      return state.at.length * 2 * SMALL_BYTES + (state.registers?.length ?? 0) * REGISTER_BYTES;
    case 'recent-texts':
      return state.at.length * SMALL_BYTES + bytesIn(state.texts);
    case 'sessions':
      return state.sessions.reduce((bytes, { page }) => bytes + SESSION_BYTES + bytesOfPage(page), 0);
    case 'pattern':
      return state.at.length * 2 * SMALL_BYTES + bytesIn(state.ids);
    default:
      return assertNever(state);
  }
}

function bytesIn(values: readonly Value[]): number {
  let bytes = 0;
  for (let index = 0; index < values.length; index++) bytes += bytesOfValue(values[index]);
  return bytes;
}

/** Of texts as UTF-8, which is how they are stored. */
function bytesOfValue(value: Value | undefined): number {
  if (typeof value === 'string') return bytesOfText(value);
  return Array.isArray(value) ? bytesIn(value) : SMALL_BYTES;
}

/** A pair of surrogates counts six for its four. */
function bytesOfText(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) bytes += code > 0x7ff ? 2 : 1;
  }
  return bytes;
}

function bytesOfPage(page: SessionPage | undefined): number {
  return page === undefined ? 0 : SMALL_BYTES + page.id.length + bytesOfText(page.text);
}
