/** Checks one attribute definition beyond its shape and turns it into what it means. */
import {
  type Condition,
  isEventName,
  isJsonObject,
  type JsonObject,
  parseCondition,
  pathOfText,
  WITHIN_MS_MAX,
} from '@attrium/condition';
import { durationMs } from '@attrium/event';
import type { z } from 'zod';
import {
  type AttributeSource,
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
import { LIST_ENTRIES_MAX } from './limits.js';
import { type AttributeInput, attributeSchema, type computeSchema, type fromSchema } from './schema.js';

/** Words of later releases, told apart from typing mistakes. */
const LATER_REDUCERS = ['formula'];

/** The definition; its faults are reported, and then it may be incomplete or undefined. */
export function readAttribute(json: unknown, path: string, report: Report): AttributeDefinition | undefined {
  const parsed = attributeSchema.safeParse(withoutLaterReducers(json, path, report), { reportInput: true });
  if (!parsed.success) {
    reportIssues(report, path, parsed.error.issues);
    return undefined;
  }
  const input = parsed.data;
  if (input.kind !== 'user') {
    reportNotSupported(report, `${path}.kind`, `attributes of kind ${input.kind}`);
    return undefined;
  }
  if ((input.from === undefined) === (input.compute === undefined)) {
    const code = input.from === undefined ? 'missing_key' : 'conflicting_keys';
    report(path, code, 'an attribute has either from (declared) or compute (computed)');
    return undefined;
  }
  const head = { name: input.name, of: 'user', type: input.type, visible: input.visibility === 'visible' } as const;
  if (input.from !== undefined) {
    const merge = readMerge(input, path, report);
    const from = input.from.map((source, index) => readSource(source, `${path}.from[${index}]`, report));
    return { kind: 'declared', ...head, merge, from };
  }
  if (input.merge !== undefined) {
    report(`${path}.merge`, 'conflicting_keys', 'a computed attribute has no merge strategy: its reducer merges');
  }
  const computed = readCompute(input.compute!, input, path, report);
  return computed === undefined ? undefined : { kind: 'computed', ...head, ...computed };
}

/** Reports reducers of later releases and takes them out, so that the schema does not call them unknown. */
function withoutLaterReducers(json: unknown, path: string, report: Report): unknown {
  if (!isJsonObject(json) || !isJsonObject(json.compute)) return json;
  const later = LATER_REDUCERS.filter((word) => Object.hasOwn(json.compute as JsonObject, word));
  if (later.length === 0) return json;
  for (const word of later) reportNotSupported(report, `${path}.compute.${word}`, `${word} in compute`);
  const { compute: _compute, ...rest } = json;
  // What remains of the definition is still checked, as if it were a declared attribute.
  return Object.hasOwn(rest, 'from') ? rest : { ...rest, from: [{ trait: 'any' }] };
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

function readSource(input: z.infer<typeof fromSchema>, path: string, report: Report): AttributeSource {
  const { trait, property, path: sourcePath, event, source } = input;
  const given = [trait, property, sourcePath].filter((text) => text !== undefined);
  if (given.length !== 1) {
    const code = given.length === 0 ? 'missing_key' : 'conflicting_keys';
    report(path, code, 'a source has one of trait, property, or path together with source');
  }
  const key = trait !== undefined ? 'trait' : property !== undefined ? 'property' : 'path';
  if (key === 'path' && sourcePath !== undefined && source === undefined) {
    report(`${path}.source`, 'missing_key', 'path goes together with source; of any source it is written as property');
  }
  if (event !== undefined && key !== 'property') {
    report(`${path}.event`, 'conflicting_keys', 'event goes together with property only');
  }
  if (event !== undefined && !isEventName(event)) report(`${path}.event`, 'bad_name', 'expected the name of an event');
  if (source !== undefined && !isEventName(source))
    report(`${path}.source`, 'bad_name', 'expected the name of a source');
  const steps = given.length === 1 ? readPath(given[0]!, `${path}.${key}`, report) : [];
  return { kind: key === 'trait' ? 'trait' : 'property', path: steps, event, source };
}

/** Steps of a path into a payload; a fault is reported. */
export function readPath(text: string, path: string, report: Report): readonly string[] {
  const steps = pathOfText(text);
  if (steps === undefined) report(path, 'bad_name', 'expected a name, or names with dots into nested objects');
  return steps ?? [];
}

interface Computed {
  readonly reducer: Reducer;
  readonly event: string;
  readonly property?: readonly string[] | undefined;
  readonly where?: Condition | undefined;
  readonly withinMs?: number | undefined;
  readonly entriesMax?: number | undefined;
}

function readCompute(
  input: z.infer<typeof computeSchema>,
  attribute: AttributeInput,
  attributePath: string,
  report: Report,
): Computed | undefined {
  const path = `${attributePath}.compute`;
  const given = REDUCERS.filter((reducer) => input[reducer] !== undefined);
  const reducer = given[0];
  if (reducer === undefined || given.length > 1) {
    const code = reducer === undefined ? 'missing_key' : 'conflicting_keys';
    report(path, code, `compute has one of ${REDUCERS.join(', ')}`);
    return undefined;
  }
  const event = input[reducer] as string;
  if (!isEventName(event)) report(`${path}.${reducer}`, 'bad_name', `${reducer} takes the name of an event`);
  const types = TYPES_OF_REDUCER[reducer];
  if (!types.includes(attribute.type)) {
    report(`${attributePath}.type`, 'type_mismatch', `${reducer} gives a value of type ${types.join(' or ')}`);
  }
  const property = readProperty(reducer, input.of, path, report);
  const withinMs = input.within === undefined ? undefined : readDuration(input.within, `${path}.within`, report);
  if (input.limit !== undefined && reducer !== 'distinct_list') {
    report(`${path}.limit`, 'conflicting_keys', `limit goes together with distinct_list, not with ${reducer}`);
  }
  const where = input.where === undefined ? undefined : readEventCondition(input.where, `${path}.where`, report);
  // The default said aloud means the same.
  const entriesMax = input.limit === undefined || input.limit === LIST_ENTRIES_MAX ? {} : { entriesMax: input.limit };
  return { reducer, event, property, where, withinMs, ...entriesMax };
}

function readProperty(
  reducer: Reducer,
  of: string | undefined,
  path: string,
  report: Report,
): readonly string[] | undefined {
  if (REDUCERS_OF_PROPERTIES.includes(reducer)) {
    if (of !== undefined) return readPath(of, `${path}.of`, report);
    report(`${path}.of`, 'missing_key', `${reducer} needs of: the property that it reads`);
  } else if (of !== undefined) {
    report(`${path}.of`, 'conflicting_keys', `${reducer} reads no property, so it takes no of`);
  }
  return undefined;
}

/** Milliseconds of a duration, above zero and at most ten years. */
export function readDuration(text: string, path: string, report: Report): number | undefined {
  const ms = durationMs(text);
  if (ms === undefined) report(path, 'wrong_value', 'expected a duration such as 30s, 5m, 12h, 30d or 2w');
  else if (ms > WITHIN_MS_MAX) report(path, 'over_limit', `a duration may be at most ${WITHIN_MS_MAX / 86_400_000}d`);
  return ms;
}

/** A condition over the properties of an event; its faults are reported. */
export function readEventCondition(json: unknown, path: string, report: Report): Condition | undefined {
  const outcome = parseCondition(json, { over: 'event', path });
  if (outcome.kind === 'valid') return outcome.condition;
  for (const fault of outcome.faults) report(fault.path, fault.code, fault.message);
  return undefined;
}
