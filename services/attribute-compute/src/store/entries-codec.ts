/** How states with many entries are stored: their number, then one after the other, each time as its distance from the one before. */

import { type RowReader, type RowWriter, readValue, writeValue } from '@attrium/processor';
import { ranksIn } from '../domain/hyperloglog.js';
import type {
  DistinctState,
  EarliestState,
  FrequencyState,
  FrontierState,
  RecentHashesState,
  RecentPairsState,
  RecentTextsState,
  WindowState,
} from '../domain/state.js';
import { hashOfText } from '../domain/value-hash.js';

export function writeWindow(writer: RowWriter, { grainMs, at, count, units }: WindowState): void {
  writer.whole(grainMs);
  writer.whole(at.length * 2 + (units.length > 0 ? 1 : 0));
  for (let index = 0; index < at.length; index++) {
    writeTime(writer, at, index);
    writer.whole(count[index]!);
    if (units.length > 0) writer.big(units[index]!);
  }
}

export function readWindow(reader: RowReader): WindowState {
  const state: WindowState = {
    kind: 'window',
    grainMs: reader.whole(),
    at: [],
    count: [],
    units: [],
    totalCount: 0,
    totalUnits: 0n,
  };
  const head = reader.whole();
  const length = Math.floor(head / 2);
  for (let index = 0; index < length; index++) {
    readTime(reader, state.at);
    const count = reader.whole();
    state.count.push(count);
    state.totalCount += count;
    if (head % 2 === 0) continue;
    const units = reader.big();
    state.units.push(units);
    state.totalUnits += units;
  }
  return state;
}

export function writeFrontier(writer: RowWriter, { grainMs, at, values }: FrontierState): void {
  writer.whole(grainMs);
  writer.whole(at.length);
  for (let index = 0; index < at.length; index++) {
    writeTime(writer, at, index);
    writeValue(writer, values[index]!);
  }
}

export function readFrontier(reader: RowReader): FrontierState {
  const state: FrontierState = { kind: 'frontier', grainMs: reader.whole(), at: [], values: [] };
  for (let left = reader.whole(); left > 0; left--) {
    readTime(reader, state.at);
    state.values.push(readValue(reader));
  }
  return state;
}

export function writeEarliest(writer: RowWriter, { grainMs, at, ids, values }: EarliestState): void {
  writer.whole(grainMs);
  writer.whole(at.length);
  for (let index = 0; index < at.length; index++) {
    writeTime(writer, at, index);
    writer.text(ids[index]!);
    writeValue(writer, values[index]!);
  }
}

export function readEarliest(reader: RowReader): EarliestState {
  const state: EarliestState = { kind: 'earliest', grainMs: reader.whole(), at: [], ids: [], values: [] };
  for (let left = reader.whole(); left > 0; left--) {
    readTime(reader, state.at);
    state.ids.push(reader.text());
    state.values.push(readValue(reader));
  }
  return state;
}

export function writeFrequency(writer: RowWriter, { entries, sketch }: FrequencyState): void {
  writer.whole(entries.size);
  for (const [text, { value, count, at }] of entries) {
    writer.text(text);
    // A text stands for itself.
    writer.byte(value === text ? 0 : 1);
    if (value !== text) writeValue(writer, value);
    writer.whole(count);
    writer.double(at);
  }
  writer.whole(sketch?.length ?? 0);
  for (const counter of sketch ?? []) writer.whole(counter);
}

export function readFrequency(reader: RowReader): FrequencyState {
  const state: FrequencyState = { kind: 'frequency', entries: new Map(), sketch: undefined };
  for (let left = reader.whole(); left > 0; left--) {
    const text = reader.text();
    const value = reader.byte() === 0 ? text : readValue(reader);
    state.entries.set(text, { value, hash: hashOfText(text), count: reader.whole(), at: reader.double() });
  }
  const counters = reader.whole();
  if (counters > 0) state.sketch = Array.from({ length: counters }, () => reader.whole());
  return state;
}

export function writeRecentPairs(writer: RowWriter, { at, values, count }: RecentPairsState): void {
  writer.whole(at.length);
  for (let index = 0; index < at.length; index++) {
    writeTime(writer, at, index);
    writeValue(writer, values[index]!);
    writer.whole(count[index]!);
  }
}

export function readRecentPairs(reader: RowReader): RecentPairsState {
  const state: RecentPairsState = { kind: 'recent-pairs', at: [], values: [], count: [] };
  for (let left = reader.whole(); left > 0; left--) {
    readTime(reader, state.at);
    state.values.push(readValue(reader));
    state.count.push(reader.whole());
  }
  return state;
}

/** Hashes as distances: some seven bytes each. */
export function writeDistinct(writer: RowWriter, { hashes, registers }: DistinctState): void {
  writer.whole(hashes.length);
  for (let index = 0; index < hashes.length; index++) writer.whole(hashes[index]! - (hashes[index - 1] ?? 0));
  writer.byte(registers === undefined ? 0 : 1);
  if (registers !== undefined) writer.bytes(registers);
}

export function readDistinct(reader: RowReader): DistinctState {
  const state: DistinctState = { kind: 'distinct', hashes: [], registers: undefined, ranks: undefined };
  for (let left = reader.whole(), before = 0; left > 0; left--) {
    before += reader.whole();
    state.hashes.push(before);
  }
  if (reader.byte() === 0) return state;
  state.registers = reader.bytes();
  state.ranks = ranksIn(state.registers);
  return state;
}

export function writeRecentHashes(writer: RowWriter, { at, hashes, registers }: RecentHashesState): void {
  writer.whole(at.length);
  for (let index = 0; index < at.length; index++) {
    writeTime(writer, at, index);
    writer.whole(hashes[index]!);
  }
  writer.whole(registers?.length ?? 0);
  for (const moments of registers ?? []) {
    writer.whole(moments.length);
    for (let index = 0; index < moments.length; index++) writeTime(writer, moments, index);
  }
}

export function readRecentHashes(reader: RowReader): RecentHashesState {
  const state: RecentHashesState = { kind: 'recent-hashes', at: [], hashes: [], registers: undefined };
  for (let left = reader.whole(); left > 0; left--) {
    readTime(reader, state.at);
    state.hashes.push(reader.whole());
  }
  const registers = reader.whole();
  if (registers > 0) state.registers = Array.from({ length: registers }, () => readMoments(reader));
  return state;
}

function readMoments(reader: RowReader): number[] {
  const moments: number[] = [];
  for (let left = reader.whole(); left > 0; left--) readTime(reader, moments);
  return moments;
}

export function writeRecentTexts(writer: RowWriter, { at, texts, overflowed }: RecentTextsState): void {
  writer.whole(at.length);
  for (let index = 0; index < at.length; index++) {
    writeTime(writer, at, index);
    writer.text(texts[index]!);
  }
  writer.byte(overflowed ? 1 : 0);
}

export function readRecentTexts(reader: RowReader): RecentTextsState {
  const state: RecentTextsState = { kind: 'recent-texts', at: [], texts: [], overflowed: false };
  for (let left = reader.whole(); left > 0; left--) {
    readTime(reader, state.at);
    state.texts.push(reader.text());
  }
  state.overflowed = reader.byte() === 1;
  return state;
}

/** The first as it is, the others as their distance from the one before. */
export function writeTime(writer: RowWriter, times: readonly number[], index: number): void {
  if (index === 0) writer.double(times[0]!);
  else writer.whole(times[index]! - times[index - 1]!);
}

export function readTime(reader: RowReader, times: number[]): void {
  times.push(times.length === 0 ? reader.double() : times[times.length - 1]! + reader.whole());
}
