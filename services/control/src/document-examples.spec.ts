import { readFileSync } from 'node:fs';
import { parseCatalogue } from '@attrium/catalogue';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

/** The catalogues that a page shows. */
function examplesIn(page: string): unknown[] {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/```yaml\n(attributes:\n[^`]+)```/g)].map((match) => parse(match[1]!));
}

describe('the examples of the documents', () => {
  it('of attributes are valid catalogues', () => {
    const examples = examplesIn('concepts/attributes.md');
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const example of examples) expect(parseCatalogue(example)).toMatchObject({ kind: 'valid' });
  });

  it('of consent is a valid catalogue', () => {
    const examples = examplesIn('concepts/consent.md');
    expect(examples).toHaveLength(1);
    expect(parseCatalogue(examples[0])).toMatchObject({ kind: 'valid' });
  });
});
