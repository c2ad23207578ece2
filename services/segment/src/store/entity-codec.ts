/** How an entity's row stands in the state store and in transfers. The bytes are part of the log: equal rows give equal bytes. */
import {
  decodeRow,
  encodeRow,
  RowReader,
  RowWriter,
  readEntity,
  readIdentifiers,
  readMerges,
  readValue,
  writeEntity,
  writeIdentifiers,
  writeMerges,
  writeValue,
} from '@attrium/processor';
import type { Appointment } from '../domain/agenda.js';
import {
  addMember,
  type EntityRow,
  type KeptChanges,
  type Named,
  newEntity,
  type OwedSweep,
  type Row,
} from '../domain/entity.js';

/** Of rows, transfers and catalogues: to be raised when fields come, go or change their meaning. */
export const ENTITY_STATE_VERSION = 7;
/** The oldest encoding that is still read: since version 5 events are kept back too, since 6 there are agendas, since 7 what sweeps ask of rows. */
export const ENTITY_STATE_VERSION_OLDEST = 4;

const ENTITY = 0;
const POINTER = 1;
/** Which of the parts that most rows lack follow. */
const HAS_MERGES = 1;
const HAS_INHERITED = 2;
const HAS_KEPT = 4;
const HAS_ENDED = 8;
const HAS_AGENDA = 16;
const HAS_ASKED = 32;
const HAS_OWED = 64;

const writer = new RowWriter();

export function encodeEntity(row: Row): Uint8Array {
  writer.reset();
  if (row.kind === 'pointer') {
    writer.byte(POINTER);
    writeEntity(writer, row.mergedInto);
    return writer.take();
  }
  writer.byte(ENTITY);
  writeEntity(writer, row.entity);
  writer.whole(row.revision);
  writer.double(row.newestAt);
  writeValues(row);
  writeMembers(row);
  writeIdentifiers(writer, row.identifiers);
  writeRest(row);
  return writer.take();
}

export function decodeEntity(bytes: Uint8Array): Row {
  const reader = new RowReader(bytes);
  if (reader.byte() === POINTER) return { kind: 'pointer', mergedInto: readEntity(reader) };
  const row = newEntity(readEntity(reader));
  row.revision = reader.whole();
  row.newestAt = reader.double();
  readValues(reader, row);
  for (let left = reader.whole(); left > 0; left--) addMember(row, { name: reader.name() }, reader.double());
  row.identifiers = readIdentifiers(reader);
  readRest(reader, row);
  return row;
}

/** The values that there are, with their names, in the order of their slots. */
function writeValues({ slots, values }: EntityRow): void {
  let count = 0;
  for (let slot = 0; slot < values.length; slot++) if (values[slot] !== undefined) count++;
  writer.whole(count);
  for (let slot = 0; slot < values.length; slot++) {
    const value = values[slot];
    if (value === undefined) continue;
    writer.text(slots[slot]!.name);
    writeValue(writer, value);
  }
}

function readValues(reader: RowReader, row: EntityRow): void {
  const slots: Named[] = [];
  for (let left = reader.whole(); left > 0; left--) {
    slots.push({ name: reader.name() });
    row.values.push(readValue(reader));
  }
  row.slots = slots;
}

function writeMembers({ members, since }: EntityRow): void {
  writer.whole(members.length);
  for (let index = 0; index < members.length; index++) {
    writer.text(members[index]!.name);
    writer.double(since[index]!);
  }
}

function writeRest({ merges, inherited, kept, ended, agenda, asked, owed }: EntityRow): void {
  let parts = 0;
  if (merges !== undefined) parts += HAS_MERGES;
  if (inherited !== undefined) parts += HAS_INHERITED;
  if (kept !== undefined) parts += HAS_KEPT;
  if (ended !== undefined) parts += HAS_ENDED;
  if (agenda !== undefined) parts += HAS_AGENDA;
  if (asked > 0) parts += HAS_ASKED;
  if (owed !== undefined) parts += HAS_OWED;
  writer.byte(parts);
  if (merges !== undefined) writeMerges(writer, merges);
  if (inherited !== undefined) writeTimes(inherited);
  if (kept !== undefined) writer.bytes(encodeRow(kept));
  if (ended !== undefined) writeTimes(ended);
  if (agenda !== undefined) writeAgenda(agenda);
  if (asked > 0) writer.whole(asked);
  if (owed !== undefined) writeOwed(owed);
}

function readRest(reader: RowReader, row: EntityRow): void {
  const parts = reader.byte();
  if ((parts & HAS_MERGES) !== 0) row.merges = readMerges(reader);
  if ((parts & HAS_INHERITED) !== 0) row.inherited = readTimes(reader);
  if ((parts & HAS_KEPT) !== 0) row.kept = decodeRow(reader.bytes()) as KeptChanges[];
  if ((parts & HAS_ENDED) !== 0) row.ended = readTimes(reader);
  if ((parts & HAS_AGENDA) !== 0) row.agenda = readAgenda(reader);
  if ((parts & HAS_ASKED) !== 0) row.asked = reader.whole();
  if ((parts & HAS_OWED) !== 0) row.owed = readOwed(reader);
}

function writeOwed(owed: readonly OwedSweep[]): void {
  writer.whole(owed.length);
  for (const { trigger, activatedBy, segment } of owed) {
    writer.text(trigger);
    writer.whole(activatedBy);
    writer.text(segment);
  }
}

function readOwed(reader: RowReader): OwedSweep[] {
  const owed: OwedSweep[] = [];
  for (let left = reader.whole(); left > 0; left--) {
    owed.push({ trigger: reader.name(), activatedBy: reader.whole(), segment: reader.name() });
  }
  return owed;
}

function writeTimes(times: ReadonlyMap<string, number>): void {
  writer.whole(times.size);
  for (const [name, at] of times) {
    writer.text(name);
    writer.double(at);
  }
}

function readTimes(reader: RowReader): Map<string, number> {
  const times = new Map<string, number>();
  for (let left = reader.whole(); left > 0; left--) times.set(reader.name(), reader.double());
  return times;
}

function writeAgenda(agenda: readonly Appointment[]): void {
  writer.whole(agenda.length);
  for (const { trigger, zone, at, day, step } of agenda) {
    writer.text(trigger);
    writer.text(zone);
    writer.double(at);
    writer.text(day);
    writer.whole(step);
  }
}

function readAgenda(reader: RowReader): Appointment[] {
  const agenda: Appointment[] = [];
  for (let left = reader.whole(); left > 0; left--) {
    const [trigger, zone] = [reader.name(), reader.name()];
    agenda.push({ trigger, zone, at: reader.double(), day: reader.text(), step: reader.whole() });
  }
  return agenda;
}
