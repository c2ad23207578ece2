/** How sessions are stored: each end as its distance from the one before, each start as that from its end. */
import type { RowReader, RowWriter } from '@attrium/processor';
import type { SessionSort } from '../domain/activity.js';
import type { Session, SessionPage, SessionsState } from '../domain/state.js';

/** By their number in the encoding: change nothing. */
const SORTS: readonly SessionSort[] = ['web', 'mobile', 'named'];
const HAS_PAGE = 4;

export function writeSessions(writer: RowWriter, state: SessionsState): void {
  const { sessions, olderCount } = state;
  writer.whole(sessions.length);
  for (let index = 0; index < sessions.length; index++) {
    const { key, sort, start, end, pages, page } = sessions[index]!;
    writer.byte(SORTS.indexOf(sort) + (page === undefined ? 0 : HAS_PAGE));
    writer.whole(key);
    if (index === 0) writer.double(end);
    else writer.whole(end - sessions[index - 1]!.end);
    writer.whole(end - start);
    writer.whole(pages);
    if (page === undefined) continue;
    writer.whole(page.at - start);
    writer.text(page.id);
    writer.text(page.text);
  }
  writer.whole(olderCount);
  if (olderCount === 0) return;
  writer.whole(state.olderMs);
  writer.whole(state.olderPages);
  writer.double(state.olderUntil);
}

export function readSessions(reader: RowReader): SessionsState {
  const sessions: Session[] = [];
  for (let left = reader.whole(); left > 0; left--) sessions.push(readSession(reader, sessions.at(-1)));
  const olderCount = reader.whole();
  const older =
    olderCount === 0
      ? { olderMs: 0, olderPages: 0, olderUntil: 0 }
      : { olderMs: reader.whole(), olderPages: reader.whole(), olderUntil: reader.double() };
  return { kind: 'sessions', sessions, olderCount, ...older };
}

function readSession(reader: RowReader, before: Session | undefined): Session {
  const tag = reader.byte();
  const key = reader.whole();
  const end = before === undefined ? reader.double() : before.end + reader.whole();
  const start = end - reader.whole();
  const pages = reader.whole();
  const page = (tag & HAS_PAGE) === 0 ? undefined : readPage(reader, start);
  return { key, sort: SORTS[tag % HAS_PAGE]!, start, end, pages, page };
}

function readPage(reader: RowReader, start: number): SessionPage {
  return { at: start + reader.whole(), id: reader.text(), text: reader.text() };
}
