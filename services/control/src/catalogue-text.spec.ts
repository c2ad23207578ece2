import { Decimal, stringifyExactJson } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { formatOf, readCatalogueText } from './catalogue-text.js';

function yaml(text: string): unknown {
  const outcome = readCatalogueText(text, 'yaml');
  if (outcome.kind === 'malformed') throw new Error(JSON.stringify(outcome.faults));
  return outcome.json;
}

describe('the format of a catalogue', () => {
  it.each([
    ['application/json', 'attributes: []', 'json'],
    ['application/vnd.api+json; charset=utf-8', '', 'json'],
    ['application/yaml', '{}', 'yaml'],
    ['application/x-yaml', '{}', 'yaml'],
    ['text/yaml; charset=utf-8', '{}', 'yaml'],
    [undefined, ' \n{"attributes":[]}', 'json'],
    ['application/x-www-form-urlencoded', '# a comment\nattributes: []', 'yaml'],
  ])('of content type %s and text %j is %s', (contentType, text, format) => {
    expect(formatOf(contentType, text)).toBe(format);
  });
});

describe('YAML', () => {
  it('keeps numbers exact, as JSON does', () => {
    const text = '[12345678901234567890, 0.1, 1e3, +7, -0.12345678901234567, 0x10]';
    expect(yaml(text)).toEqual([
      new Decimal(12345678901234567890n * 10n ** 18n),
      0.1,
      1000,
      7,
      new Decimal(-123456789012345670n),
      16,
    ]);
    expect(stringifyExactJson(yaml('a: 12345678901234567890'))).toBe('{"a":12345678901234567890}');
  });

  it('has no number that JSON does not have', () => {
    expect(yaml('[.nan, .inf, -.inf]')).toEqual(['.nan', '.inf', '-.inf']);
  });

  it('resolves aliases', () => {
    expect(yaml('a: &x [1]\nb: *x')).toEqual({ a: [1], b: [1] });
  });

  it('of nothing but comments is an empty catalogue', () => {
    expect(yaml('# later\n')).toEqual({});
  });

  it('keeps a key of the name __proto__ as a key', () => {
    expect(Object.keys(yaml('__proto__: { attributes: [] }') as object)).toEqual(['__proto__']);
  });

  it('reports every fault of its text with the place', () => {
    const outcome = readCatalogueText('a: 1\na: 2\nb:\n  c: 1\n  c: 2\n? [x]\n: 1\n', 'yaml');
    expect(outcome).toEqual({
      kind: 'malformed',
      faults: [
        { path: 'line 2, column 1', code: 'duplicate_key', message: 'a is there twice' },
        { path: 'line 6, column 3', code: 'malformed_yaml', message: 'a key is a text' },
        { path: 'line 5, column 3', code: 'duplicate_key', message: 'c is there twice' },
      ],
    });
  });

  it.each([
    ['more than one document', 'a: 1\n---\nb: 2\n'],
    ['an unknown alias', 'a: *nowhere'],
    ['too many brackets', `a: ${'['.repeat(300)}${']'.repeat(300)}`],
    ['a tag of somebody else', 'a: !!js/function "x"\nb: ['],
    [
      'aliases of aliases',
      `${Array.from(
        { length: 9 },
        (_, level) =>
          `a${level}: &a${level} [${Array(9)
            .fill(level === 0 ? 'x' : `*a${level - 1}`)
            .join(',')}]`,
      ).join('\n')}`,
    ],
  ])('with %s is refused', (_name, text) => {
    expect(readCatalogueText(text, 'yaml').kind).toBe('malformed');
  });
});

describe('JSON', () => {
  it('is refused with a reason when it is none', () => {
    expect(readCatalogueText('{"a":', 'json')).toEqual({
      kind: 'malformed',
      faults: [{ path: '', code: 'malformed_json', message: expect.any(String) }],
    });
  });
});
