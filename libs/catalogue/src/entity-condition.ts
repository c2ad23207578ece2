/** Reads conditions over entities, wherever a catalogue has one. */
import { type ParsedCondition, parseCondition } from '@attrium/condition';
import type { Report } from './fault.js';
import type { Names } from './names.js';

/** A condition over profiles, with names and types checked against the catalogue. */
export function readEntityCondition(
  json: unknown,
  path: string,
  scope: Names,
  report: Report,
): ParsedCondition | undefined {
  const outcome = parseCondition(json, { over: 'entity', path, scope });
  if (outcome.kind === 'valid') return outcome.condition;
  for (const fault of outcome.faults) report(fault.path, fault.code, fault.message);
  return undefined;
}
