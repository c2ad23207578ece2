import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { compileCatalogue } from './compile.js';
import { parseCatalogue } from './parse.js';

const json: unknown = parse(
  readFileSync(new URL('../../../examples/quickstart/catalogue.yaml', import.meta.url), 'utf8'),
);

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
    expect(compiled).toMatchInlineSnapshot(`
{
  "attributes": [
    {
      "from": [
        {
          "event": undefined,
          "kind": "trait",
          "path": [
            "email",
          ],
          "source": undefined,
        },
      ],
      "key": "email~33185fc55b2ba8ee",
      "kind": "declared",
      "merge": "most_recent",
      "name": "email",
      "of": "user",
      "type": "string",
      "visible": true,
    },
    {
      "from": [
        {
          "event": undefined,
          "kind": "trait",
          "path": [
            "first_name",
          ],
          "source": undefined,
        },
        {
          "event": undefined,
          "kind": "trait",
          "path": [
            "firstName",
          ],
          "source": undefined,
        },
      ],
      "key": "first_name~8b16f75b4d95deaa",
      "kind": "declared",
      "merge": "most_recent",
      "name": "first_name",
      "of": "user",
      "type": "string",
      "visible": true,
    },
    {
      "from": [
        {
          "event": undefined,
          "kind": "trait",
          "path": [
            "plan",
          ],
          "source": undefined,
        },
        {
          "event": "Signed Up",
          "kind": "property",
          "path": [
            "plan",
          ],
          "source": undefined,
        },
      ],
      "key": "plan~137be475d8341ecd",
      "kind": "declared",
      "merge": "most_recent",
      "name": "plan",
      "of": "user",
      "type": "string",
      "visible": true,
    },
    {
      "event": "Order Completed",
      "key": "orders~a255b562d8ba33ad",
      "kind": "computed",
      "name": "orders",
      "of": "user",
      "property": undefined,
      "reducer": "count",
      "type": "number",
      "visible": true,
      "where": undefined,
      "withinMs": undefined,
    },
    {
      "event": "Order Completed",
      "key": "lifetime_value~6796166a8488b188",
      "kind": "computed",
      "name": "lifetime_value",
      "of": "user",
      "property": [
        "revenue",
      ],
      "reducer": "sum",
      "type": "number",
      "visible": true,
      "where": undefined,
      "withinMs": undefined,
    },
    {
      "event": "Order Completed",
      "key": "first_order_at~1ae3ffa3c274017b",
      "kind": "computed",
      "name": "first_order_at",
      "of": "user",
      "property": undefined,
      "reducer": "first_time",
      "type": "timestamp",
      "visible": true,
      "where": undefined,
      "withinMs": undefined,
    },
    {
      "event": "Order Refunded",
      "key": "refunds~c6bb49a93c691c9f",
      "kind": "computed",
      "name": "refunds",
      "of": "user",
      "property": undefined,
      "reducer": "count",
      "type": "number",
      "visible": true,
      "where": undefined,
      "withinMs": undefined,
    },
    {
      "formula": "lifetime_value / orders",
      "key": "average_order~ee7530f1eaa36e96",
      "kind": "formula",
      "name": "average_order",
      "of": "user",
      "reads": [
        "lifetime_value",
        "orders",
      ],
      "type": "number",
      "visible": true,
    },
    {
      "event": "Product Viewed",
      "key": "visits_30s~7f86f0598adee477",
      "kind": "computed",
      "name": "visits_30s",
      "of": "user",
      "property": undefined,
      "reducer": "count",
      "type": "number",
      "visible": true,
      "where": undefined,
      "withinMs": 30000,
    },
    {
      "atLeast": 1,
      "event": "Product Viewed",
      "key": "~40180f64db736539",
      "kind": "computed",
      "name": "~40180f64db736539",
      "of": "user",
      "reducer": "count",
      "type": "boolean",
      "visible": false,
      "where": undefined,
      "withinMs": 30000,
    },
    {
      "atLeast": 1,
      "event": "Cart Updated",
      "key": "~82c7c883cd4470f2",
      "kind": "computed",
      "name": "~82c7c883cd4470f2",
      "of": "user",
      "reducer": "count",
      "type": "boolean",
      "visible": false,
      "where": undefined,
      "withinMs": 60000,
    },
    {
      "atLeast": 1,
      "event": "Order Completed",
      "key": "~f5c4836f3ecd47c0",
      "kind": "computed",
      "name": "~f5c4836f3ecd47c0",
      "of": "user",
      "reducer": "count",
      "type": "boolean",
      "visible": false,
      "where": undefined,
      "withinMs": 60000,
    },
  ],
  "revision": 1,
  "segments": [
    {
      "attributes": [
        "lifetime_value",
      ],
      "name": "big_spenders",
      "of": "user",
      "segments": [],
      "where": {
        "comparator": "gt",
        "kind": "compare",
        "operand": {
          "kind": "attribute",
          "name": "lifetime_value",
        },
        "value": 500,
      },
    },
    {
      "attributes": [
        "~40180f64db736539",
      ],
      "name": "active_now",
      "of": "user",
      "segments": [],
      "where": {
        "comparator": "equals",
        "kind": "compare",
        "operand": {
          "kind": "attribute",
          "name": "~40180f64db736539",
        },
        "value": true,
      },
    },
    {
      "attributes": [
        "~82c7c883cd4470f2",
        "~f5c4836f3ecd47c0",
      ],
      "name": "open_cart",
      "of": "user",
      "segments": [],
      "where": {
        "kind": "all",
        "of": [
          {
            "comparator": "equals",
            "kind": "compare",
            "operand": {
              "kind": "attribute",
              "name": "~82c7c883cd4470f2",
            },
            "value": true,
          },
          {
            "kind": "not",
            "of": {
              "comparator": "equals",
              "kind": "compare",
              "operand": {
                "kind": "attribute",
                "name": "~f5c4836f3ecd47c0",
              },
              "value": true,
            },
          },
        ],
      },
    },
  ],
  "triggers": [
    {
      "archived": false,
      "attributes": [
        "email",
      ],
      "condition": {
        "comparator": "exists",
        "kind": "compare",
        "operand": {
          "kind": "attribute",
          "name": "email",
        },
        "value": true,
      },
      "frequency": {
        "kind": "once",
      },
      "name": "big_spender_welcome",
      "paused": false,
      "payload": [
        "first_name",
        "lifetime_value",
        "orders",
        "email",
      ],
      "properties": [],
      "segments": [],
      "stream": true,
      "waits": undefined,
      "webhooks": [
        {
          "atOnce": undefined,
          "perSecond": undefined,
          "secret": undefined,
          "url": "http://127.0.0.1:9911/hooks/attrium",
        },
      ],
      "when": {
        "enters": true,
        "exits": false,
        "kind": "segment",
        "segment": "big_spenders",
      },
    },
    {
      "archived": false,
      "attributes": [
        "~f5c4836f3ecd47c0",
      ],
      "condition": {
        "kind": "not",
        "of": {
          "comparator": "equals",
          "kind": "compare",
          "operand": {
            "kind": "attribute",
            "name": "~f5c4836f3ecd47c0",
          },
          "value": true,
        },
      },
      "frequency": {
        "kind": "every",
      },
      "name": "cart_abandoned",
      "paused": false,
      "payload": [
        "email",
        "first_name",
        "orders",
      ],
      "properties": [],
      "segments": [],
      "stream": true,
      "waits": undefined,
      "webhooks": [
        {
          "atOnce": undefined,
          "perSecond": undefined,
          "secret": undefined,
          "url": "http://127.0.0.1:9911/hooks/attrium",
        },
      ],
      "when": {
        "enters": false,
        "exits": true,
        "kind": "segment",
        "segment": "open_cart",
      },
    },
    {
      "archived": false,
      "attributes": [],
      "condition": undefined,
      "frequency": {
        "kind": "every",
      },
      "name": "plan_changed",
      "paused": false,
      "payload": [
        "email",
        "plan",
      ],
      "properties": [],
      "segments": [],
      "stream": true,
      "waits": undefined,
      "webhooks": [
        {
          "atOnce": undefined,
          "perSecond": undefined,
          "secret": undefined,
          "url": "http://127.0.0.1:9911/hooks/attrium",
        },
      ],
      "when": {
        "attribute": "plan",
        "kind": "attribute",
        "moves": [],
      },
    },
  ],
  "workspace": "shop",
}
`);
  });
});
