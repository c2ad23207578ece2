/** Every measure of sessions with what it keeps and how exact it is. docs/reference/reducers.md is generated from this table. */
import type { SessionAttribute, SessionMeasure } from '@attrium/catalogue';
import type { AttributeReducer } from './attribute-reducer.js';
import type { TableEntry } from './reducer-table.js';
import {
  averageDuration,
  type Gaps,
  lastSeen,
  pagesPerSession,
  sessionCount,
  sessionCountWithin,
  sessionCurrent,
  sessionDuration,
  sessionPage,
  sessionPages,
  sessionStart,
} from './sessions.js';
import type { State } from './state.js';

export interface SessionEntry extends TableEntry<SessionAttribute> {
  readonly gives: string;
}

const ALWAYS = 'always';
const TIME = '10';
const TOTALS = {
  state: '4 to 22, and 13 to 24 for each session, up to 1,000',
  exact: 'events of the latest 1,000 sessions',
  beyond:
    'each event of an older session that comes later counts as a session of its own: no session is missing, and at most one too many is counted for each such event',
};
const LATEST = {
  state: '4 to 22, and 13 to 24 for each session, up to 100',
  exact: 'events of the latest 100 sessions',
  beyond:
    'a session that an event joins to an older one begins with what is kept of it; marked while that can be so. A session id that comes again after 100 later sessions begins a new session',
};
const LATEST_PAGE = {
  ...LATEST,
  state: '4 to 22, and 16 to 28 + event id + page for each session, up to 100',
};

function of<S extends State>(
  make: (gaps: Gaps) => AttributeReducer<S>,
): (definition: SessionAttribute) => AttributeReducer {
  return (definition) => make(definition) as unknown as AttributeReducer;
}

export const SESSION_TABLE: Readonly<Record<SessionMeasure, SessionEntry>> = {
  count: { gives: 'how many sessions there were', make: of(sessionCount), ...TOTALS },
  current: {
    gives: 'whether a session is open; it is `false` again exactly when the gap has passed since the last event',
    make: of(sessionCurrent),
    state: TIME,
    exact: ALWAYS,
    beyond: '',
  },
  start: { gives: 'the time of the first event of the latest session', make: of(sessionStart), ...LATEST },
  duration: {
    gives: 'seconds from the first to the last event of the latest session',
    make: of(sessionDuration),
    ...LATEST,
  },
  pages: { gives: 'how many pages and screens the latest session has', make: of(sessionPages), ...LATEST },
  entry_page: {
    gives: 'the first page of the latest session; no value while it has none',
    make: of((gaps) => sessionPage(gaps, -1)),
    ...LATEST_PAGE,
  },
  exit_page: {
    gives: 'the last page of the latest session; no value while it has none',
    make: of((gaps) => sessionPage(gaps, 1)),
    ...LATEST_PAGE,
  },
  last_seen: {
    gives: 'the time of the last event of any session',
    make: of(lastSeen),
    state: TIME,
    exact: ALWAYS,
    beyond: '',
  },
  average_duration: {
    gives: 'seconds of a session on average, rounded as an average is',
    make: of(averageDuration),
    ...TOTALS,
  },
  pages_per_session: { gives: 'pages and screens of a session on average', make: of(pagesPerSession), ...TOTALS },
};

/** `count` with `within`. */
export const SESSION_COUNT_WITHIN: SessionEntry = {
  gives: 'how many sessions had an event inside the window',
  make: (definition) => sessionCountWithin(definition, definition.withinMs!) as unknown as AttributeReducer,
  state: TOTALS.state,
  exact: '1,000 sessions inside',
  beyond: '1,000; exact again when there are fewer and those beyond have left',
};
