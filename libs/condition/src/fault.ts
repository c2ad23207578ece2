/** What is wrong with something a user wrote: returned as values, all of them at once. */

export interface Fault {
  /** Where it is: `segments[0].where.all[1].gt`. */
  readonly path: string;
  /** One of a closed list, for programs. */
  readonly code: string;
  /** One sentence, for people. */
  readonly message: string;
}

export const CONDITION_FAULT_CODES = [
  'wrong_type',
  'wrong_value',
  'unknown_key',
  'missing_key',
  'conflicting_keys',
  'not_here',
  'bad_name',
  'unknown_attribute',
  'unknown_segment',
  'type_mismatch',
  'over_limit',
] as const;
export type ConditionFaultCode = (typeof CONDITION_FAULT_CODES)[number];

/** A fault of a condition. */
export interface ConditionFault extends Fault {
  readonly code: ConditionFaultCode;
}
