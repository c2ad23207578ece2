/** When the schedules of triggers are due next for one entity: an appointment for each whose segment it is in. */
import { compareText } from '@attrium/event';

export interface Appointment {
  readonly trigger: string;
  /** The zone by whose clock it is. */
  readonly zone: string;
  /** When it is due, ms. */
  readonly at: number;
  /** The local date that it is of. */
  readonly day: string;
  /** The step of the catalogue that it was made by. */
  readonly step: number;
}

/** One a trigger at most; undefined for none, as in most rows. */
export type Agenda = readonly Appointment[] | undefined;

/** That of merged entities: of two appointments of one trigger, the one that is due first. In any order of merging to the same end. */
export function mergeAgendas(a: Agenda, b: Agenda): Agenda {
  if (a === undefined || b === undefined) return a ?? b;
  const first = new Map<string, Appointment>();
  for (const each of [...a, ...b].sort(compareAppointments)) {
    if (!first.has(each.trigger)) first.set(each.trigger, each);
  }
  return [...first.values()];
}

/** The earliest due time, ms; undefined for none. */
export function earliestOf(agenda: Agenda): number | undefined {
  return agenda === undefined ? undefined : Math.min(...agenda.map(({ at }) => at));
}

/** A total order of what differs at all. */
export function compareAppointments(a: Appointment, b: Appointment): number {
  return a.at - b.at || compareText(a.trigger, b.trigger) || compareText(a.zone, b.zone) || a.step - b.step;
}
