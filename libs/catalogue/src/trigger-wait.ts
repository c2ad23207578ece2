/** What the firings of a trigger wait for: a delay, or something that happens within a timeout. */
import { isEventName } from '@attrium/condition';
import { WAIT_OUTCOMES } from '@attrium/event';
import { readDuration, readEventCondition, type Surroundings } from './attribute.js';
import type { CompiledTrigger, EventFilter } from './compiled.js';
import type { WaitingDefinition } from './definitions.js';
import { readEntityCondition } from './entity-condition.js';
import type { Report } from './fault.js';
import { WAIT_MS_MAX } from './limits.js';
import type { Names } from './names.js';
import type { TriggerInput } from './schema.js';

type WaitInput = NonNullable<TriggerInput['wait_for']>;

/** The definition of `EventMatched` facts of what a trigger waits for; those that fire it are of the trigger's own name. */
export function definitionOfWait(trigger: string): string {
  return `${trigger}/wait_for`;
}

/** Whether firings of a trigger may wait: for a time, for something to happen, or for the end of quiet hours. */
export function mayWait({ waits, quietHours }: Pick<CompiledTrigger, 'waits' | 'quietHours'>): boolean {
  return waits !== undefined || quietHours?.defers === true;
}

/** Undefined when it fires at once, or when it is faulty; its faults are reported. */
export function readWaiting(
  { delay, wait_for: wait, recheck, on_quiet: onQuiet }: TriggerInput,
  path: string,
  names: Names,
  report: Report,
): WaitingDefinition | undefined {
  if (delay === undefined && wait === undefined) {
    if (recheck !== undefined && onQuiet !== 'defer') {
      report(`${path}.recheck`, 'conflicting_keys', 'recheck goes together with delay, wait_for or on_quiet: defer');
    }
    return undefined;
  }
  if (delay !== undefined && wait !== undefined) {
    report(`${path}.delay`, 'conflicting_keys', 'a trigger has either delay or wait_for');
  }
  const asked = { recheck: recheck ?? true };
  if (wait !== undefined) return readWait(wait, asked, `${path}.wait_for`, names, report);
  return { kind: 'delay', ...asked, delayMs: readWaitingTime(delay!, `${path}.delay`, report) };
}

function readWait(
  wait: WaitInput,
  asked: { readonly recheck: boolean },
  path: string,
  names: Names,
  report: Report,
): WaitingDefinition | undefined {
  const timeoutMs = readWaitingTime(wait.timeout, `${path}.timeout`, report);
  const outcomes = WAIT_OUTCOMES.filter((outcome) => wait.outcomes?.includes(outcome) ?? true);
  if ((wait.event === undefined) === (wait.condition === undefined)) {
    const code = wait.event === undefined ? 'missing_key' : 'conflicting_keys';
    report(path, code, 'wait_for has either event, also with where, or condition');
    return undefined;
  }
  if (wait.event !== undefined) {
    const { event, where } = wait;
    return {
      kind: 'event',
      ...asked,
      timeoutMs,
      outcomes,
      ...readEventFilter({ event, where }, { path, names, report }),
    };
  }
  if (wait.where !== undefined) report(`${path}.where`, 'conflicting_keys', 'where goes together with event');
  const condition = readEntityCondition(wait.condition, `${path}.condition`, names, report);
  return condition === undefined ? undefined : { kind: 'condition', ...asked, timeoutMs, outcomes, condition };
}

/** The events that `when` or `wait_for` names; faults are reported. */
export function readEventFilter(
  { event, where }: { readonly event: string; readonly where?: unknown },
  { path, names, report }: Surroundings,
): EventFilter {
  if (!isEventName(event)) report(`${path}.event`, 'bad_name', 'event takes the name of an event');
  const condition =
    where === undefined ? undefined : readEventCondition(where, { path: `${path}.where`, names, report });
  return condition === undefined ? { event } : { event, where: condition };
}

function readWaitingTime(text: string, path: string, report: Report): number {
  const ms = readDuration(text, path, report) ?? 0;
  if (ms > WAIT_MS_MAX) report(path, 'over_limit', `it may be at most ${WAIT_MS_MAX / 86_400_000}d`);
  return ms;
}
