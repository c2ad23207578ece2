/**
 * What the record codec costs against the generated code of the same wire format: nanoseconds a record, best of several rounds.
 * Encoding by generated code includes making its messages of the records; decoding by it does not include making records of them.
 * Run: `node --conditions=@attrium/source --import @oxc-node/core/register bench/codec.ts`
 */
import type { AttributesChanged, Event, EventResolved, LogRecord } from '@attrium/event';
import { logV1 } from '@attrium/proto';
import { decodePack, PackBuilder, type PackHeader } from '../libs/processor/src/codec/index.js';
import { generatedPack } from '../libs/processor/test/generated-records.js';

const RECORDS = 400;
const ROUNDS = 200;

const header: PackHeader = {
  schemaVersion: 1,
  logicVersion: 1,
  stage: 'identity',
  writer: 'identity-0',
  owner: 'bench',
  commit: 1,
  reached: { sequence: 1, record: 0, fact: 0 },
};

function event(index: number): Event {
  const digits = String(index).padStart(12, '0');
  const payload = JSON.stringify({
    properties: {
      orderId: `order-${digits}`,
      revenue: (index % 9_000) / 100,
      currency: 'EUR',
      products: [{ sku: `sku-${index % 97}`, quantity: 1 + (index % 3), price: 19.99 }],
      coupon: 'SPRING',
    },
    context: {
      library: { name: 'analytics-node', version: '3.1.0' },
      page: { url: `https://shop.example.com/checkout/${digits}`, referrer: 'https://shop.example.com/cart' },
      ip: '203.0.113.7',
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    },
  });
  return {
    kind: 'event',
    id: `node-next-1700000000000-0f8fad5b-d9cb-469f-a165-${digits}`,
    workspace: 'shop',
    source: 'web',
    type: 'track',
    name: 'Order Completed',
    occurredAt: 1_700_000_000_000 + index,
    receivedAt: 1_700_000_000_250 + index,
    identifiers: [
      { type: 'user_id', value: `user-${digits}` },
      { type: 'anonymous_id', value: `7c9e6679-7425-40de-944b-${digits}` },
    ],
    payload: Buffer.from(payload),
  };
}

function entity(index: number) {
  const id = `p_${String(index).padStart(22, 'k')}`;
  return { workspace: 'shop', kind: 'profile', id, ordinal: 4 * index } as const;
}

function resolved(index: number): EventResolved {
  const { id } = entity(index);
  return {
    kind: 'event-resolved',
    id: `0:${90_000 + index}:1`,
    entity: entity(index),
    origin: id,
    event: event(index),
  };
}

function changed(index: number): AttributesChanged {
  return {
    kind: 'attributes-changed',
    id: `3:${70_000 + index}:0`,
    entity: entity(index),
    effectiveAt: 1_700_000_000_000 + index,
    recordedAt: 1_700_000_000_300 + index,
    reason: 'event',
    cause: `0:${90_000 + index}:1`,
    revision: 7,
    changes: [
      { name: 'orders', before: index, after: index + 1 },
      { name: 'lifetime_value', before: index * 1.25, after: index * 1.25 + 19.99 },
      { name: 'last_product', before: 'sku-11', after: `sku-${index % 97}` },
      { name: 'is_customer', after: true },
    ],
  };
}

/** Best time of a round over all records, ns a record. */
function nsPerRecord(run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    run();
    best = Math.min(best, Number(process.hrtime.bigint() - start));
  }
  return best / RECORDS;
}

function report(name: string, hand: number, generated: number, bytes: number): void {
  const ratio = (generated / hand).toFixed(1);
  const columns = [hand.toFixed(0), generated.toFixed(0), `${ratio}x`, (bytes / RECORDS).toFixed(0)];
  console.log([name.padEnd(34), ...columns.map((column) => column.padStart(10))].join(''));
}

function measure(name: string, make: (index: number) => LogRecord): void {
  const records = Array.from({ length: RECORDS }, (_, index) => make(index));
  const builder = new PackBuilder();
  const encode = () => {
    for (const record of records) builder.add(record);
    return builder.finish(header);
  };
  const bytes = encode();
  report(
    `${name}, encode`,
    nsPerRecord(encode),
    nsPerRecord(() => generatedPack(header, records)),
    bytes.length,
  );
  report(
    `${name}, decode`,
    nsPerRecord(() => decodePack(bytes)),
    nsPerRecord(() => logV1.Pack.decode(bytes)),
    bytes.length,
  );
}

console.log(
  `${'ns a record'.padEnd(34)}${['hand', 'generated', 'ratio', 'bytes'].map((c) => c.padStart(10)).join('')}`,
);
measure('event', event);
measure('event-resolved', resolved);
measure('attributes-changed (4 changes)', changed);

/** Identity's way: an event read from one log is copied into the record of the next. */
const read = decodePack(
  (() => {
    const builder = new PackBuilder();
    for (let index = 0; index < RECORDS; index++) builder.add(event(index));
    return builder.finish(header);
  })(),
).records as Event[];
const passed = read.map((one, index): EventResolved => ({ ...resolved(index), event: one }));
const builder = new PackBuilder();
const pass = () => {
  for (const record of passed) builder.add(record);
  builder.finish(header);
};
console.log(`event-resolved, event copied${nsPerRecord(pass).toFixed(0).padStart(16)}`);
