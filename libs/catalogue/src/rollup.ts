/** Checks what an attribute of accounts makes of the members. */
import { type Condition, type ParsedCondition, readsOf } from '@attrium/condition';
import { assertNever } from '@attrium/event';
import type { z } from 'zod';
import type { AttributeDefinition } from './definitions.js';
import { readEntityCondition } from './entity-condition.js';
import type { Report } from './fault.js';
import { ROLLUPS_MAX } from './limits.js';
import { type Names, reportOtherKind } from './names.js';
import { ROLLUP_REDUCERS, type RollupMeaning, TYPES_OF_ROLLUP } from './rollup-definition.js';
import type { rollupSchema } from './rollup-schema.js';
import type { AttributeInput } from './schema.js';

/** What `count` counts. */
const MEMBERS = 'members';

interface Place {
  /** Of the attribute. */
  readonly path: string;
  readonly names: Names;
  readonly report: Report;
}

/** Its faults are reported, and then it may be undefined. */
export function readRollup(
  input: z.infer<typeof rollupSchema>,
  { kind, type, merge }: AttributeInput,
  { path: attributePath, names, report }: Place,
): RollupMeaning | undefined {
  const path = `${attributePath}.rollup`;
  if (kind !== 'account') report(path, 'not_here', 'only accounts have members, so only they have roll-ups');
  if (merge !== undefined) {
    report(`${attributePath}.merge`, 'conflicting_keys', 'a roll-up has no merge strategy');
  }
  const given = ROLLUP_REDUCERS.filter((reducer) => input[reducer] !== undefined);
  const reducer = given[0];
  if (reducer === undefined || given.length > 1) {
    const code = reducer === undefined ? 'missing_key' : 'conflicting_keys';
    report(path, code, `rollup has one of ${ROLLUP_REDUCERS.join(', ')}`);
    return undefined;
  }
  const types = TYPES_OF_ROLLUP[reducer];
  if (!types.includes(type)) {
    report(`${attributePath}.type`, 'type_mismatch', `${reducer} gives a value of type ${types.join(' or ')}`);
  }
  const attribute = input[reducer]!;
  const where =
    input.where === undefined ? undefined : readWhere(input.where, { path: `${path}.where`, names, report });
  const more = where === undefined ? {} : { where };
  if (reducer !== 'count') {
    checkAttribute(attribute, types.includes(type) ? [type] : types, { path: `${path}.${reducer}`, names, report });
    return { reducer, attribute, ...more };
  }
  if (attribute !== MEMBERS) report(`${path}.count`, 'wrong_value', `count counts ${MEMBERS}; where says which`);
  return { reducer, ...more };
}

function checkAttribute(name: string, types: readonly string[], { path, names, report }: Place): void {
  const type = names.attributeType(name);
  if (type === undefined) {
    report(path, 'unknown_attribute', `there is no attribute ${name}`);
    return;
  }
  reportOtherKind(names, 'user', { attributes: [name] }, path, report);
  // A faulty definition is reported where it stands.
  if (type !== 'any' && !types.includes(type)) {
    report(path, 'type_mismatch', `expected an attribute of type ${types.join(' or ')}, and ${name} is a ${type}`);
  }
}

function readWhere(json: unknown, { path, names, report }: Place): Condition | undefined {
  const condition = readEntityCondition(json, path, names, report);
  if (condition === undefined) return undefined;
  const compared = comparisonsOnly(condition);
  if (compared === undefined) {
    report(
      path,
      'not_here',
      'where of a roll-up compares attributes of users; it asks for no events, segments and ages',
    );
    return undefined;
  }
  reportOtherKind(names, 'user', readsOf(compared), path, report);
  return compared;
}

/** Undefined when something else is asked anywhere in it. */
function comparisonsOnly(condition: ParsedCondition): Condition | undefined {
  switch (condition.kind) {
    case 'all':
    case 'any': {
      const of = condition.of.map(comparisonsOnly);
      return of.every((each) => each !== undefined) ? { kind: condition.kind, of } : undefined;
    }
    case 'not': {
      const of = comparisonsOnly(condition.of);
      return of === undefined ? undefined : { kind: 'not', of };
    }
    case 'compare':
      return condition;
    case 'segment':
    case 'behaviour':
    case 'aggregate':
    case 'age':
    case 'moment':
    case 'sequence':
      return undefined;
    default:
      return assertNever(condition);
  }
}

export function checkRollups(attributes: readonly (AttributeDefinition | undefined)[], report: Report): void {
  const count = attributes.filter((attribute) => attribute?.kind === 'rollup').length;
  if (count > ROLLUPS_MAX)
    report('', 'over_limit', `there may be at most ${ROLLUPS_MAX} roll-ups, and there are ${count}`);
}
