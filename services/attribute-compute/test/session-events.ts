/** Events in sessions as tests draw them, and the sessions they form, by brute force: sorted by time and cut wherever the gap is. */
import fc from 'fast-check';
import type { Activity } from '../src/domain/activity.js';
import { hashOfText } from '../src/domain/value-hash.js';

/** What an event belongs to: sessions with an id, or a device and its kind. */
const places = [
  { of: 'session 1', sort: 'named', isMobile: false },
  { of: 'session 1', sort: 'named', isMobile: true },
  { of: 'device a', sort: 'web', isMobile: false },
  { of: 'device a', sort: 'mobile', isMobile: true },
  { of: 'device b', sort: 'web', isMobile: false },
] as const;

export const activities: fc.Arbitrary<Activity> = fc
  .record({ place: fc.constantFrom(...places), page: fc.constantFrom('/', '/cart', '/buy', '', '') })
  .map(({ place: { of, sort, isMobile }, page }) => ({
    key: hashOfText(of),
    sort,
    isMobile,
    isPage: page !== '',
    page,
  }));

export interface SessionEvent {
  readonly at: number;
  readonly id: string;
  readonly activity: Activity;
}

export interface Gaps {
  readonly webGapMs: number;
  readonly mobileGapMs: number;
}

/** Each with its events in the order of their times, then of their ids; the latest session comes last. */
export function naiveSessions(events: readonly SessionEvent[], gaps: Gaps): SessionEvent[][] {
  const isOneKind = gaps.webGapMs === gaps.mobileGapMs;
  const groups = Map.groupBy(events, ({ activity: { key, sort } }) =>
    sort === 'named' ? `named ${key}` : `${isOneKind ? 'web' : sort} ${key}`,
  );
  const sessions: SessionEvent[][] = [];
  for (const [group, list] of groups) {
    const gapMs = group.startsWith('named')
      ? Number.POSITIVE_INFINITY
      : group.startsWith('web')
        ? gaps.webGapMs
        : gaps.mobileGapMs;
    let before = Number.NEGATIVE_INFINITY;
    for (const event of sorted(list)) {
      if (event.at - before >= gapMs || before === Number.NEGATIVE_INFINITY) sessions.push([]);
      sessions.at(-1)!.push(event);
      before = event.at;
    }
  }
  return sessions.sort((a, b) => compareSessions(a, b));
}

export const pagesOf = (session: readonly SessionEvent[]): SessionEvent[] =>
  session.filter(({ activity }) => activity.isPage);

function sorted(events: readonly SessionEvent[]): SessionEvent[] {
  return [...events].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

function compareSessions(a: readonly SessionEvent[], b: readonly SessionEvent[]): number {
  return a.at(-1)!.at - b.at(-1)!.at || a[0]!.at - b[0]!.at || pagesOf(a).length - pagesOf(b).length;
}

/** The value of every measure at a time; times as their milliseconds. */
export function naiveMeasures(
  events: readonly SessionEvent[],
  gaps: Gaps,
  asOf: number,
): Readonly<Record<string, unknown>> {
  const sessions = naiveSessions(events, gaps);
  const lengthOf = (session: readonly SessionEvent[]): number => session.at(-1)!.at - session[0]!.at;
  const latest = sessions.at(-1);
  if (latest === undefined) return {};
  // Of sessions that are equally late, long and rich in pages the one whose page is the latest.
  const equals = sessions.filter((session) => compareSessions(session, latest) === 0);
  const pageAt = (index: number): string | undefined =>
    sorted(equals.flatMap((session) => pagesOf(session).at(index) ?? [])).at(-1)?.activity.page;
  const total = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0);
  return {
    count: sessions.length,
    current: events.some(({ at, activity }) => asOf < at + (activity.isMobile ? gaps.mobileGapMs : gaps.webGapMs)),
    start: latest[0]!.at,
    duration: lengthOf(latest) / 1_000,
    pages: pagesOf(latest).length,
    entry_page: pageAt(0),
    exit_page: pageAt(-1),
    last_seen: Math.max(...events.map(({ at }) => at)),
    average_duration: total(sessions.map(lengthOf)) / 1_000 / sessions.length,
    pages_per_session: total(sessions.map((session) => pagesOf(session).length)) / sessions.length,
  };
}
