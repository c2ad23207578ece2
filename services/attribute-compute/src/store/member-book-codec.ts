/** How the contributions of an account's members are stored: the keys that are in use, then each member with its values. */
import { RowReader, RowWriter, readValue, type TableCodec, writeValue } from '@attrium/processor';
import { type MemberBook, type MemberEntry, newMemberBook, placeOf, putEntry } from '../domain/member-book.js';

const VERSION = 1;

const writer = new RowWriter();

export const memberBookCodec: TableCodec<MemberBook> = { encode: encodeMemberBook, decode: decodeMemberBook };

function encodeMemberBook({ keys, entries, totals }: MemberBook): Uint8Array {
  writer.reset();
  writer.byte(VERSION);
  const used = keys.map((_, at) => at).filter((at) => totals[at]!.count > 0);
  writer.whole(used.length);
  for (const at of used) writer.text(keys[at]!);
  writer.whole(entries.size);
  for (const [ordinal, entry] of entries) {
    writer.whole(ordinal);
    writeEntry(entry, used);
  }
  return writer.take();
}

function writeEntry({ values, mergeIds, mergedBy }: MemberEntry, used: readonly number[]): void {
  for (const at of used) {
    const value = values[at];
    writer.byte(value === undefined ? 0 : 1);
    if (value !== undefined) writeValue(writer, value);
  }
  writer.whole(mergeIds.length * 2 + (mergedBy === undefined ? 0 : 1));
  for (const mergeId of mergeIds) writer.text(mergeId);
  if (mergedBy !== undefined) writer.text(mergedBy);
}

/** Throws for bytes of another version. */
function decodeMemberBook(bytes: Uint8Array): MemberBook {
  const reader = new RowReader(bytes);
  const version = reader.byte();
  if (version !== VERSION) throw new Error(`contributions of version ${version} cannot be read`);
  const book = newMemberBook();
  const keys = reader.whole();
  for (let left = keys; left > 0; left--) placeOf(book, reader.text());
  for (let left = reader.whole(); left > 0; left--) putEntry(book, reader.whole(), readEntry(reader, keys));
  return book;
}

function readEntry(reader: RowReader, keys: number): MemberEntry {
  const values = Array.from({ length: keys }, () => (reader.byte() === 0 ? undefined : readValue(reader)));
  const head = reader.whole();
  const mergeIds = Array.from({ length: Math.floor(head / 2) }, () => reader.text());
  return { values, mergeIds, mergedBy: head % 2 === 0 ? undefined : reader.text() };
}
