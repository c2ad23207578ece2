/** A definition that comes late has the values of one that was there from the start: real log, real ClickHouse, and a stage that is killed. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProfileClient, rest, Tables } from './clients.js';
import { Standalone } from './standalone.js';
import { until } from './until.js';

const LIMIT_MS = 90_000;
const USERS = 40;
const ORDERS = 40;
const attrium = new Standalone();

const attribute = (name: string, compute: object) => ({ name, kind: 'user', type: 'number', compute });
const ORDER_COUNT = attribute('orders', { count: 'Order Completed' });
const FIRST = { attributes: [ORDER_COUNT, attribute('spent', { sum: 'Order Completed', of: 'revenue' })] };
const BIG = { property: 'revenue', gte: 10 };
const SECOND = {
  attributes: [
    ORDER_COUNT,
    attribute('spent', { sum: 'Order Completed', of: 'revenue', where: BIG }),
    attribute('largest', { max: 'Order Completed', of: 'revenue' }),
    { name: 'plan', kind: 'user', type: 'string', merge: 'most_recent', from: [{ trait: 'plan' }] },
  ],
  segments: [
    { name: 'buyers', of: 'user', where: { event: 'Order Completed', did: true, at_least: ORDERS, within: '30d' } },
  ],
  triggers: [
    { name: 'greet', when: { segment: 'buyers', enters: true }, frequency: 'every', deliver: [{ stream: true }] },
  ],
};

beforeAll(async () => {
  await attrium.start();
}, 180_000);

afterAll(() => attrium.remove(), 60_000);

async function apply(catalogue: object): Promise<void> {
  const { control, workspace, adminKey: key } = attrium.endpoints;
  const url = `${control}/v1/workspaces/${workspace}/catalogue`;
  const { body } = await rest(url, { key });
  const headers = { 'content-type': 'application/json', 'if-match': String((body as { revision: number }).revision) };
  const put = { segments: [], triggers: [], ...catalogue };
  const answer = await rest(url, { method: 'PUT', key, headers, body: JSON.stringify(put) });
  expect(answer).toMatchObject({ status: 200 });
}

/** One order of every user. */
async function order(number: number): Promise<void> {
  const { ingest, writeKey } = attrium.endpoints;
  const batch = Array.from({ length: USERS }, (_, user) => ({
    type: 'track',
    event: 'Order Completed',
    messageId: `order-${user}-${number}`,
    userId: `user-${user}`,
    properties: { revenue: number },
    context: { traits: { plan: `plan-${number}` } },
  }));
  const headers = {
    'content-type': 'application/json',
    authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`,
  };
  const answer = await rest(`${ingest}/v1/batch`, { method: 'POST', headers, body: JSON.stringify({ batch }) });
  expect(answer.status).toBe(200);
}

/** False while it is not back from the last time. */
function killStage(): boolean {
  try {
    return process.kill(attrium.processes().get('attribute-compute')!, 'SIGKILL');
  } catch {
    return false;
  }
}

describe('a definition that comes late', () => {
  it('is computed from history beside the old one and takes over with the values of all events, though its stage is killed', async () => {
    const profiles = new ProfileClient(attrium.endpoints);
    const tables = new Tables(attrium.endpoints);
    const valuesOf = async (user: number) => {
      // The owner may just be away.
      const found = await profiles.profileOf(`user-${user}`).catch(() => undefined);
      const values = Object.entries(found?.attributes ?? {}).map(([name, { value }]) => [name, value?.kind?.value]);
      return { ...Object.fromEntries(values), segments: found?.segments.map(({ segment }) => segment) };
    };
    try {
      await apply(FIRST);
      for (let number = 1; number <= ORDERS / 2; number++) await order(number);
      await apply(SECOND);
      for (let number = ORDERS / 2 + 1; number <= ORDERS; number++) {
        await order(number);
        if (number % 5 === 0) await until('the stage to be killed', LIMIT_MS, killStage);
      }
      const sum = (from: number): number => ((from + ORDERS) * (ORDERS - from + 1)) / 2;
      const expected = {
        orders: ORDERS,
        spent: sum(10),
        largest: ORDERS,
        plan: `plan-${ORDERS}`,
        segments: ['buyers'],
      };
      for (let user = 0; user < USERS; user++) {
        await until(`the values of user ${user}`, LIMIT_MS, async () => (await valuesOf(user)).largest !== undefined);
        await until(`all orders of user ${user}`, LIMIT_MS, async () => (await valuesOf(user)).orders === ORDERS);
        expect(await valuesOf(user)).toEqual(expected);
      }
      const [row] = await until('the changes in ClickHouse', LIMIT_MS, async () => {
        const rows = await tables.rows<{ profiles: string }>(
          `SELECT toString(uniqExact(profile_id)) AS profiles FROM attribute_changes
           WHERE reason = 'backfill' AND has(changes.name, 'largest')`,
        );
        return rows[0]?.profiles === String(USERS) ? rows : undefined;
      });
      expect(row?.profiles).toBe(String(USERS));
    } finally {
      profiles.close();
      await tables.close();
    }
  }, 240_000);
});
