/** A person is erased from a whole Attrium: nothing of them is left in answers and tables, also after a restart, and they may come back as somebody new. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProfileClient, rest, segmentSdk, Tables } from './clients.js';
import { applyShopCatalogue } from './shop-catalogue.js';
import { Standalone } from './standalone.js';
import { until } from './until.js';
import { WebhookReceiver } from './webhook-receiver.js';

const LIMIT_MS = 20_000;
const TABLES_LIMIT_MS = 60_000;
/** What is kept of an erasure; attempts are cleared some minutes later. */
const LEFT_OUT = ['erasures', 'erasure_removals', 'projection_ranges', 'schema_migrations', 'deliveries'];

const attrium = new Standalone();
let receiver: WebhookReceiver;

beforeAll(async () => {
  process.env.ATTRIUM_ERASURE_INTERVAL_MS = '1000';
  receiver = await WebhookReceiver.open();
  await attrium.start();
  await applyShopCatalogue(attrium.endpoints, receiver.url);
}, 180_000);

afterAll(async () => {
  delete process.env.ATTRIUM_ERASURE_INTERVAL_MS;
  await attrium.remove();
  await receiver?.close();
}, 60_000);

function ask(method: string, path: string) {
  const { control, workspace, adminKey: key } = attrium.endpoints;
  return rest(`${control}/v1/workspaces/${workspace}/${path}`, { method, key });
}

/** The tables that have rows with one of these texts anywhere. */
async function tablesWith(tables: Tables, texts: readonly string[]): Promise<string[]> {
  const names = await tables.rows<{ name: string }>(`SELECT name FROM system.tables WHERE database = 'attrium'`);
  const found: string[] = [];
  for (const { name } of names.filter((table) => !LEFT_OUT.includes(table.name))) {
    const where = texts.map((text) => `position(toString(tuple(*)), '${text}') > 0`).join(' OR ');
    const [row] = await tables.rows<{ rows: string }>(`SELECT toString(count()) AS rows FROM ${name} WHERE ${where}`);
    if (row?.rows !== '0') found.push(name);
  }
  return found.sort();
}

describe('an erasure', () => {
  it('leaves nothing of a person and of all whom they were merged from', async () => {
    const { endpoints } = attrium;
    const profiles = new ProfileClient(endpoints);
    let tables = new Tables(endpoints);
    const { analytics } = segmentSdk(endpoints, { flushAt: 20 });
    try {
      analytics.track({ anonymousId: 'eve-phone', event: 'Product Viewed' });
      analytics.identify({ userId: 'eve', traits: { email: 'eve@example.com', first_name: 'Eve' } });
      analytics.track({ userId: 'eve', event: 'Order Completed', properties: { revenue: 700 } });
      analytics.group({ userId: 'eve', groupId: 'evecorp' });
      analytics.identify({ userId: 'eve', anonymousId: 'eve-phone' });
      analytics.track({ userId: 'ann', event: 'Order Completed', properties: { revenue: 700 } });
      await analytics.flush();
      const merges = await until('the merge', LIMIT_MS, async () => {
        const { body } = await ask('GET', 'profiles/user_id:eve/merges');
        const { merges: found = [] } = body as { merges?: { loserProfileId: string; survivorProfileId: string }[] };
        return found.length > 0 ? found : undefined;
      });
      const ids = merges.flatMap(({ loserProfileId, survivorProfileId }) => [loserProfileId, survivorProfileId]);
      const texts = [...ids, 'eve@example.com', 'eve-phone'];
      const filled = ['attribute_changes', 'attributes', 'events', 'firings', 'identifiers', 'membership_changes'];
      await until('the rows', TABLES_LIMIT_MS, async () => {
        const found = await tablesWith(tables, texts);
        return [...filled, 'memberships', 'merges', 'profiles', 'account_members'].every((name) =>
          found.includes(name),
        );
      });

      const { status, body } = await ask('DELETE', `profiles/${encodeURIComponent('email:Eve@Example.com')}`);
      expect(status).toBe(202);
      const { requestId } = body as { requestId: string };
      await until('all stages to be done', LIMIT_MS, async () => {
        const answer = await ask('GET', `erasures/${requestId}`);
        return (answer.body as { stagesDone?: string[] }).stagesDone?.length === 4;
      });
      for (const id of ids) expect((await ask('GET', `profiles/profile_id:${id}`)).status).toBe(410);
      expect(await profiles.profileOf('eve')).toBeUndefined();
      await until(
        'the tables to be cleared',
        TABLES_LIMIT_MS,
        async () => (await tablesWith(tables, texts)).length === 0,
      );
      expect(await tablesWith(tables, ['ann'])).toContain('events');

      await tables.close();
      await attrium.stop();
      await attrium.start();
      tables = new Tables(attrium.endpoints);
      expect(await tablesWith(tables, texts)).toEqual([]);
      for (const id of ids) expect((await ask('GET', `profiles/profile_id:${id}`)).status).toBe(410);
    } finally {
      await analytics.closeAndFlush();
      profiles.close();
      await tables.close();
    }
  }, 240_000);

  it('does not keep them from coming back, as somebody of whom nothing is known', async () => {
    const { endpoints } = attrium;
    const profiles = new ProfileClient(endpoints);
    const { analytics } = segmentSdk(endpoints);
    try {
      analytics.track({ userId: 'eve', event: 'Order Completed', properties: { revenue: 5 } });
      const again = await until('the new profile', LIMIT_MS, async () => {
        const found = await profiles.profileOf('eve');
        return found?.attributes.lifetime_value === undefined ? undefined : found;
      });
      expect(again.attributes.lifetime_value?.value?.kind).toEqual({ $case: 'double', value: 5 });
      expect(again.identifiers).toEqual([{ type: 'user_id', value: 'eve' }]);
      expect(again.accounts).toEqual([]);
    } finally {
      await analytics.closeAndFlush();
      profiles.close();
    }
  }, 60_000);
});
