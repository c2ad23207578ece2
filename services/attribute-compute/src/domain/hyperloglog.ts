/**
 * HyperLogLog over hashes of 53 bits (Flajolet, Fusy, Gandouet, Meunier, 2007), estimated as by Ertl ("New cardinality estimation
 * algorithms for HyperLogLog sketches", 2017, algorithm 6), which needs no correction for small and large counts.
 *
 * For windows each register is a list of what its greatest rank was and will be (Chabchoub and Hébrail, "Sliding HyperLogLog", 2010):
 * packed as time × 64 + rank, times rising and ranks falling. All are functions of the values and their latest times, in any order.
 */

const HASH_BITS = 53;
/** A power of two above every rank. */
const RANKS = 64;

/** Bits of the hash that choose the register: 4,096 registers, a standard error of 1.04 / √4,096 = 1.6 %. */
export const LIFETIME_PRECISION = 12;
/** 1,024 registers, a standard error of 3.3 %. */
export const WINDOW_PRECISION = 10;

export function registerOf(hash: number, precision: number): number {
  return hash % 2 ** precision;
}

/** One more than the leading zeros of the rest of the hash. */
export function rankOf(hash: number, precision: number): number {
  const high = Math.floor(hash / 2 ** 32);
  if (high !== 0) return Math.clz32(high) - 10;
  return 22 - precision + Math.clz32((hash % 2 ** 32) >>> precision);
}

export function emptyRegisters(): Uint8Array {
  return new Uint8Array(2 ** LIFETIME_PRECISION);
}

/** How many registers have each rank, from 0 to the greatest that is possible. */
export function ranksIn(registers: Uint8Array): number[] {
  const ranks = noRanks(LIFETIME_PRECISION);
  for (const rank of registers) ranks[rank]!++;
  return ranks;
}

/** `ranks` are those in the registers, and stay so. */
export function addToRegisters(registers: Uint8Array, ranks: number[], hash: number): void {
  const register = registerOf(hash, LIFETIME_PRECISION);
  const rank = rankOf(hash, LIFETIME_PRECISION);
  const before = registers[register]!;
  if (rank <= before) return;
  registers[register] = rank;
  ranks[before]!--;
  ranks[rank]!++;
}

export function estimateOf(ranks: readonly number[]): number {
  return estimateOfRanks(ranks, LIFETIME_PRECISION);
}

export function emptyMoments(): number[][] {
  return Array.from({ length: 2 ** WINDOW_PRECISION }, () => []);
}

export function addMoment(registers: number[][], hash: number, at: number): void {
  placeMoment(registers[registerOf(hash, WINDOW_PRECISION)]!, at * RANKS + rankOf(hash, WINDOW_PRECISION));
}

export function mergeMoments(registers: number[][], others: readonly (readonly number[])[]): void {
  for (let register = 0; register < others.length; register++) {
    for (const moment of others[register]!) placeMoment(registers[register]!, moment);
  }
}

export function pruneMoments(registers: number[][], withinMs: number, asOf: number): void {
  for (const moments of registers) {
    const left = firstInside(moments, withinMs, asOf);
    if (left > 0) moments.splice(0, left);
  }
}

export function estimateWithin(registers: readonly (readonly number[])[], withinMs: number, asOf: number): number {
  const ranks = noRanks(WINDOW_PRECISION);
  for (const moments of registers) {
    const moment = moments[firstInside(moments, withinMs, asOf)];
    ranks[moment === undefined ? 0 : rankIn(moment)]!++;
  }
  return estimateOfRanks(ranks, WINDOW_PRECISION);
}

/** When the first of all registers may change after `asOf`; infinity for never. */
export function firstMomentDue(registers: readonly (readonly number[])[], withinMs: number, asOf: number): number {
  let due = Infinity;
  for (const moments of registers) {
    const moment = moments[firstInside(moments, withinMs, asOf)];
    if (moment !== undefined) due = Math.min(due, timeIn(moment) + withinMs);
  }
  return due;
}

const timeIn = (moment: number): number => Math.floor(moment / RANKS);
const rankIn = (moment: number): number => moment - timeIn(moment) * RANKS;

function firstInside(moments: readonly number[], withinMs: number, asOf: number): number {
  let index = 0;
  while (index < moments.length && timeIn(moments[index]!) + withinMs <= asOf) index++;
  return index;
}

/** A rank matters only while no later one is as great. */
function placeMoment(moments: number[], moment: number): void {
  const at = timeIn(moment);
  const rank = rankIn(moment);
  let index = moments.length;
  while (index > 0 && timeIn(moments[index - 1]!) >= at) index--;
  if (index < moments.length && rankIn(moments[index]!) >= rank) return;
  let from = index;
  while (from > 0 && rankIn(moments[from - 1]!) <= rank) from--;
  const to = index < moments.length && timeIn(moments[index]!) === at ? index + 1 : index;
  moments.splice(from, to - from, moment);
}

function noRanks(precision: number): number[] {
  return new Array<number>(HASH_BITS - precision + 2).fill(0);
}

/** 1 / (2 ln 2). */
const ALPHA = 0.7213475204444817;

function estimateOfRanks(ranks: readonly number[], precision: number): number {
  const registers = 2 ** precision;
  const greatest = ranks.length - 1;
  let sum = registers * tau(1 - ranks[greatest]! / registers);
  for (let rank = greatest - 1; rank >= 1; rank--) sum = 0.5 * (sum + ranks[rank]!);
  sum += registers * sigma(ranks[0]! / registers);
  return Math.round((ALPHA * registers * registers) / sum);
}

function sigma(part: number): number {
  if (part === 1) return Infinity;
  let power = part;
  let factor = 1;
  let sum = part;
  for (let before = -1; before !== sum; factor += factor) {
    power *= power;
    before = sum;
    sum += power * factor;
  }
  return sum;
}

function tau(part: number): number {
  if (part === 0 || part === 1) return 0;
  let root = part;
  let factor = 1;
  let sum = 1 - part;
  for (let before = -1; before !== sum; ) {
    root = Math.sqrt(root);
    before = sum;
    factor *= 0.5;
    sum -= (1 - root) ** 2 * factor;
  }
  return sum / 3;
}
