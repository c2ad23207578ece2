/** Checks one attribute definition beyond its shape and turns it into what it means. */
import {
  type Condition,
  type EventAttribute,
  eventAttributeOf,
  isEventName,
  parseCondition,
  WITHIN_MS_MAX,
} from '@attrium/condition';
import { durationMs, type ValueType } from '@attrium/event';
import type { z } from 'zod';
import { readPath, readSource } from './attribute-source.js';
import {
  MERGE_STRATEGIES,
  type MergeStrategy,
  REDUCERS,
  REDUCERS_OF_PROPERTIES,
  type Reducer,
  TYPES_OF_REDUCER,
  TYPES_OF_STRATEGY,
} from './compiled.js';
import type { AttributeDefinition } from './definitions.js';
import { type Report, reportIssues, reportNotSupported } from './fault.js';
import { GAP_MS_MAX, LIST_ENTRIES_MAX } from './limits.js';
import type { Names } from './names.js';
import { readRollup } from './rollup.js';
import { type AttributeInput, attributeSchema, type computeSchema } from './schema.js';
import {
  MOBILE_GAP_MS,
  SESSION_MEASURES,
  type SessionMeaning,
  type SessionMeasure,
  TYPE_OF_SESSION_MEASURE,
  WEB_GAP_MS,
} from './session.js';

/** The definition; its faults are reported, and then it may be incomplete or undefined. What a formula reads is found by `readFormulas`. */
export function readAttribute(
  json: unknown,
  path: string,
  names: Names,
  report: Report,
): AttributeDefinition | undefined {
  const parsed = attributeSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) {
    reportIssues(report, path, parsed.error.issues);
    return undefined;
  }
  const input = parsed.data;
  const { kind: of } = input;
  if (of === 'event') {
    reportNotSupported(report, `${path}.kind`, `attributes of kind ${of}`);
    return undefined;
  }
  const given = [input.from, input.compute, input.rollup].filter((each) => each !== undefined).length;
  if (given !== 1) {
    const code = given === 0 ? 'missing_key' : 'conflicting_keys';
    report(path, code, 'an attribute has one of from (declared), compute (computed) and rollup (of members)');
    return undefined;
  }
  const head = { name: input.name, of, type: input.type, visible: input.visibility === 'visible' };
  if (input.from !== undefined) {
    const merge = readMerge(input, path, report);
    const from = input.from.map((source, index) => readSource(source, `${path}.from[${index}]`, report));
    return { kind: 'declared', ...head, merge, from };
  }
  if (input.rollup !== undefined) {
    const rollup = readRollup(input.rollup, input, { path, names, report });
    return rollup === undefined ? undefined : { kind: 'rollup', ...head, ...rollup };
  }
  if (input.merge !== undefined) {
    report(`${path}.merge`, 'conflicting_keys', 'a computed attribute has no merge strategy: its reducer merges');
  }
  if (input.compute?.formula !== undefined) {
    for (const key of Object.keys(input.compute)) {
      if (key !== 'formula')
        report(`${path}.compute.${key}`, 'conflicting_keys', `${key} does not go together with formula`);
    }
    return { kind: 'formula', ...head, formula: input.compute.formula, reads: [] };
  }
  if (input.compute!.session !== undefined) {
    const session = readSession(input.compute!, input, { path, names, report });
    return session === undefined ? undefined : { kind: 'session', ...head, ...session };
  }
  const computed = readCompute(input.compute!, input, { path, names, report });
  return computed === undefined ? undefined : { kind: 'computed', ...head, ...computed };
}

function readMerge({ merge, type }: AttributeInput, attributePath: string, report: Report): MergeStrategy {
  if (merge === undefined) return 'most_recent';
  const path = `${attributePath}.merge`;
  if (!MERGE_STRATEGIES.includes(merge as MergeStrategy)) {
    report(path, 'wrong_value', `expected one of ${MERGE_STRATEGIES.join(', ')}`);
    return 'most_recent';
  }
  const strategy = merge as MergeStrategy;
  const types = TYPES_OF_STRATEGY[strategy];
  if (!types.includes(type)) {
    report(path, 'type_mismatch', `${strategy} merges values of type ${types.join(', ')}, not of ${type}`);
  }
  return strategy;
}

interface Computed {
  readonly reducer: Reducer;
  readonly event: string;
  readonly property?: readonly string[] | undefined;
  readonly eventAttribute?: EventAttribute | undefined;
  readonly where?: Condition | undefined;
  readonly withinMs?: number | undefined;
  readonly entriesMax?: number | undefined;
}

/** Where a definition stands, and what it may name. */
/** Where a part of a definition stands, and what it may name. */
export interface Surroundings {
  readonly path: string;
  readonly names: Names;
  readonly report: Report;
}

function readCompute(
  input: z.infer<typeof computeSchema>,
  attribute: AttributeInput,
  { path: attributePath, names, report }: Surroundings,
): Computed | undefined {
  const path = `${attributePath}.compute`;
  const given = REDUCERS.filter((reducer) => input[reducer] !== undefined);
  const reducer = given[0];
  if (reducer === undefined || given.length > 1) {
    const code = reducer === undefined ? 'missing_key' : 'conflicting_keys';
    report(path, code, `compute has one of ${REDUCERS.join(', ')}, session, formula`);
    return undefined;
  }
  if (input.gap !== undefined) {
    report(`${path}.gap`, 'conflicting_keys', `gap goes together with session, not with ${reducer}`);
  }
  const event = input[reducer] as string;
  if (!isEventName(event)) report(`${path}.${reducer}`, 'bad_name', `${reducer} takes the name of an event`);
  const types = TYPES_OF_REDUCER[reducer];
  if (!types.includes(attribute.type)) {
    report(`${attributePath}.type`, 'type_mismatch', `${reducer} gives a value of type ${types.join(' or ')}`);
  }
  const read = readProperty(reducer, input.of, attribute, { path, names, report });
  const withinMs = input.within === undefined ? undefined : readDuration(input.within, `${path}.within`, report);
  if (input.limit !== undefined && reducer !== 'distinct_list') {
    report(`${path}.limit`, 'conflicting_keys', `limit goes together with distinct_list, not with ${reducer}`);
  }
  const where =
    input.where === undefined ? undefined : readEventCondition(input.where, { path: `${path}.where`, names, report });
  // The default said aloud means the same.
  const entriesMax = input.limit === undefined || input.limit === LIST_ENTRIES_MAX ? {} : { entriesMax: input.limit };
  return { reducer, event, ...read, where, withinMs, ...entriesMax };
}

function readSession(
  input: z.infer<typeof computeSchema>,
  attribute: AttributeInput,
  { path: attributePath, names, report }: Surroundings,
): SessionMeaning | undefined {
  const path = `${attributePath}.compute`;
  for (const key of [...REDUCERS, 'of', 'limit'] as const) {
    if (input[key] !== undefined) {
      report(`${path}.${key}`, 'conflicting_keys', `session takes gap, where and within, and no ${key}`);
    }
  }
  const measure = SESSION_MEASURES.find((each) => each === input.session);
  if (measure === undefined) {
    report(`${path}.session`, 'wrong_value', `session is one of ${SESSION_MEASURES.join(', ')}`);
    return undefined;
  }
  const type = TYPE_OF_SESSION_MEASURE[measure];
  if (attribute.type !== type) {
    report(`${attributePath}.type`, 'type_mismatch', `session: ${measure} gives a value of type ${type}`);
  }
  const where =
    input.where === undefined ? undefined : readEventCondition(input.where, { path: `${path}.where`, names, report });
  const gaps = readGaps(input.gap, `${path}.gap`, report);
  return { measure, ...gaps, where, withinMs: readSessionWindow(input.within, measure, path, report) };
}

/** One gap for all devices, or one for each kind of them. */
function readGaps(
  gap: z.infer<typeof computeSchema>['gap'],
  path: string,
  report: Report,
): Pick<SessionMeaning, 'webGapMs' | 'mobileGapMs'> {
  if (typeof gap === 'string') {
    const ms = readGap(gap, path, report) ?? WEB_GAP_MS;
    return { webGapMs: ms, mobileGapMs: ms };
  }
  return {
    webGapMs: readGap(gap?.web, `${path}.web`, report) ?? WEB_GAP_MS,
    mobileGapMs: readGap(gap?.mobile, `${path}.mobile`, report) ?? MOBILE_GAP_MS,
  };
}

function readGap(text: string | undefined, path: string, report: Report): number | undefined {
  const ms = text === undefined ? undefined : readDuration(text, path, report);
  if (ms === undefined || ms <= GAP_MS_MAX) return ms;
  report(path, 'over_limit', `a session may be idle for at most ${GAP_MS_MAX / 3_600_000}h`);
  return undefined;
}

function readSessionWindow(
  within: string | undefined,
  measure: SessionMeasure,
  path: string,
  report: Report,
): number | undefined {
  if (within === undefined) return undefined;
  if (measure === 'count') return readDuration(within, `${path}.within`, report);
  report(`${path}.within`, 'conflicting_keys', `within goes together with session: count, not with ${measure}`);
  return undefined;
}
type Property = Pick<Computed, 'property' | 'eventAttribute'>;

function readProperty(
  reducer: Reducer,
  of: z.infer<typeof computeSchema>['of'],
  attribute: AttributeInput,
  { path, names, report }: Surroundings,
): Property {
  if (REDUCERS_OF_PROPERTIES.includes(reducer)) {
    if (typeof of === 'string') return { property: readPath(of, `${path}.of`, report) };
    if (of === undefined) report(`${path}.of`, 'missing_key', `${reducer} needs of: the property that it reads`);
    else {
      const at = `${path}.of.event_attribute`;
      const found = eventAttributeOf(of.event_attribute, names, (code, message) => report(at, code, message));
      const types = found === undefined ? [] : typesRead(reducer, attribute);
      if (found !== undefined && !types.includes(found.type)) {
        const message = `${reducer} reads ${types.join(' or ')} here, and ${found.name} is a ${found.type}`;
        report(at, 'type_mismatch', message);
      }
      return { property: undefined, eventAttribute: found };
    }
  } else if (of !== undefined) {
    report(`${path}.of`, 'conflicting_keys', `${reducer} reads no property, so it takes no of`);
  }
  return { property: undefined };
}

/** The types of event attributes that a reducer reads. What is only told apart is told apart by its text. */
function typesRead(reducer: Reducer, { type }: AttributeInput): readonly ValueType[] {
  if (reducer === 'sum' || reducer === 'average') return ['number'];
  return reducer === 'distinct_count' || reducer === 'distinct_list' ? ['string', 'number'] : [type];
}

/** Milliseconds of a duration, above zero and at most ten years. */
export function readDuration(text: string, path: string, report: Report): number | undefined {
  const ms = durationMs(text);
  if (ms === undefined) report(path, 'wrong_value', 'expected a duration such as 30s, 5m, 12h, 30d or 2w');
  else if (ms > WITHIN_MS_MAX) report(path, 'over_limit', `a duration may be at most ${WITHIN_MS_MAX / 86_400_000}d`);
  return ms;
}

/** A condition over the properties of an event; its faults are reported. */
export function readEventCondition(json: unknown, { path, names, report }: Surroundings): Condition | undefined {
  const outcome = parseCondition(json, { over: 'event', path, scope: names });
  if (outcome.kind === 'valid') return outcome.condition;
  for (const fault of outcome.faults) report(fault.path, fault.code, fault.message);
  return undefined;
}
