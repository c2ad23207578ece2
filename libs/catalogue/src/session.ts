/** What a session attribute can say, and by which rules events are put together to sessions. */
import type { Condition } from '@attrium/condition';
import type { ValueType } from '@attrium/event';

/** What is said of the sessions of a profile; `start`, `duration`, `pages`, `entry_page` and `exit_page` of the latest one. */
export const SESSION_MEASURES = [
  'count',
  'current',
  'start',
  'duration',
  'pages',
  'entry_page',
  'exit_page',
  'last_seen',
  'average_duration',
  'pages_per_session',
] as const;
export type SessionMeasure = (typeof SESSION_MEASURES)[number];

export const TYPE_OF_SESSION_MEASURE: Readonly<Record<SessionMeasure, ValueType>> = {
  count: 'number',
  current: 'boolean',
  start: 'timestamp',
  duration: 'number',
  pages: 'number',
  entry_page: 'string',
  exit_page: 'string',
  last_seen: 'timestamp',
  average_duration: 'number',
  pages_per_session: 'number',
};

/** How long nothing has to happen until a session is over, in milliseconds. */
export const WEB_GAP_MS = 30 * 60_000;
export const MOBILE_GAP_MS = 5 * 60_000;

export interface SessionMeaning {
  readonly measure: SessionMeasure;
  readonly webGapMs: number;
  readonly mobileGapMs: number;
  /** Which events belong to sessions; over event properties only. Undefined: all of a device. */
  readonly where?: Condition | undefined;
  /** Of `count`: only sessions with an event inside the rolling window, in milliseconds. */
  readonly withinMs?: number | undefined;
}
