/** Reads `when: { segment, schedule }` of a trigger: it fires for the segment's members at times of the day. */
import type { TriggerWhen } from './compiled.js';
import { readMinute, readZone } from './consent.js';
import type { Report } from './fault.js';
import type { Names } from './names.js';
import { WEEKDAYS } from './schedule.js';
import type { TriggerInput } from './schema.js';

type ScheduleInput = NonNullable<TriggerInput['when']['schedule']>;

/** The zone of all where a schedule names none. */
const OTHERWISE = 'UTC';

/** Undefined when it is faulty; its faults are reported. */
export function readScheduleWhen(
  segment: string,
  { daily, weekly, time_zone: zone = OTHERWISE }: ScheduleInput,
  path: string,
  names: Names,
  report: Report,
): TriggerWhen | undefined {
  const zones = readZone(zone, `${path}.time_zone`, names, report);
  if ((daily === undefined) === (weekly === undefined)) {
    const code = daily === undefined ? 'missing_key' : 'conflicting_keys';
    report(path, code, 'a schedule is either daily: "09:00" or weekly: { on: [monday], at: "09:00" }');
    return undefined;
  }
  if (daily !== undefined) {
    const minute = readMinute(daily, `${path}.daily`, report);
    return minute === undefined
      ? undefined
      : { kind: 'schedule', segment, schedule: { on: WEEKDAYS, minute, ...zones } };
  }
  const { on, at } = weekly!;
  for (const [index, day] of on.entries()) {
    if (on.indexOf(day) < index) report(`${path}.weekly.on[${index}]`, 'duplicate_name', `${day} is already named`);
  }
  const minute = readMinute(at, `${path}.weekly.at`, report);
  if (minute === undefined) return undefined;
  const inOrder = WEEKDAYS.filter((day) => on.includes(day));
  return { kind: 'schedule', segment, schedule: { on: inOrder, minute, ...zones } };
}
