import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { compileCatalogue } from './compile.js';
import { parseCatalogue } from './parse.js';

const json: unknown = parse(
  readFileSync(new URL('../../../examples/quickstart/catalogue.yaml', import.meta.url), 'utf8'),
);

const EXPECTED = [
  '{"kind":"declared","name":"email","of":"user","type":"string","visible":true,"merge":"most_recent","from":[{"kind":"trait","path":["email"]}],"key":"email~33185fc55b2ba8ee"}',
  '{"kind":"declared","name":"first_name","of":"user","type":"string","visible":true,"merge":"most_recent","from":[{"kind":"trait","path":["first_name"]},{"kind":"trait","path":["firstName"]}],"key":"first_name~8b16f75b4d95deaa"}',
  '{"kind":"declared","name":"plan","of":"user","type":"string","visible":true,"merge":"most_recent","from":[{"kind":"trait","path":["plan"]},{"kind":"property","path":["plan"],"event":"Signed Up"}],"key":"plan~137be475d8341ecd"}',
  '{"kind":"computed","name":"orders","of":"user","type":"number","visible":true,"reducer":"count","event":"Order Completed","key":"orders~a255b562d8ba33ad"}',
  '{"kind":"computed","name":"lifetime_value","of":"user","type":"number","visible":true,"reducer":"sum","event":"Order Completed","property":["revenue"],"key":"lifetime_value~6796166a8488b188"}',
  '{"kind":"computed","name":"first_order_at","of":"user","type":"timestamp","visible":true,"reducer":"first_time","event":"Order Completed","key":"first_order_at~1ae3ffa3c274017b"}',
  '{"kind":"computed","name":"refunds","of":"user","type":"number","visible":true,"reducer":"count","event":"Order Refunded","key":"refunds~c6bb49a93c691c9f"}',
  '{"kind":"formula","name":"average_order","of":"user","type":"number","visible":true,"formula":"lifetime_value / orders","reads":["lifetime_value","orders"],"key":"average_order~ee7530f1eaa36e96"}',
  '{"kind":"computed","name":"visits_30s","of":"user","type":"number","visible":true,"reducer":"count","event":"Product Viewed","withinMs":30000,"key":"visits_30s~7f86f0598adee477"}',
  '{"kind":"computed","name":"~40180f64db736539","key":"~40180f64db736539","of":"user","type":"boolean","visible":false,"reducer":"count","event":"Product Viewed","withinMs":30000,"atLeast":1}',
  '{"kind":"computed","name":"~82c7c883cd4470f2","key":"~82c7c883cd4470f2","of":"user","type":"boolean","visible":false,"reducer":"count","event":"Cart Updated","withinMs":60000,"atLeast":1}',
  '{"kind":"computed","name":"~f5c4836f3ecd47c0","key":"~f5c4836f3ecd47c0","of":"user","type":"boolean","visible":false,"reducer":"count","event":"Order Completed","withinMs":60000,"atLeast":1}',
  '{"name":"big_spenders","of":"user","where":{"kind":"compare","operand":{"kind":"attribute","name":"lifetime_value"},"comparator":"gt","value":500},"attributes":["lifetime_value"],"segments":[]}',
  '{"name":"active_now","of":"user","where":{"kind":"compare","operand":{"kind":"attribute","name":"~40180f64db736539"},"comparator":"equals","value":true},"attributes":["~40180f64db736539"],"segments":[]}',
  '{"name":"open_cart","of":"user","where":{"kind":"all","of":[{"kind":"compare","operand":{"kind":"attribute","name":"~82c7c883cd4470f2"},"comparator":"equals","value":true},{"kind":"not","of":{"kind":"compare","operand":{"kind":"attribute","name":"~f5c4836f3ecd47c0"},"comparator":"equals","value":true}}]},"attributes":["~82c7c883cd4470f2","~f5c4836f3ecd47c0"],"segments":[]}',
  '{"name":"big_spender_welcome","of":"user","paused":false,"archived":false,"when":{"kind":"segment","segment":"big_spenders","enters":true,"exits":false},"condition":{"kind":"compare","operand":{"kind":"attribute","name":"email"},"comparator":"exists","value":true},"frequency":{"kind":"once"},"webhooks":[{"url":"http://127.0.0.1:9911/hooks/attrium"}],"stream":true,"payload":["first_name","lifetime_value","orders","email"],"properties":[],"attributes":["email"],"segments":[]}',
  '{"name":"cart_abandoned","of":"user","paused":false,"archived":false,"when":{"kind":"segment","segment":"open_cart","enters":false,"exits":true},"condition":{"kind":"not","of":{"kind":"compare","operand":{"kind":"attribute","name":"~f5c4836f3ecd47c0"},"comparator":"equals","value":true}},"frequency":{"kind":"every"},"webhooks":[{"url":"http://127.0.0.1:9911/hooks/attrium"}],"stream":true,"payload":["email","first_name","orders"],"properties":[],"attributes":["~f5c4836f3ecd47c0"],"segments":[]}',
  '{"name":"plan_changed","of":"user","paused":false,"archived":false,"when":{"kind":"attribute","attribute":"plan","moves":[]},"frequency":{"kind":"every"},"webhooks":[{"url":"http://127.0.0.1:9911/hooks/attrium"}],"stream":true,"payload":["email","plan"],"properties":[],"attributes":[],"segments":[]}',
];

describe('the quickstart catalogue', () => {
  it('is valid, with 9 attributes, 3 segments and 3 triggers that all reach the stream', () => {
    const outcome = parseCatalogue(json);
    expect(outcome.kind === 'invalid' ? outcome.faults : []).toEqual([]);
    const { attributes, segments, triggers } = (outcome as Extract<typeof outcome, { kind: 'valid' }>).catalogue;
    expect([attributes.length, segments.length, triggers.length]).toEqual([9, 3, 3]);
    expect(triggers.every(({ stream }) => stream)).toBe(true);
  });

  it('compiles to what it compiled to before: a change here restarts values of running installations', () => {
    const outcome = parseCatalogue(json);
    if (outcome.kind === 'invalid') throw new Error('invalid');
    const compiled = compileCatalogue({ workspace: 'shop', revision: 1, catalogue: outcome.catalogue });
    const { attributes, segments, triggers } = compiled;
    expect([...attributes, ...segments, ...triggers].map((each) => JSON.stringify(each))).toEqual(EXPECTED);
  });
});
