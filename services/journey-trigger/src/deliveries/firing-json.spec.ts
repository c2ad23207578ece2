import { readFileSync } from 'node:fs';
import { decimalFromText, equalValues, Timestamp, type TriggerFired, type Value } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { anyRecordOf } from '../../../../libs/processor/test/any-record.js';
import { firingJson, jsonOfValue, readFiring, valueOfJson } from './firing-json.js';
import { firingSchema, firingSchemaText } from './firing-schema.js';

const firing: TriggerFired = {
  kind: 'trigger-fired',
  id: '2:1042:0',
  entity: { workspace: 'shop', kind: 'profile', id: 'p_7f3a', ordinal: 41 },
  trigger: 'big_spender_welcome',
  revision: 3,
  effectiveAt: Date.parse('2026-01-31T09:30:00.120Z'),
  recordedAt: Date.parse('2026-01-31T09:30:00.734Z'),
  reason: 'event',
  cause: 'order-1001',
  on: { kind: 'segment-entered', segment: 'big_spenders', at: Date.parse('2026-01-31T09:30:00.120Z') },
  values: [
    { name: 'email', value: 'ada@example.com' },
    { name: 'orders', value: 3 },
    { name: 'lifetime_value', value: decimalFromText('1234567890123456.78')! },
    { name: 'first_order_at', value: new Timestamp(Date.parse('2025-11-02T18:04:11.000Z')) },
    { name: 'newsletter', value: true },
    { name: 'brands', value: ['acme', 'globex'] },
  ],
  identifiers: [
    { type: 'user_id', value: 'u-1' },
    { type: 'email', value: 'ada@example.com' },
  ],
};

describe('the JSON of a firing', () => {
  it('is what the reference shows', () => {
    const reference = readFileSync(new URL('../../../../docs/reference/firing.md', import.meta.url), 'utf8');
    const example = /```json\n([\s\S]*?)```/.exec(reference)?.[1] ?? '';
    expect(JSON.parse(firingJson(firing))).toEqual(JSON.parse(example));
  });

  it('is of the schema in the documents, whatever fired', () => {
    const file = new URL('../../../../docs/reference/firing.schema.json', import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(firingSchemaText());
    fc.assert(
      fc.property(anyRecordOf('trigger-fired') as fc.Arbitrary<TriggerFired>, (fired) => {
        const json: unknown = JSON.parse(firingJson({ ...fired, revision: Math.max(1, fired.revision) }));
        expect(firingSchema.safeParse(json).error).toBeUndefined();
      }),
    );
  });

  it('has no old or new value where there is none', () => {
    const on = { kind: 'attribute-changed', change: { name: 'plan', after: 'pro' } } as const;
    const { on: json } = readFiring(Buffer.from(firingJson({ ...firing, on })));
    expect(json).toEqual({ kind: 'attribute-changed', attribute: 'plan', after: 'pro' });
  });

  it('gives a time that no calendar reaches as its number', () => {
    expect(jsonOfValue(new Timestamp(9e15))).toBe('9000000000000000');
  });

  it('leads back to the same value, by its type', () => {
    const values: fc.Arbitrary<Value> = fc.oneof(
      fc.string(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
      fc.bigInt({ min: 10n ** 18n, max: 10n ** 19n }).map((digits) => decimalFromText(`${digits}.07`)!),
      fc.boolean(),
      fc.integer().map((ms) => new Timestamp(ms)),
      fc.array(fc.string()),
    );
    fc.assert(
      fc.property(values, (value) => {
        const type = value instanceof Timestamp ? 'timestamp' : typeof value === 'string' ? 'string' : 'number';
        const json: ReturnType<typeof jsonOfValue> = JSON.parse(JSON.stringify(jsonOfValue(value)));
        expect(equalValues(valueOfJson(json, type), value)).toBe(true);
      }),
    );
  });

  it('leaves text that does not fit its type as text', () => {
    expect(valueOfJson('soon', 'timestamp')).toBe('soon');
    expect(valueOfJson('many', 'number')).toBe('many');
    expect(valueOfJson('2026-01-31T09:30:00Z', undefined)).toBe('2026-01-31T09:30:00Z');
  });
});
