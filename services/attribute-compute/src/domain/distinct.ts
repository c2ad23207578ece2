/** How many different values came over all time: exact up to a limit, then a HyperLogLog. */
import type { AttributeReducer } from './attribute-reducer.js';
import { addToRegisters, emptyRegisters, estimateOf, ranksIn } from './hyperloglog.js';
import { DISTINCT_EXACT_MAX } from './limits.js';
import { firstNotBefore } from './sorted.js';
import type { DistinctState } from './state.js';
import { hashOfText } from './value-hash.js';
import { textOfValue } from './value-text.js';

export const distinctCount: AttributeReducer<DistinctState> = {
  empty: () => ({ kind: 'distinct', hashes: [], registers: undefined, ranks: undefined }),
  add(state, { value }) {
    if (value !== undefined) addHash(state, hashOfText(textOfValue(value)));
    return state;
  },
  merge(a, b) {
    for (const hash of b.hashes) addHash(a, hash);
    if (b.registers === undefined) return a;
    const registers = estimating(a);
    for (let register = 0; register < registers.length; register++) {
      if (b.registers[register]! > registers[register]!) registers[register] = b.registers[register]!;
    }
    a.ranks = ranksIn(registers);
    return a;
  },
  value: ({ hashes, ranks }) => (ranks === undefined ? hashes.length : estimateOf(ranks)),
  isApproximate: ({ registers }) => registers !== undefined,
};

function addHash(state: DistinctState, hash: number): void {
  if (state.registers !== undefined) {
    addToRegisters(state.registers, state.ranks!, hash);
    return;
  }
  const { hashes } = state;
  const index = firstNotBefore(hashes, hash);
  if (hashes[index] === hash) return;
  hashes.splice(index, 0, hash);
  if (hashes.length > DISTINCT_EXACT_MAX) estimating(state);
}

/** Its registers: from here on it estimates. */
function estimating(state: DistinctState): Uint8Array {
  if (state.registers !== undefined) return state.registers;
  state.registers = emptyRegisters();
  state.ranks = ranksIn(state.registers);
  for (const hash of state.hashes) addToRegisters(state.registers, state.ranks, hash);
  state.hashes = [];
  return state.registers;
}
