/** Where declared attributes and event attributes take their values from. */
import { isEventName, pathOfText } from '@attrium/condition';
import type { z } from 'zod';
import type { AttributeSource } from './compiled.js';
import type { Report } from './fault.js';
import type { fromSchema } from './schema.js';

/** Its faults are reported, and then its path may be empty. */
export function readSource(input: z.infer<typeof fromSchema>, path: string, report: Report): AttributeSource {
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

/** The steps of a path; none, with a fault, for what is no path. */
export function readPath(text: string, path: string, report: Report): readonly string[] {
  const steps = pathOfText(text);
  if (steps === undefined) report(path, 'bad_name', 'expected a name, or names with dots into nested objects');
  return steps ?? [];
}
