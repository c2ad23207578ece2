/** What a trigger watches for: a segment entered or exited, an attribute that changes, in any way or in a certain one, or an event. */
import {
  COMPARATORS,
  type Condition,
  isJsonObject,
  type JsonObject,
  parseCondition,
  valueOfJson,
} from '@attrium/condition';
import { Decimal, type ExactNumber, unitsOf } from '@attrium/event';
import type { Surroundings } from './attribute.js';
import type { AttributeMove, TriggerWhen } from './compiled.js';
import type { Report } from './fault.js';
import { PRESENT_PER_SECOND_DEFAULT } from './limits.js';
import type { Names } from './names.js';
import type { TriggerInput } from './schema.js';
import { readScheduleWhen } from './trigger-schedule.js';
import { readEventFilter } from './trigger-wait.js';

type WhenInput = TriggerInput['when'];
const MOVE_KEYS = ['from', 'to', 'crosses', 'by'] as const;

/** Undefined when it is faulty; its faults are reported. */
export function readWhen(input: WhenInput, path: string, names: Names, report: Report): TriggerWhen | undefined {
  const { segment, attribute, event } = input;
  if (event !== undefined) return readEventWhen({ ...input, event }, { path, names, report });
  if (input.where !== undefined) report(`${path}.where`, 'conflicting_keys', 'where goes together with event');
  if ((segment === undefined) === (attribute === undefined)) {
    const code = segment === undefined ? 'missing_key' : 'conflicting_keys';
    report(
      path,
      code,
      'when has segment (with enters, exits, in or schedule), attribute (with changes, from, to, crosses or by) or event',
    );
    return undefined;
  }
  if (segment !== undefined) return readSegmentWhen({ ...input, segment }, path, names, report);
  return readAttributeWhen({ ...input, attribute: attribute! }, path, names, report);
}

function readEventWhen(input: WhenInput & { event: string }, at: Surroundings): TriggerWhen {
  const { path, report } = at;
  for (const key of ['segment', 'attribute', 'enters', 'exits', 'in', 'schedule', 'changes', ...MOVE_KEYS] as const) {
    if (input[key] !== undefined)
      report(`${path}.${key}`, 'conflicting_keys', `${key} does not go together with event`);
  }
  return { kind: 'event', ...readEventFilter(input, at) };
}

function readSegmentWhen(
  input: WhenInput & { segment: string },
  path: string,
  names: Names,
  report: Report,
): TriggerWhen | undefined {
  const { segment, enters = false, exits = false, in: present, schedule } = input;
  if (!names.hasSegment(segment)) report(`${path}.segment`, 'unknown_segment', `there is no segment ${segment}`);
  if (schedule !== undefined) {
    for (const key of ['enters', 'exits', 'in'] as const) {
      if (input[key]) report(`${path}.${key}`, 'conflicting_keys', `${key} does not go together with schedule`);
    }
  } else if (!enters && !exits && present === undefined) {
    report(path, 'missing_key', 'a segment goes together with enters: true, exits: true, in: true, or schedule');
  }
  for (const key of ['changes', ...MOVE_KEYS] as const) {
    if (input[key] !== undefined) report(`${path}.${key}`, 'conflicting_keys', `${key} goes together with attribute`);
  }
  if (schedule !== undefined) return readScheduleWhen(segment, schedule, `${path}.schedule`, names, report);
  const when = { kind: 'segment' as const, segment, enters, exits };
  if (present === undefined) return when;
  return { ...when, present: { perSecond: present === true ? PRESENT_PER_SECOND_DEFAULT : present.per_second } };
}

function readAttributeWhen(
  input: WhenInput & { attribute: string },
  path: string,
  names: Names,
  report: Report,
): TriggerWhen | undefined {
  const { attribute, enters, exits, changes, crosses, by, schedule } = input;
  if (!names.attributes.has(attribute)) {
    report(`${path}.attribute`, 'unknown_attribute', `there is no attribute ${attribute}`);
    return undefined;
  }
  if (enters || exits || input.in !== undefined) {
    report(path, 'conflicting_keys', 'enters, exits and in go together with segment');
  }
  if (schedule !== undefined) report(`${path}.schedule`, 'conflicting_keys', 'schedule goes together with segment');
  if (changes === undefined && MOVE_KEYS.every((key) => !Object.hasOwn(input, key))) {
    report(path, 'missing_key', 'an attribute goes together with changes: true, from, to, crosses or by');
  }
  const place = { attribute, path, names, report };
  if (crosses !== undefined) {
    for (const key of ['from', 'to', 'by'] as const) {
      if (input[key] !== undefined)
        report(`${path}.${key}`, 'conflicting_keys', `${key} does not go together with crosses`);
    }
    return { kind: 'attribute', attribute, moves: readCrosses(crosses, place) };
  }
  const from = readSide('from', input, place);
  const to = readSide('to', input, place);
  const amount = by === undefined ? {} : { by: readAmount(by, place) };
  const moves = from === undefined && to === undefined && by === undefined ? [] : [{ from, to, ...amount }];
  return { kind: 'attribute', attribute, moves };
}

interface Place {
  readonly attribute: string;
  readonly path: string;
  readonly names: Names;
  readonly report: Report;
}

/** A value, null for none, or comparators as in a condition: of the value before or after the change. */
function readSide(key: 'from' | 'to', input: WhenInput, place: Place): Condition | undefined {
  if (!Object.hasOwn(input, key) || input[key] === undefined) return undefined;
  const { attribute, path, names, report } = place;
  const side = input[key];
  const at = `${path}.${key}`;
  const isComparison = isJsonObject(side);
  if (isComparison && !checkComparators(side, at, report)) return undefined;
  const comparison = isComparison ? side : side === null ? { exists: false } : { equals: side };
  const outcome = parseCondition({ attribute, ...comparison }, { over: 'entity', path: at, scope: names });
  if (outcome.kind === 'valid') return outcome.condition as Condition;
  // What was written as a value is told of by the place of the value.
  for (const fault of outcome.faults) report(isComparison ? fault.path : at, fault.code, fault.message);
  return undefined;
}

function checkComparators(json: JsonObject, path: string, report: Report): boolean {
  const wrong = Object.keys(json).filter((key) => !(COMPARATORS as readonly string[]).includes(key));
  for (const key of wrong) report(`${path}.${key}`, 'unknown_key', `${key} is none of ${COMPARATORS.join(', ')}`);
  return wrong.length === 0;
}

/** A threshold for both directions, or one each. No value is below every threshold. */
function readCrosses(json: unknown, place: Place): AttributeMove[] {
  const { attribute } = place;
  const { up, down } = readDirections(json, 'crosses', place);
  const reaches = (value: ExactNumber): Condition => ({
    kind: 'compare',
    operand: { kind: 'attribute', name: attribute },
    comparator: 'gte',
    value,
  });
  return [
    ...(up === undefined ? [] : [{ from: not(reaches(up)), to: reaches(up) }]),
    ...(down === undefined ? [] : [{ from: reaches(down), to: not(reaches(down)) }]),
  ];
}

const not = (of: Condition): Condition => ({ kind: 'not', of });

/** The least difference, up, down or either; in units of 10^-18. */
function readAmount(json: unknown, place: Place): NonNullable<AttributeMove['by']> {
  const { up, down } = readDirections(json, 'by', place);
  const { path, report } = place;
  for (const amount of [up, down]) {
    if (amount !== undefined && (unitsOf(amount) ?? 0n) <= 0n) {
      report(`${path}.by`, 'wrong_value', 'an amount is above zero and fits 38 digits');
      break;
    }
  }
  return { up, down };
}

function readDirections(
  json: unknown,
  key: 'crosses' | 'by',
  { attribute, path, names, report }: Place,
): { up: ExactNumber | undefined; down: ExactNumber | undefined } {
  const none = { up: undefined, down: undefined };
  const type = names.attributes.get(attribute);
  if (type !== 'number' && type !== 'any') {
    report(`${path}.${key}`, 'type_mismatch', `${key} does not apply to a ${type}`);
    return none;
  }
  const both = numberOf(json);
  if (both !== undefined) return { up: both, down: both };
  if (!isJsonObject(json) || Object.keys(json).length === 0) {
    report(`${path}.${key}`, 'wrong_type', `${key} takes a number, or { up: number }, { down: number } or both`);
    return none;
  }
  const read = (direction: 'up' | 'down'): ExactNumber | undefined => {
    if (!Object.hasOwn(json, direction)) return undefined;
    const value = numberOf(json[direction]);
    if (value === undefined) report(`${path}.${key}.${direction}`, 'wrong_type', 'expected a number');
    return value;
  };
  for (const name of Object.keys(json)) {
    if (name !== 'up' && name !== 'down') report(`${path}.${key}.${name}`, 'unknown_key', `${name} is not known here`);
  }
  return { up: read('up'), down: read('down') };
}

function numberOf(json: unknown): ExactNumber | undefined {
  const value = valueOfJson(json);
  return typeof value === 'number' || value instanceof Decimal ? value : undefined;
}
