/**
 * Sessions as intervals. Two events of one device belong to one session when less than its gap lies between them, or a chain of such
 * events; those that name a session belong to that one, whatever lies between them. Joining intervals by the gap is the same as joining
 * all their events, so a merge of two states is the union of their intervals. The latest sessions are kept, older ones are only counted.
 */
import { compareText, dividedUnits, numberFromUnits, Timestamp, type Value } from '@attrium/event';
import type { Activity } from './activity.js';
import type { AttributeReducer } from './attribute-reducer.js';
import { LATEST_SESSIONS_MAX, SESSIONS_MAX } from './limits.js';
import type { Session, SessionPage, SessionsState, TimeState } from './state.js';
import { numberOfSum } from './value-type.js';

/** How long nothing has to happen on a device of each kind until its session is over, in milliseconds. */
export interface Gaps {
  readonly webGapMs: number;
  readonly mobileGapMs: number;
}

interface Rules extends Gaps {
  readonly sessionsMax: number;
  /** Which page is kept of each session: the first (-1) or the last (1); 0 for none. */
  readonly page: -1 | 0 | 1;
}

const UNIT = 10n ** 18n;
const UNITS_OF_MS = 10n ** 15n;

/** How many sessions there were. */
export function sessionCount(gaps: Gaps): AttributeReducer<SessionsState> {
  return totals(gaps, ({ count }) => count);
}

/** Seconds from the first to the last event of a session, on average. */
export function averageDuration(gaps: Gaps): AttributeReducer<SessionsState> {
  return totals(gaps, ({ count, ms }) => numberOfSum(dividedUnits(BigInt(ms) * UNITS_OF_MS, BigInt(count))));
}

/** Pages and screens of a session, on average. */
export function pagesPerSession(gaps: Gaps): AttributeReducer<SessionsState> {
  return totals(gaps, ({ count, pages }) => numberOfSum(dividedUnits(BigInt(pages) * UNIT, BigInt(count))));
}

/** How many sessions had an event inside the window; beyond the limit, the limit. */
export function sessionCountWithin(gaps: Gaps, withinMs: number): AttributeReducer<SessionsState> {
  const rules: Rules = { ...gaps, sessionsMax: SESSIONS_MAX, page: 0 };
  const isOver = (end: number, asOf: number): boolean => end + withinMs <= asOf;
  const firstInside = ({ sessions }: SessionsState, asOf: number): number => {
    let index = sessions.length;
    while (index > 0 && !isOver(sessions[index - 1]!.end, asOf)) index--;
    return index;
  };
  const prune = (state: SessionsState, asOf: number): void => {
    const left = firstInside(state, asOf);
    if (left > 0) state.sessions.splice(0, left);
    if (state.olderCount > 0 && isOver(state.olderUntil, asOf)) Object.assign(state, NONE_OLDER);
  };
  return {
    ...sessions(rules),
    add(state, { at, id, activity }, now) {
      prune(state, now);
      if (activity === undefined || isOver(at, now)) return state;
      return bounded(placed(state, sessionOf({ at, id, activity }, rules), rules), rules);
    },
    value: (state, asOf) => state.sessions.length - firstInside(state, asOf),
    prune,
    nextDue(state, asOf) {
      const first = state.sessions[firstInside(state, asOf)];
      return first === undefined ? undefined : first.end + withinMs;
    },
    isApproximate: ({ olderCount }) => olderCount > 0,
  };
}

/** When the latest session began: the one whose last event is the latest; of several the one that began last, then the one with more pages. */
export function sessionStart(gaps: Gaps): AttributeReducer<SessionsState> {
  return ofLatest({ ...gaps, page: 0 }, ({ start }) => new Timestamp(start));
}

/** Seconds from its first to its last event so far. */
export function sessionDuration(gaps: Gaps): AttributeReducer<SessionsState> {
  return ofLatest({ ...gaps, page: 0 }, ({ start, end }) => numberFromUnits(BigInt(end - start) * UNITS_OF_MS));
}

export function sessionPages(gaps: Gaps): AttributeReducer<SessionsState> {
  return ofLatest({ ...gaps, page: 0 }, ({ pages }) => pages);
}

/** The first (-1) or the last (1) page of the latest session; of equal times that of the lowest or the greatest event id. */
export function sessionPage(gaps: Gaps, page: -1 | 1): AttributeReducer<SessionsState> {
  return ofLatest({ ...gaps, page }, (session) => session.page?.text);
}

/** Whether a session is open: it is until its gap has passed since its last event. */
export function sessionCurrent({ webGapMs, mobileGapMs }: Gaps): AttributeReducer<TimeState> {
  return {
    ...latestTime(({ at, activity }) => at + (activity.isMobile ? mobileGapMs : webGapMs)),
    value: ({ at: until }, asOf) => until !== undefined && until > asOf,
    nextDue: ({ at: until }, asOf) => (until !== undefined && until > asOf ? until : undefined),
  };
}

/** The time of the last event in a session. */
export function lastSeen(): AttributeReducer<TimeState> {
  return {
    ...latestTime(({ at }) => at),
    value: ({ at }) => (at === undefined ? undefined : new Timestamp(at)),
  };
}

interface Totals {
  readonly count: number;
  readonly ms: number;
  readonly pages: number;
}

/** Over all sessions, those that are only counted too. */
function totals(gaps: Gaps, valueAt: (totals: Totals) => Value): AttributeReducer<SessionsState> {
  return {
    ...sessions({ ...gaps, sessionsMax: SESSIONS_MAX, page: 0 }),
    value({ sessions: kept, olderCount, olderMs, olderPages }) {
      const count = olderCount + kept.length;
      if (count === 0) return undefined;
      let ms = olderMs;
      let pages = olderPages;
      for (const session of kept) {
        ms += session.end - session.start;
        pages += session.pages;
      }
      return valueAt({ count, ms, pages });
    },
    isApproximate: ({ olderCount }) => olderCount > 0,
  };
}

/** An older session can have belonged to the latest one only if that began less than a gap after the last of the older ones. */
function ofLatest(
  { page, ...gaps }: Gaps & Pick<Rules, 'page'>,
  valueAt: (session: Session) => Value | undefined,
): AttributeReducer<SessionsState> {
  const gapMs = Math.max(gaps.webGapMs, gaps.mobileGapMs);
  return {
    ...sessions({ ...gaps, sessionsMax: LATEST_SESSIONS_MAX, page }),
    value({ sessions: kept }) {
      const latest = kept.at(-1);
      return latest === undefined ? undefined : valueAt(latest);
    },
    isApproximate: ({ sessions: kept, olderCount, olderUntil }) =>
      olderCount > 0 && kept.at(-1)!.start < olderUntil + gapMs,
  };
}

function latestTime(
  timeOf: (input: { readonly at: number; readonly activity: Activity }) => number,
): Omit<AttributeReducer<TimeState>, 'value'> {
  const raise = (state: TimeState, at: number | undefined): TimeState => {
    if (at !== undefined && (state.at === undefined || at > state.at)) state.at = at;
    return state;
  };
  return {
    empty: () => ({ kind: 'time', at: undefined }),
    add: (state, { at, activity }) => (activity === undefined ? state : raise(state, timeOf({ at, activity }))),
    merge: (a, b) => raise(a, b.at),
  };
}

const NONE_OLDER = { olderCount: 0, olderMs: 0, olderPages: 0, olderUntil: 0 } as const;

function sessions(rules: Rules): Omit<AttributeReducer<SessionsState>, 'value'> {
  return {
    empty: () => ({ kind: 'sessions', sessions: [], ...NONE_OLDER }),
    add(state, { at, id, activity }) {
      if (activity === undefined) return state;
      return bounded(placed(state, sessionOf({ at, id, activity }, rules), rules), rules);
    },
    merge(a, b) {
      for (const session of b.sessions) placed(a, session, rules);
      a.olderUntil = latestOlder(a, b);
      a.olderCount += b.olderCount;
      a.olderMs += b.olderMs;
      a.olderPages += b.olderPages;
      return bounded(a, rules);
    },
  };
}

function latestOlder(a: SessionsState, b: SessionsState): number {
  if (a.olderCount === 0) return b.olderUntil;
  return b.olderCount === 0 ? a.olderUntil : Math.max(a.olderUntil, b.olderUntil);
}

/** The session of one event. Where the gaps are equal, kinds of devices are not told apart. */
function sessionOf(
  { at, id, activity }: { readonly at: number; readonly id: string; readonly activity: Activity },
  { webGapMs, mobileGapMs, page }: Rules,
): Session {
  const { key, sort, isPage, page: text } = activity;
  return {
    key,
    sort: sort === 'mobile' && webGapMs === mobileGapMs ? 'web' : sort,
    start: at,
    end: at,
    pages: isPage ? 1 : 0,
    page: isPage && page !== 0 ? { at, id, text } : undefined,
  };
}

/** Joins a session with those it belongs to. They are a gap apart from each other, so it reaches no more of them once it is joined. */
function placed(state: SessionsState, session: Session, rules: Rules): SessionsState {
  const { sessions: all } = state;
  const { start, key, sort } = session;
  const gapMs = sort === 'web' ? rules.webGapMs : rules.mobileGapMs;
  let joined = session;
  for (let index = all.length - 1; index >= 0; index--) {
    const other = all[index]!;
    if (sort !== 'named' && other.end + gapMs <= start) break;
    if (other.key !== key || other.sort !== sort) continue;
    if (sort !== 'named' && session.end + gapMs <= other.start) continue;
    all.splice(index, 1);
    joined = union(joined, other, rules);
    if (sort === 'named') break;
  }
  let place = all.length;
  while (place > 0 && isBefore(joined, all[place - 1]!)) place--;
  all.splice(place, 0, joined);
  return state;
}

function union(a: Session, b: Session, { page }: Rules): Session {
  return {
    ...a,
    start: Math.min(a.start, b.start),
    end: Math.max(a.end, b.end),
    pages: a.pages + b.pages,
    page: pageOf(a.page, b.page, page),
  };
}

function pageOf(a: SessionPage | undefined, b: SessionPage | undefined, direction: number): SessionPage | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return comparePages(a, b) * direction >= 0 ? a : b;
}

/** The order of sessions: by their last event, their first, their pages. Those that still are equal give the same values. */
function isBefore(a: Session, b: Session): boolean {
  const order = a.end - b.end || a.start - b.start || a.pages - b.pages || comparePages(a.page, b.page);
  return (order || a.key - b.key || compareText(a.sort, b.sort)) < 0;
}

function comparePages(a: SessionPage | undefined, b: SessionPage | undefined): number {
  return a === undefined || b === undefined ? 0 : a.at - b.at || compareText(a.id, b.id);
}

/** Sessions beyond the limit, the earliest first, are only counted from then on. */
function bounded(state: SessionsState, { sessionsMax }: Rules): SessionsState {
  const { sessions: all } = state;
  const beyond = all.length - sessionsMax;
  if (beyond <= 0) return state;
  const until = all[beyond - 1]!.end;
  state.olderUntil = state.olderCount === 0 ? until : Math.max(state.olderUntil, until);
  for (let index = 0; index < beyond; index++) {
    const { start, end, pages } = all[index]!;
    state.olderCount++;
    state.olderMs += end - start;
    state.olderPages += pages;
  }
  all.splice(0, beyond);
  return state;
}
