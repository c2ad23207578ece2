/** How states are stored in rows and travel with a loser: plain states here, those that keep many entries in `entries-codec.ts`. */
import { assertNever } from '@attrium/event';
import { type RowReader, type RowWriter, readValue, writeValue } from '@attrium/processor';
import type { State } from '../domain/state.js';
import {
  readDistinct,
  readEarliest,
  readFrequency,
  readFrontier,
  readRecentHashes,
  readRecentPairs,
  readRecentTexts,
  readWindow,
  writeDistinct,
  writeEarliest,
  writeFrequency,
  writeFrontier,
  writeRecentHashes,
  writeRecentPairs,
  writeRecentTexts,
  writeWindow,
} from './entries-codec.js';
import { readPattern, writePattern } from './pattern-codec.js';
import { readSessions, writeSessions } from './sessions-codec.js';

/** By their number in the encoding: add at the end, change nothing. */
const STATE_KINDS = [
  'pick',
  'count',
  'sum',
  'time',
  'window',
  'extreme',
  'mean',
  'frontier',
  'earliest',
  'frequency',
  'recent-pairs',
  'distinct',
  'recent-hashes',
  'recent-texts',
  'sessions',
  'pattern',
] as const satisfies readonly State['kind'][];

export function writeState(writer: RowWriter, state: State): void {
  writer.byte(STATE_KINDS.indexOf(state.kind));
  switch (state.kind) {
    case 'pick':
      writer.double(state.at);
      writer.text(state.id);
      writer.byte(state.value === undefined ? 0 : 1);
      if (state.value !== undefined) writeValue(writer, state.value);
      return;
    case 'count':
      writer.whole(state.count);
      return;
    case 'sum':
      writer.big(state.units);
      return;
    case 'time':
      writer.byte(state.at === undefined ? 0 : 1);
      if (state.at !== undefined) writer.double(state.at);
      return;
    case 'window':
      writeWindow(writer, state);
      return;
    case 'extreme':
      writer.byte(state.value === undefined ? 0 : 1);
      if (state.value !== undefined) writeValue(writer, state.value);
      return;
    case 'mean':
      writer.big(state.units);
      writer.whole(state.count);
      return;
    case 'frontier':
      writeFrontier(writer, state);
      return;
    case 'earliest':
      writeEarliest(writer, state);
      return;
    case 'frequency':
      writeFrequency(writer, state);
      return;
    case 'recent-pairs':
      writeRecentPairs(writer, state);
      return;
    case 'distinct':
      writeDistinct(writer, state);
      return;
    case 'recent-hashes':
      writeRecentHashes(writer, state);
      return;
    case 'recent-texts':
      writeRecentTexts(writer, state);
      return;
    case 'sessions':
      writeSessions(writer, state);
      return;
    case 'pattern':
      writePattern(writer, state);
      return;
    default:
      assertNever(state);
  }
}

export function readState(reader: RowReader): State {
  const kind = STATE_KINDS[reader.byte()];
  switch (kind) {
    case 'pick':
      return {
        kind,
        at: reader.double(),
        id: reader.text(),
        value: reader.byte() === 0 ? undefined : readValue(reader),
      };
    case 'count':
      return { kind, count: reader.whole() };
    case 'sum':
      return { kind, units: reader.big() };
    case 'time':
      return { kind, at: reader.byte() === 0 ? undefined : reader.double() };
    case 'window':
      return readWindow(reader);
    case 'extreme':
      return { kind, value: reader.byte() === 0 ? undefined : readValue(reader) };
    case 'mean':
      return { kind, units: reader.big(), count: reader.whole() };
    case 'frontier':
      return readFrontier(reader);
    case 'earliest':
      return readEarliest(reader);
    case 'frequency':
      return readFrequency(reader);
    case 'recent-pairs':
      return readRecentPairs(reader);
    case 'distinct':
      return readDistinct(reader);
    case 'recent-hashes':
      return readRecentHashes(reader);
    case 'recent-texts':
      return readRecentTexts(reader);
    case 'sessions':
      return readSessions(reader);
    case 'pattern':
      return readPattern(reader);
    case undefined:
      throw new Error('a row holds a state of an unknown kind');
    default:
      return assertNever(kind);
  }
}
