/** Keeps the agenda of an entity in line with the schedules of the catalogue, its memberships and its zone. */
import { nextOccurrence, zoneOf } from '@attrium/catalogue';
import type { Value } from '@attrium/event';
import type { Agenda, Appointment } from './agenda.js';
import type { EntityRow, IsKept } from './entity.js';
import { type KindPlan, membershipKeyOf, type PlannedSchedule, valueKeyOf } from './plan.js';

export interface Arranging {
  readonly plan: KindPlan;
  /** Of the catalogue: what rows are brought in line with. */
  readonly step: number;
  readonly isKept: IsKept;
  /** Since when this partition's catalogue has had the schedule of a key, log time, ms. */
  sinceOf(key: string): number;
}

/**
 * The agenda that the entity has before anything else happens to it: with what the catalogue has asked for since the entity was touched last.
 * Its row need not be in line with the plan.
 */
export function caughtUp(row: EntityRow, arranging: Arranging): Agenda {
  const { plan, step } = arranging;
  return agendaOf(row, plan, (schedule) => {
    if (!isMember(row, schedule, arranging)) return undefined;
    const known = validAppointment(row.agenda, schedule, arranging);
    if (known !== undefined) return known;
    const zone = zoneOf(schedule.schedule, zoneValue(row, schedule, arranging));
    const { at, day } = nextOccurrence(schedule.schedule, zone, arranging.sinceOf(schedule.key));
    return { trigger: schedule.trigger, zone, at, day, step };
  });
}

/** The agenda after something has happened, at log time `now`, ms: whoever came into a segment or another zone goes by what is due from now on. */
export function rearranged(row: EntityRow, arranging: Arranging, now: number): Agenda {
  const { plan, step } = arranging;
  return agendaOf(row, plan, (schedule) => {
    if (!isMember(row, schedule, arranging)) return undefined;
    const zone = zoneOf(schedule.schedule, zoneValue(row, schedule, arranging));
    const known = validAppointment(row.agenda, schedule, arranging);
    if (known !== undefined && known.zone === zone && known.at > now) return known;
    const { at, day } = nextOccurrence(schedule.schedule, zone, now);
    return { trigger: schedule.trigger, zone, at, day, step };
  });
}

/** The appointments that the catalogue has had the schedules of all the time since they were made. */
export function validAgenda(agenda: Agenda, arranging: Arranging): Agenda {
  const valid = agenda?.filter(({ trigger }) =>
    arranging.plan.schedules.some(
      (schedule) => schedule.trigger === trigger && validAppointment(agenda, schedule, arranging) !== undefined,
    ),
  );
  return valid === undefined || valid.length === 0 ? undefined : valid;
}

/** The same agenda, not only an equal one, where nothing changes. */
function agendaOf(
  { agenda }: EntityRow,
  { schedules }: KindPlan,
  appoint: (schedule: PlannedSchedule) => Appointment | undefined,
): Agenda {
  const appointments = schedules.flatMap((schedule) => appoint(schedule) ?? []);
  const isSame = appointments.length === (agenda?.length ?? 0) && appointments.every((each) => agenda?.includes(each));
  if (isSame) return agenda;
  return appointments.length === 0 ? undefined : appointments;
}

function validAppointment(
  agenda: Agenda,
  { trigger, key }: PlannedSchedule,
  { step, isKept }: Arranging,
): Appointment | undefined {
  const known = agenda?.find((each) => each.trigger === trigger);
  return known !== undefined && (known.step === step || isKept(key, known.step)) ? known : undefined;
}

export function isMember(
  { members, entity, revision: before }: EntityRow,
  { segment }: Pick<PlannedSchedule, 'segment'>,
  { step, isKept }: Arranging,
): boolean {
  if (!members.some(({ name }) => name === segment)) return false;
  return before === step || isKept(membershipKeyOf(entity.kind, segment), before);
}

function zoneValue(
  { slots, values, entity, revision: before }: EntityRow,
  { schedule: { zoneAttribute } }: PlannedSchedule,
  { step, isKept }: Arranging,
): Value | undefined {
  if (zoneAttribute === undefined) return undefined;
  const slot = slots.findIndex(({ name }) => name === zoneAttribute);
  if (slot < 0 || !(before === step || isKept(valueKeyOf(entity.kind, zoneAttribute), before))) return undefined;
  return values[slot];
}
