/** Reads the identity section of a catalogue, and checks it beyond its shape. */
import { isEventName, isJsonObject, NAME_PATTERN, pathOfText } from '@attrium/condition';
import { durationMs } from '@attrium/event';
import type { z } from 'zod';
import { type Report, reportIssues } from './fault.js';
import {
  BUILT_IN_TYPES,
  DEFAULT_IDENTITY,
  DEFAULT_QUARANTINE,
  defaultType,
  type IdentifierSource,
  type IdentifierTypeDefinition,
  type IdentityDefinition,
  LIMIT_WINDOWS_MS,
  type QuarantineThreshold,
} from './identity-definition.js';
import {
  type IdentifierTypeInput,
  type identifierSourceSchema,
  identitySchema,
  limitSchema,
  periodLimitSchema,
  quarantineSchema,
} from './identity-schema.js';
import {
  DEDUP_HOURS_MAX,
  DEDUP_HOURS_MIN,
  EXTERNAL_ID_NAME_LENGTH_MAX,
  LIMIT_WINDOW_MS_MAX,
  QUARANTINE_WINDOW_MS_MAX,
} from './limits.js';
import { compileValuePattern } from './value-pattern.js';

const HOUR_MS = 3_600_000;
/** Types that mean something else: the id of a profile in questions, and what an alias brings. */
const RESERVED_TYPES: ReadonlySet<string> = new Set(['profile_id', 'previous_id']);

/** The definition; its faults are reported, and then it may be incomplete. Null, as an empty section of YAML, is no section. */
export function readIdentity(json: unknown, path: string, report: Report): IdentityDefinition | undefined {
  if (json === undefined || json === null) return undefined;
  const parsed = identitySchema.safeParse(json, { reportInput: true });
  if (!parsed.success) {
    reportIssues(report, path, parsed.error.issues);
    return undefined;
  }
  const { types, ignore, dedup, quarantine } = parsed.data;
  const definitions = types?.map((input, index) => readType(input, `${path}.types[${index}]`, report));
  const identity = {
    types: definitions ?? DEFAULT_IDENTITY.types.filter(({ name }) => ignore?.includes(name) !== true),
    ignored: ignore ?? [],
    dedupHours: dedup === undefined ? DEFAULT_IDENTITY.dedupHours : readDedup(dedup, `${path}.dedup`, report),
    quarantine: readQuarantine(quarantine, `${path}.quarantine`, report),
  };
  checkNames(identity, types !== undefined, path, report);
  return identity;
}

function readType(input: IdentifierTypeInput, path: string, report: Report): IdentifierTypeDefinition {
  const given = defaultType(input.name);
  const { values = [], patterns = [] } = input.block ?? {};
  for (const [index, pattern] of patterns.entries()) {
    if (compileValuePattern(pattern) !== undefined) continue;
    const message = 'expected a pattern of *, ?, [a-z], [0-9]+ and characters, one of which is not * or ?';
    report(`${path}.block.patterns[${index}]`, 'wrong_value', message);
  }
  const sources = (input.from ?? []).map((source, index) => readSource(source, `${path}.from[${index}]`, report));
  return {
    name: input.name,
    ...readLimit(input.limit ?? given.limit, `${path}.limit`, report),
    normalise: input.normalise ?? given.normalise,
    blockedValues: [...given.blockedValues, ...values],
    blockedPatterns: patterns,
    from: sources.filter((source): source is IdentifierSource => typeof source === 'object'),
    externalIds: [...given.externalIds, ...sources.filter((source) => typeof source === 'string')],
  };
}

/** A number counts for ever; an object says per what. */
function readLimit(json: unknown, path: string, report: Report): Pick<IdentifierTypeDefinition, 'limit' | 'windowMs'> {
  const parsed = isJsonObject(json)
    ? periodLimitSchema.safeParse(json, { reportInput: true })
    : limitSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) {
    reportIssues(report, path, parsed.error.issues);
    return { limit: 1 };
  }
  if (typeof parsed.data === 'number') return { limit: parsed.data };
  const { values: limit, per } = parsed.data;
  if (per === 'ever') return { limit };
  const windowMs = LIMIT_WINDOWS_MS.get(per) ?? durationMs(per);
  if (windowMs === undefined) {
    report(`${path}.per`, 'wrong_value', 'expected ever, day, week, month, or a duration such as 12h');
  } else if (windowMs > LIMIT_WINDOW_MS_MAX) {
    report(`${path}.per`, 'over_limit', `a window of a limit is ${LIMIT_WINDOW_MS_MAX / 86_400_000}d at most`);
  }
  return { limit, windowMs };
}

/** A source of values, or the name of an external id. */
function readSource(
  { external_id: externalId, trait, property, event }: z.infer<typeof identifierSourceSchema>,
  path: string,
  report: Report,
): IdentifierSource | string | undefined {
  const given = [externalId, trait, property].filter((text) => text !== undefined);
  if (given.length !== 1) {
    const code = given.length === 0 ? 'missing_key' : 'conflicting_keys';
    report(path, code, 'a source has one of trait, property and external_id');
    return undefined;
  }
  if (event !== undefined && property === undefined) {
    report(`${path}.event`, 'conflicting_keys', 'event goes together with property only');
  }
  if (externalId !== undefined) {
    if (externalId.length === 0 || externalId.length > EXTERNAL_ID_NAME_LENGTH_MAX) {
      report(`${path}.external_id`, 'bad_name', `expected 1 to ${EXTERNAL_ID_NAME_LENGTH_MAX} characters`);
    }
    return externalId;
  }
  if (event !== undefined && !isEventName(event)) report(`${path}.event`, 'bad_name', 'expected the name of an event');
  const kind = trait !== undefined ? 'trait' : 'property';
  const steps = pathOfText(given[0]);
  if (steps === undefined)
    report(`${path}.${kind}`, 'bad_name', 'expected a name, or names with dots into nested objects');
  return { kind, path: steps ?? [], event };
}

function readDedup(text: string, path: string, report: Report): number {
  const ms = durationMs(text);
  if (ms === undefined || ms % HOUR_MS !== 0) {
    report(path, 'wrong_value', 'expected a duration of whole hours, such as 24h or 7d');
    return DEDUP_HOURS_MIN;
  }
  const hours = ms / HOUR_MS;
  if (hours < DEDUP_HOURS_MIN || hours > DEDUP_HOURS_MAX) {
    report(path, 'over_limit', `message ids are remembered from ${DEDUP_HOURS_MIN}h to ${DEDUP_HOURS_MAX / 24}d`);
  }
  return hours;
}

/** `off` (false, where YAML reads it so) is none. */
function readQuarantine(json: unknown, path: string, report: Report): QuarantineThreshold | undefined {
  if (json === undefined) return DEFAULT_QUARANTINE;
  if (json === 'off' || json === false) return undefined;
  if (!isJsonObject(json)) {
    report(path, 'wrong_value', 'expected off, or an object with merges and within');
    return undefined;
  }
  const parsed = quarantineSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) {
    reportIssues(report, path, parsed.error.issues);
    return undefined;
  }
  const { merges = DEFAULT_QUARANTINE.merges, within } = parsed.data;
  if (within === undefined) return { ...DEFAULT_QUARANTINE, merges };
  const windowMs = durationMs(within);
  if (windowMs === undefined) report(`${path}.within`, 'wrong_value', 'expected a duration, such as 1h or 7d');
  else if (windowMs > QUARANTINE_WINDOW_MS_MAX) {
    report(`${path}.within`, 'over_limit', `the window is ${QUARANTINE_WINDOW_MS_MAX / 86_400_000}d at most`);
  }
  return { merges, windowMs: windowMs ?? DEFAULT_QUARANTINE.windowMs };
}

/** Each name means one type: those of types, those that are ignored, and those of external ids. */
function checkNames({ types, ignored }: IdentityDefinition, listed: boolean, path: string, report: Report): void {
  const taken = new Set<string>();
  const take = (name: string, at: string): void => {
    if (!NAME_PATTERN.test(name)) {
      report(at, 'bad_name', 'a type has 1 to 64 characters: lower-case letters, digits and _, a letter first');
    } else if (RESERVED_TYPES.has(name)) report(at, 'reserved_name', `${name} is reserved`);
    else if (taken.has(name)) report(at, 'duplicate_name', `${name} is here more than once`);
    taken.add(name);
  };
  if (listed) for (const [index, { name }] of types.entries()) take(name, `${path}.types[${index}].name`);
  for (const [index, name] of ignored.entries()) take(name, `${path}.ignore[${index}]`);
  const owners = new Map<string, string>();
  for (const [index, { name, externalIds }] of types.entries()) {
    for (const externalId of externalIds) {
      const isOther = externalId !== name && (taken.has(externalId) || isNameOfIngest(externalId));
      if (isOther || (owners.get(externalId) ?? name) !== name) {
        const message = `the external id ${externalId} is another type already`;
        report(`${path}.types[${index}].from`, 'conflicting_keys', message);
      }
      owners.set(externalId, name);
    }
  }
}

/** What ingest itself calls an identifier is never the external id of another type. */
function isNameOfIngest(name: string): boolean {
  return BUILT_IN_TYPES.has(name) || RESERVED_TYPES.has(name);
}
