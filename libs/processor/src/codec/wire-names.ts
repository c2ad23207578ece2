/** The numbers that closed sets of names have on the wire: their place in the list of libs/event plus one, as in log.proto. */
import {
  CHANGE_REASONS,
  type ChangeReason,
  DELIVERY_OUTCOMES,
  type DeliveryOutcome,
  type Entity,
  EVENT_TYPES,
  type EventType,
  REFUSAL_REASONS,
  type RefusalReason,
  SUPPRESSION_REASONS,
  type SuppressionReason,
  WAIT_OUTCOMES,
  type WaitOutcome,
} from '@attrium/event';
import { CodecError } from './codec-error.js';

const ENTITY_KINDS = ['profile', 'account'] as const satisfies readonly Entity['kind'][];

function numbersOf<N extends string>(names: readonly N[]): Record<N, number> {
  return Object.fromEntries(names.map((name, index) => [name, index + 1])) as Record<N, number>;
}

export const EVENT_TYPE_NUMBER: Readonly<Record<EventType, number>> = numbersOf(EVENT_TYPES);
export const ENTITY_KIND_NUMBER: Readonly<Record<Entity['kind'], number>> = numbersOf(ENTITY_KINDS);
export const CHANGE_REASON_NUMBER: Readonly<Record<ChangeReason, number>> = numbersOf(CHANGE_REASONS);
export const REFUSAL_REASON_NUMBER: Readonly<Record<RefusalReason, number>> = numbersOf(REFUSAL_REASONS);
export const SUPPRESSION_REASON_NUMBER: Readonly<Record<SuppressionReason, number>> = numbersOf(SUPPRESSION_REASONS);
export const WAIT_OUTCOME_NUMBER: Readonly<Record<WaitOutcome, number>> = numbersOf(WAIT_OUTCOMES);
export const DELIVERY_OUTCOME_NUMBER: Readonly<Record<DeliveryOutcome, number>> = numbersOf(DELIVERY_OUTCOMES);

function nameOf<N extends string>(names: readonly N[], number: number, what: string): N {
  const name = names[number - 1];
  if (name === undefined) throw new CodecError(`${number} is no ${what}`);
  return name;
}

export function eventTypeOf(number: number): EventType {
  return nameOf(EVENT_TYPES, number, 'event type');
}

export function entityKindOf(number: number): Entity['kind'] {
  return nameOf(ENTITY_KINDS, number, 'entity kind');
}

export function changeReasonOf(number: number): ChangeReason {
  return nameOf(CHANGE_REASONS, number, 'change reason');
}

export function refusalReasonOf(number: number): RefusalReason {
  return nameOf(REFUSAL_REASONS, number, 'refusal reason');
}

export function suppressionReasonOf(number: number): SuppressionReason {
  return nameOf(SUPPRESSION_REASONS, number, 'suppression reason');
}

/** 0 is none. */
export function waitOutcomeOf(number: number): WaitOutcome | undefined {
  return number === 0 ? undefined : nameOf(WAIT_OUTCOMES, number, 'outcome of a wait');
}

export function deliveryOutcomeOf(number: number): DeliveryOutcome {
  return nameOf(DELIVERY_OUTCOMES, number, 'outcome of a delivery');
}
