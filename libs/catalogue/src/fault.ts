/** What can be wrong with a catalogue, and how the schema's findings become faults. */
import type { ConditionFaultCode, Fault } from '@attrium/condition';
import type { z } from 'zod';
import { FAULTS_MAX } from './limits.js';

/** Codes beside those of conditions. */
export const CATALOGUE_FAULT_CODES = [
  'not_supported_yet',
  'duplicate_name',
  'reserved_name',
  'segment_cycle',
  'other_kind',
  'unknown_purpose',
  'unknown_channel',
  'attribute_cycle',
  'bad_formula',
  'too_many_faults',
] as const;
export type CatalogueFaultCode = (typeof CATALOGUE_FAULT_CODES)[number] | ConditionFaultCode;

export interface CatalogueFault extends Fault {
  readonly code: CatalogueFaultCode;
}

/** Collects the faults of one catalogue. */
export type Report = (path: string, code: CatalogueFaultCode, message: string) => void;

/** For what Attrium will do, and this release does not. */
export function reportNotSupported(report: Report, path: string, what: string): void {
  report(path, 'not_supported_yet', `${what}: not supported yet by this release`);
}

/** Reports everything a zod schema found; `path` is where its input stands. */
export function reportIssues(report: Report, path: string, issues: readonly z.core.$ZodIssue[]): void {
  for (const issue of issues) {
    const at = issue.path.reduce<string>(
      (sofar, step) => (typeof step === 'number' ? `${sofar}[${step}]` : `${sofar}.${String(step)}`),
      path,
    );
    switch (issue.code) {
      case 'unrecognized_keys':
        for (const key of issue.keys) report(`${at}.${key}`, 'unknown_key', `${key} is not known here`);
        break;
      case 'invalid_type':
        if (isMissing(issue)) report(at, 'missing_key', `${String(issue.path.at(-1))} is missing`);
        else report(at, 'wrong_type', `expected ${issue.expected}`);
        break;
      case 'too_big':
      case 'too_small':
        report(at, 'over_limit', issue.message);
        break;
      default:
        report(at, isMissing(issue) ? 'missing_key' : 'wrong_value', issue.message);
    }
  }
}

/** Schemas are asked to report inputs, so an issue without one is about something that is not there. */
function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.input === undefined && issue.path.length > 0;
}

/** At most `FAULTS_MAX` faults, in the order of the catalogue's checks. */
export function boundFaults(faults: readonly CatalogueFault[]): readonly CatalogueFault[] {
  if (faults.length <= FAULTS_MAX) return faults;
  const more = faults.length - (FAULTS_MAX - 1);
  return [
    ...faults.slice(0, FAULTS_MAX - 1),
    { path: '', code: 'too_many_faults', message: `there are ${more} more faults, which are not listed` },
  ];
}
