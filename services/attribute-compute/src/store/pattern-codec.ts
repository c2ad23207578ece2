/** How the state of a pattern is stored: its events one after the other, then what was found. */
import type { RowReader, RowWriter } from '@attrium/processor';
import type { PatternState } from '../domain/state.js';
import { readTime, writeTime } from './entries-codec.js';

export function writePattern(writer: RowWriter, { at, ids, steps, found, overflowed }: PatternState): void {
  writer.whole(at.length);
  for (let index = 0; index < at.length; index++) {
    writeTime(writer, at, index);
    writer.text(ids[index]!);
    writer.byte(steps[index]!);
  }
  writer.byte((found === undefined ? 0 : 1) + (overflowed ? 2 : 0));
  if (found !== undefined) writer.double(found);
}

export function readPattern(reader: RowReader): PatternState {
  const state: PatternState = { kind: 'pattern', at: [], ids: [], steps: [], found: undefined, overflowed: false };
  for (let left = reader.whole(); left > 0; left--) {
    readTime(reader, state.at);
    state.ids.push(reader.text());
    state.steps.push(reader.byte());
  }
  const flags = reader.byte();
  state.overflowed = (flags & 2) !== 0;
  if ((flags & 1) !== 0) state.found = reader.double();
  return state;
}
