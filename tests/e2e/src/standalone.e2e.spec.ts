/** One command, one real SDK: from an identify and a track to the firing in every way it is delivered, and to the rows in ClickHouse. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { valueV1 } from '@attrium/proto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import {
  consumeDeliveries,
  FiringStream,
  ProfileClient,
  type RestAnswer,
  rest,
  segmentSdk,
  Tables,
} from './clients.js';
import { applyShopCatalogue, minuteDigest, WINDOW_MS } from './shop-catalogue.js';
import { Standalone } from './standalone.js';
import { until } from './until.js';
import { type ReceivedWebhook, WebhookReceiver } from './webhook-receiver.js';

const LIMIT_MS = 20_000;
const TABLES_LIMIT_MS = 40_000;

const attrium = new Standalone();
let receiver: WebhookReceiver;

/** For whoever reads the log of a run: times are shown, never asserted. */
function report(line: string): void {
  process.stdout.write(`  ${line}\n`);
}

beforeAll(async () => {
  receiver = await WebhookReceiver.open();
  report(`first start: ready after ${await attrium.start()} ms`);
  await applyShopCatalogue(attrium.endpoints, receiver.url);
}, 180_000);

afterAll(async () => {
  await attrium.remove();
  await receiver?.close();
}, 60_000);

describe('the line', () => {
  it('takes an identify and a track of the Segment SDK to a profile, a segment, a firing in three ways, and rows', async () => {
    const { endpoints } = attrium;
    const profiles = new ProfileClient(endpoints);
    const stream = new FiringStream(endpoints, 'big_spender_welcome');
    const deliveries = await consumeDeliveries(endpoints);
    const tables = new Tables(endpoints);
    try {
      const { analytics, faults } = segmentSdk(endpoints);
      const startedAt = Date.now();
      const passed = (): number => Date.now() - startedAt;
      analytics.identify({ userId: 'ada', traits: { email: 'Ada@Example.com', first_name: 'Ada' } });
      analytics.track({ userId: 'ada', event: 'Order Completed', properties: { revenue: 612.5 } });

      const webhook = await until('the webhook', LIMIT_MS, () => webhookOf('big_spender_welcome', 'ada'));
      report(`webhook after ${webhook.receivedAt - startedAt} ms`);
      const profile = await until('the profile', LIMIT_MS, async () => {
        const found = await profiles.profileOf('ada');
        return found?.segments.some(({ segment }) => segment === 'big_spenders') === true ? found : undefined;
      });
      report(`profile seen after ${passed()} ms`);
      expect(profile.attributes.lifetime_value?.value?.kind).toEqual({ $case: 'double', value: 612.5 });
      expect(profile.attributes.email?.value?.kind).toEqual({ $case: 'string', value: 'Ada@Example.com' });
      expect(profile.identifiers).toContainEqual({ type: 'user_id', value: 'ada' });
      expect(profile.identifiers).toContainEqual({ type: 'email', value: 'ada@example.com' });

      const firingId = String(webhook.headers['webhook-id']);
      const verified = new Webhook(endpoints.webhookSecret).verify(webhook.body, { ...webhook.headers });
      expect(verified).toMatchObject({ trigger: 'big_spender_welcome', profileId: profile.profileId });
      const forged = webhook.body.replace('big_spender_welcome', 'big_spender_welcomf');
      expect(() => new Webhook(endpoints.webhookSecret).verify(forged, { ...webhook.headers })).toThrow();

      const streamed = await until('the firing on the gRPC stream', LIMIT_MS, () => {
        if (stream.fault !== undefined) throw stream.fault;
        return stream.firings.find((firing) => firing.profileId === profile.profileId);
      });
      expect(streamed.firingId).toBe(firingId);
      const delivered = await until('the firing on NATS', LIMIT_MS, () =>
        deliveries.firings.find(({ messageId }) => messageId === firingId),
      );
      expect(delivered.subject).toBe(`attrium.deliveries.${endpoints.workspace}.big_spender_welcome`);
      expect(delivered.body).toMatchObject({ trigger: 'big_spender_welcome', profileId: profile.profileId });
      report(`the same firing on NATS and gRPC after ${passed()} ms`);

      await until('the rows in ClickHouse', TABLES_LIMIT_MS, () => areRowsThere(tables, profile.profileId, firingId));
      report(`rows in all seven tables after ${passed()} ms`);
      const past = await rest(`${endpoints.control}/v1/workspaces/${endpoints.workspace}/firings/${firingId}`, {
        key: endpoints.adminKey,
      });
      expect(past.body).toMatchObject({
        firing: { trigger: 'big_spender_welcome', outcome: 'fired' },
        attempts: [{ outcome: 'delivered', attempt: 1 }],
        explanation: expect.arrayContaining(['Its condition was true, and its frequency allowed it.']),
      });
      await analytics.closeAndFlush();
      expect(faults).toEqual([]);
      expect(stream.fault).toBeUndefined();
    } finally {
      stream.close();
      profiles.close();
      await deliveries.close();
      await tables.close();
    }
  }, 120_000);

  it('lets a rolling-window segment go by itself, effective at the very moment its last event leaves the window', async () => {
    const { endpoints } = attrium;
    const profiles = new ProfileClient(endpoints);
    const tables = new Tables(endpoints);
    try {
      const { analytics } = segmentSdk(endpoints);
      const viewedAt = new Date();
      analytics.track({ userId: 'bob', event: 'Product Viewed', properties: {}, timestamp: viewedAt });
      const inside = await until('bob to be in active_now', LIMIT_MS, async () => {
        const found = await profiles.profileOf('bob');
        return found?.segments.some(({ segment }) => segment === 'active_now') === true ? found : undefined;
      });
      expect(inside.attributes.visits_30s?.value?.kind).toEqual({ $case: 'double', value: 1 });
      await until('bob to leave active_now', LIMIT_MS, async () => {
        const found = await profiles.profileOf('bob');
        return found?.segments.every(({ segment }) => segment !== 'active_now');
      });
      const dueAt = viewedAt.getTime() + WINDOW_MS;
      report(`left the segment; seen ${Date.now() - dueAt} ms after it was due`);
      await analytics.closeAndFlush();
      const [row] = await until('the exit in ClickHouse', TABLES_LIMIT_MS, async () => {
        const rows = await tables.rows<{ effective: string; recorded: string; reason: string }>(
          `SELECT toString(toUnixTimestamp64Milli(effective_at)) AS effective, reason,
                  toString(toUnixTimestamp64Milli(recorded_at)) AS recorded
           FROM membership_changes WHERE profile_id = '${inside.profileId}' AND has(changes.change, 'exited')`,
        );
        return rows.length > 0 ? rows : undefined;
      });
      expect(Number(row?.effective)).toBe(dueAt);
      expect(row?.reason).toBe('window');
      report(`the exit was recorded ${Number(row?.recorded) - dueAt} ms after it was due`);
    } finally {
      profiles.close();
      await tables.close();
    }
  }, 120_000);

  it('lets a firing wait for an event, and fires when it comes, or when it has not come in time', async () => {
    const { endpoints } = attrium;
    const stream = new FiringStream(endpoints, 'cart_waits');
    try {
      const { analytics } = segmentSdk(endpoints, { flushAt: 20 });
      for (const userId of ['cleo', 'dora']) {
        analytics.identify({ userId, traits: { email: `${userId}@example.com` } });
        const properties = { cart_id: `cart-${userId}`, total: 20.5, coupon: 'secret' };
        analytics.track({ userId, event: 'Cart Filled', properties });
      }
      analytics.track({ userId: 'eve', event: 'Cart Filled', properties: { total: 20.5 } });
      analytics.track({ userId: 'cleo', event: 'Cart Ordered', properties: {} });
      await analytics.closeAndFlush();
      const firings = await until('both firings', LIMIT_MS, () => {
        if (stream.fault !== undefined) throw stream.fault;
        return stream.firings.length < 2 ? undefined : stream.firings;
      });
      const known = firings.map(({ identifiers, outcome, on }) => ({
        user: identifiers.find(({ type }) => type === 'user_id')?.value,
        outcome,
        properties: on?.kind?.$case === 'eventOccurred' ? on.kind.value.properties.map(({ name }) => name) : undefined,
      }));
      const { WaitOutcome } = valueV1;
      const properties = ['total', 'cart_id'];
      expect(known).toEqual([
        { user: 'cleo', outcome: WaitOutcome.WAIT_OUTCOME_HAPPENED, properties },
        { user: 'dora', outcome: WaitOutcome.WAIT_OUTCOME_TIMED_OUT, properties },
      ]);
      const [, late] = firings;
      report(`the timeout fired ${late!.recordedAt - late!.effectiveAt} ms after it was due`);
    } finally {
      stream.close();
    }
  }, 60_000);

  it('answers who is a member of an account, and holds a storm of merges until somebody releases it', async () => {
    const { endpoints } = attrium;
    const { workspace, adminKey, control } = endpoints;
    const at = async (path: string, method = 'GET'): Promise<RestAnswer> =>
      rest(`${control}/v1/workspaces/${workspace}/${path}`, { method, key: adminKey });
    const { analytics, faults } = segmentSdk(endpoints, { flushAt: 20 });
    const devices = ['fay-1', 'fay-2', 'fay-3', 'fay-4', 'fay-5'];
    for (const anonymousId of devices) analytics.group({ anonymousId, groupId: 'acme', traits: {} });
    for (const anonymousId of devices) analytics.identify({ anonymousId, traits: { email: 'info@acme.test' } });
    await analytics.closeAndFlush();
    expect(faults).toEqual([]);
    const held = await until('the email to be held', LIMIT_MS, async () => {
      const { body } = await at('quarantine');
      const { identifiers } = body as { identifiers: { events: number; profileIds: string[] }[] };
      return identifiers[0]?.events === 2 ? identifiers[0] : undefined;
    });
    expect(held).toMatchObject({ identifier: { type: 'email', value: 'info@acme.test' }, status: 'held' });
    expect(held.profileIds).toHaveLength(2);
    const membersOf = async () => {
      const { body } = await at('accounts/group_id:acme/members');
      return (body as { profileIds: string[] }).profileIds.length;
    };
    expect(await membersOf()).toBe(3);
    const decision = await at('quarantine/email:info@acme.test/release', 'POST');
    expect(decision.body).toMatchObject({ status: 'released', profileIds: [], decidedBy: expect.any(String) });
    await until('one member', LIMIT_MS, async () => (await membersOf()) === 1);
    expect((await at('accounts/group_id:acme')).body).toMatchObject({ groupId: 'acme', members: 1 });
    const { body } = await at('profiles/email:info@acme.test');
    expect(body).toMatchObject({ accounts: [{ groupId: 'acme', current: true }] });
    expect((body as { identifiers: unknown[] }).identifiers).toHaveLength(6);
  }, 60_000);

  it('takes a CSV into a static list, fires for who enters and leaves it, and not for who is in the old and the new one', async () => {
    const { endpoints } = attrium;
    const stream = new FiringStream(endpoints, 'friend_moves');
    const segments = `${endpoints.control}/v1/workspaces/${endpoints.workspace}/segments`;
    const key = endpoints.adminKey;
    const importing = (body: string) =>
      rest(`${segments}/friends/import?mode=replace`, {
        ...{ method: 'POST', key, body, headers: { 'content-type': 'text/csv' } },
      });
    const moves = (): string[] => {
      if (stream.fault !== undefined) throw stream.fault;
      return stream.firings.map(({ identifiers, on }) => {
        const user = identifiers.find(({ type }) => type === 'user_id')?.value;
        return `${user} ${on?.kind?.$case}`;
      });
    };
    try {
      const { analytics } = segmentSdk(endpoints, { flushAt: 20 });
      for (const userId of ['finn', 'gina', 'hugo']) analytics.identify({ userId, traits: {} });
      await analytics.closeAndFlush();
      const known = await until('identity to know them', LIMIT_MS, async () => {
        const { body } = await importing('user_id\nfinn\ngina\nnobody-there\n');
        return (body as { matched?: number }).matched === 2 ? body : undefined;
      });
      expect(known).toMatchObject({
        ...{ state: 'finished', rows: 3, unmatched: 1 },
        unmatchedRows: [{ line: 4, identifier: 'user_id:nobody-there', reason: 'unknown' }],
      });
      await until('both entries', LIMIT_MS, () => moves().length >= 2);
      expect(moves().sort()).toEqual(['finn segmentEntered', 'gina segmentEntered']);
      expect((await importing('identifier\nuser_id:gina\nuser_id:hugo\n')).body).toMatchObject({ removed: 1 });
      await until('an exit and an entry', LIMIT_MS, () => moves().length >= 4);
      expect(moves().slice(2).sort()).toEqual(['finn segmentExited', 'hugo segmentEntered']);
      await until('the tables to agree', TABLES_LIMIT_MS, async () => {
        const preview = await rest(`${segments}/preview`, {
          ...{ method: 'POST', key, body: '{"where":{"segment":"friends"}}' },
          headers: { 'content-type': 'application/json' },
        });
        const { body } = await rest(`${segments}/friends/members`, { key });
        const members = (body as { members?: { profileId: string }[] }).members?.map(({ profileId }) => profileId);
        const { sample } = preview.body as { sample?: string[] };
        return members?.length === 2 && JSON.stringify(sample) === JSON.stringify(members);
      });
    } finally {
      stream.close();
    }
  }, 120_000);

  it('fires at a time of the day for a profile that nothing else happens to', async () => {
    const { endpoints } = attrium;
    // A whole minute that is some seconds ahead; Kathmandu is 5:45 ahead of UTC, all year round.
    const dueAt = Math.ceil((Date.now() + 5_000) / 60_000) * 60_000;
    const local = new Date(dueAt + 345 * 60_000).toISOString();
    await applyShopCatalogue(endpoints, receiver.url, minuteDigest(local.slice(11, 16)));
    const deliveries = await consumeDeliveries(endpoints);
    try {
      const { body } = await until('the time of the day', 60_000 + LIMIT_MS, () =>
        deliveries.firings.find(({ subject }) => subject.endsWith('.minute_digest')),
      );
      const at = new Date(dueAt).toISOString();
      const occurrence = { segment: 'big_spenders', at, day: local.slice(0, 10), timeZone: 'Asia/Kathmandu' };
      expect(body).toMatchObject({
        on: { kind: 'schedule-reached', ...occurrence },
        effectiveAt: at,
        reason: 'window',
      });
      expect(body.identifiers).toContainEqual({ type: 'user_id', value: 'ada' });
      report(`the schedule fired ${Date.parse(String(body.recordedAt)) - dueAt} ms after it was due`);
    } finally {
      await deliveries.close();
    }
  }, 120_000);

  it('finds everything again after a stop and a start: profile, keys, catalogue', async () => {
    const before = attrium.endpoints;
    const file = join(attrium.directory, 'endpoints.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const stopped = await attrium.stop();
    report(`stopped after ${stopped.tookMs} ms`);
    expect(stopped.code).toBe(0);
    expect(attrium.endpointsIfReady()).toBeUndefined();

    report(`second start: ready after ${await attrium.start()} ms`);
    const { endpoints } = attrium;
    const { workspace, writeKey, adminKey, webhookSecret } = before;
    expect(endpoints).toMatchObject({ workspace, writeKey, adminKey, webhookSecret });
    const profiles = new ProfileClient(endpoints);
    try {
      const profile = await profiles.profileOf('ada');
      expect(profile?.attributes.lifetime_value?.value?.kind).toEqual({ $case: 'double', value: 612.5 });
      expect(profile?.segments.map(({ segment }) => segment)).toContain('big_spenders');
      const { analytics, faults } = segmentSdk(endpoints);
      analytics.track({ userId: 'ada', event: 'Order Completed', properties: { revenue: 0.1 } });
      await analytics.closeAndFlush();
      expect(faults).toEqual([]);
      await until('the second order', LIMIT_MS, async () => {
        const found = await profiles.profileOf('ada');
        return found?.attributes.orders?.value?.kind?.value === 2;
      });
      const shown = await rest(`${endpoints.control}/v1/workspaces/${workspace}/profiles/user_id:ada`, {
        key: adminKey,
      });
      expect(shown.status).toBe(200);
      expect(shown.body).toMatchObject({ attributes: { lifetime_value: { value: 612.6 }, orders: { value: 2 } } });
      // "once" stays once over a restart: the second order of a big spender fires nothing.
      expect(receiver.received.filter(({ body }) => body.includes('big_spender_welcome'))).toHaveLength(1);
    } finally {
      profiles.close();
    }
  }, 180_000);

  it('takes a service that is killed up again, and loses nothing', async () => {
    const { endpoints } = attrium;
    const profiles = new ProfileClient(endpoints);
    try {
      const { analytics, faults } = segmentSdk(endpoints);
      for (let order = 0; order < 20; order++) {
        analytics.track({ userId: 'eve', event: 'Order Completed', properties: { revenue: 1 } });
        const victim = ['identity', 'attribute-compute', 'segment', 'journey-trigger'][order / 5];
        if (victim !== undefined) process.kill(attrium.processes().get(victim)!, 'SIGKILL');
        await new Promise((done) => setTimeout(done, 25));
      }
      await analytics.closeAndFlush();
      expect(faults).toEqual([]);
      const startedAt = Date.now();
      await until('all twenty orders', LIMIT_MS, async () => {
        // Control answers "unavailable" while an owner is down.
        const found = await profiles.profileOf('eve').catch(() => undefined);
        return found?.attributes.orders?.value?.kind?.value === 20;
      });
      report(`four stages killed: all there ${Date.now() - startedAt} ms after the last event`);
    } finally {
      profiles.close();
    }
  }, 120_000);
});

function webhookOf(trigger: string, userId: string): ReceivedWebhook | undefined {
  return receiver.received.find(({ body }) => body.includes(`"${trigger}"`) && body.includes(`"${userId}"`));
}

/** Whether every table has what became of ada's two events; a table that is not there yet has nothing. */
async function areRowsThere(tables: Tables, profileId: string, firingId: string): Promise<boolean> {
  const of = `profile_id = '${profileId}'`;
  const wanted: readonly (readonly [query: string, count: number])[] = [
    [`events WHERE ${of}`, 2],
    [`attribute_changes WHERE ${of} AND has(changes.name, 'lifetime_value')`, 1],
    [`attributes FINAL WHERE ${of} AND name = 'lifetime_value' AND number = 612.5`, 1],
    [`membership_changes WHERE ${of} AND has(changes.segment, 'big_spenders')`, 1],
    [`memberships FINAL WHERE ${of} AND segment = 'big_spenders'`, 1],
    [`firings WHERE firing_id = '${firingId}' AND outcome = 'fired'`, 1],
    [`deliveries WHERE firing_id = '${firingId}' AND outcome = 'delivered'`, 1],
  ];
  for (const [query, count] of wanted) {
    const rows = await tables.rows<{ n: number }>(`SELECT toUInt32(count()) AS n FROM ${query}`).catch(() => []);
    if ((rows[0]?.n ?? 0) < count) return false;
    expect(rows[0]?.n).toBe(count);
  }
  return true;
}
