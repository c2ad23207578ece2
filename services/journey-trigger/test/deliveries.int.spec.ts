/** Firings on a real nats-server: into the deliveries log once each, and to webhooks that behave and misbehave. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FiringLine, pause, type RunningDeliveries, SECRET, until } from './firing-line.js';
import { type Receiver, startReceiver } from './receiver.js';

const line = new FiringLine();
let revision = 0;
let deliveries: RunningDeliveries | undefined;
let receivers: Receiver[] = [];

beforeAll(() => line.start(), 240_000);
afterAll(() => line.close());

beforeEach(() => {
  receivers = [];
});

afterEach(async () => {
  await deliveries?.stop();
  deliveries = undefined;
  for (const receiver of receivers) receiver.close();
});

async function receiver(secret = SECRET): Promise<Receiver> {
  const started = await startReceiver(secret);
  receivers.push(started);
  return started;
}

function idsOf(receiver: Receiver, profile?: string): string[] {
  return receiver.received.filter((entry) => profile === undefined || entry.profile === profile).map(({ id }) => id);
}

/** The ids without those that came before. */
function firstOf(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}

describe('the deliverer', () => {
  it('publishes each firing once and those of a profile in order, also when it is ended in mid-flow and started again', async () => {
    await line.activate(++revision, [{ name: 'flow', deliver: [{ stream: true }] }]);
    const profiles = Array.from({ length: 40 }, (_, index) => `p${index}`);
    const expected = new Map<string, string[]>();
    let appending = true;
    const appended = (async () => {
      for (let round = 0; round < 25; round++) {
        const ids = await line.fire('flow', profiles);
        for (const [index, id] of ids.entries()) {
          expected.set(profiles[index]!, [...(expected.get(profiles[index]!) ?? []), id]);
        }
      }
      appending = false;
    })();
    while (appending) {
      deliveries = await line.deliver({ ATTRIUM_DELIVERIES_IN_FLIGHT_MAX: '16' });
      await pause(80);
      await deliveries.stop();
    }
    await appended;
    deliveries = await line.deliver();
    await until(async () => (await line.delivered('flow')).length >= 1_000);
    const delivered = await line.delivered('flow');
    expect(delivered).toHaveLength(1_000);
    const byProfile = new Map(profiles.map((profile) => [profile, [] as string[]]));
    for (const { id, profileId } of delivered) byProfile.get(profileId)!.push(id);
    expect(byProfile).toEqual(expected);
  }, 60_000);

  it('resumes behind what it has delivered', async () => {
    const before = (await line.delivered('flow')).length;
    deliveries = await line.deliver();
    const [id] = await line.fire('flow', ['p1']);
    await until(async () => (await line.delivered('flow')).length > before);
    expect((await line.delivered('flow')).slice(before)).toMatchObject([{ id, profileId: 'p1' }]);
  }, 60_000);
});

describe('a webhook', () => {
  it('gets every firing after it was set up, signed, those of a profile in order, also over a restart in mid-flow', async () => {
    const hook = await receiver();
    hook.answer = (_received, _attempt, response) => setTimeout(() => response.writeHead(204).end(), 2);
    await line.fire('orders', ['a']);
    await line.activate(++revision, [{ name: 'orders', deliver: [{ webhook: hook.url }] }]);
    const profiles = ['a', 'b', 'c', 'd', 'e'];
    const expected: string[][] = profiles.map(() => []);
    deliveries = await line.deliver();
    for (let round = 0; round < 30; round++) {
      for (const [index, id] of (await line.fire('orders', profiles)).entries()) expected[index]!.push(id);
      if (round % 10 !== 5) continue;
      await deliveries.stop();
      deliveries = await line.deliver();
    }
    await until(() => firstOf(idsOf(hook)).length >= 150);
    await pause(100);
    expect(profiles.map((profile) => firstOf(idsOf(hook, profile)))).toEqual(expected);
    // An orderly end doubles nothing: attempts under way are waited for.
    expect(hook.received).toHaveLength(150);
    expect(hook.refused).toEqual([]);
  }, 60_000);

  it('gets what was under way in a crash again, before what came later for the same profile', async () => {
    const hook = await receiver();
    await line.activate(++revision, [{ name: 'crashed', deliver: [{ webhook: hook.url }] }]);
    hook.answer = () => {};
    deliveries = await line.deliver();
    const before = await line.fire('crashed', ['a', 'b', 'a', 'b']);
    await until(() => hook.received.length >= 2);
    await deliveries.crash();
    hook.received.length = 0;
    hook.answer = (_received, _attempt, response) => response.writeHead(204).end();
    const after = await line.fire('crashed', ['a', 'b']);
    deliveries = await line.deliver();
    await until(() => hook.received.length >= 6);
    expect(idsOf(hook, 'a')).toEqual([before[0], before[2], after[0]]);
    expect(idsOf(hook, 'b')).toEqual([before[1], before[3], after[1]]);
  }, 60_000);

  it('that fails is tried again with the same id, and holds back no other profile', async () => {
    const hook = await receiver();
    await line.activate(++revision, [{ name: 'retried', deliver: [{ webhook: hook.url }] }]);
    hook.answer = ({ profile }, attempt, response) =>
      response.writeHead(profile === 'bad' && attempt < 3 ? 500 : 200).end('x'.repeat(20_000));
    deliveries = await line.deliver();
    const [first, second, other] = await line.fire('retried', ['bad', 'bad', 'good']);
    await until(() => idsOf(hook).filter((id) => id === second).length === 3);
    expect(idsOf(hook, 'bad')).toEqual([first, first, first, second, second, second]);
    expect(idsOf(hook, 'good')).toEqual([other]);
    expect(idsOf(hook).indexOf(other!)).toBeLessThan(idsOf(hook).lastIndexOf(first!));
  }, 60_000);

  it('that redirects, is silent or hangs up has failed', async () => {
    const hook = await receiver();
    const elsewhere = await receiver();
    await line.activate(++revision, [{ name: 'odd', deliver: [{ webhook: hook.url }] }]);
    hook.answer = (_received, attempt, response) => {
      if (attempt === 1) response.writeHead(307, { location: elsewhere.url }).end();
      else if (attempt === 3) response.destroy();
      else if (attempt === 4) response.writeHead(204).end();
    };
    deliveries = await line.deliver();
    const [id] = await line.fire('odd', ['a']);
    await until(() => hook.received.length === 4);
    await pause(100);
    expect(idsOf(hook)).toEqual([id, id, id, id]);
    expect(elsewhere.received).toEqual([]);
  }, 60_000);

  it('that is slow delays no other, and that of the same trigger neither', async () => {
    const slow = await receiver();
    const quick = await receiver();
    const answers: (() => void)[] = [];
    slow.answer = (_received, _attempt, response) => answers.push(() => response.writeHead(200).end());
    await line.activate(++revision, [{ name: 'both', deliver: [{ webhook: slow.url }, { webhook: quick.url }] }]);
    deliveries = await line.deliver({ ATTRIUM_WEBHOOK_TIMEOUT_MS: '60000', ATTRIUM_WEBHOOK_ATTEMPTS_MAX: '2' });
    const ids = await line.fire(
      'both',
      Array.from({ length: 50 }, (_, index) => `p${index}`),
    );
    await until(() => quick.received.length === 50 && slow.received.length === 2);
    expect(idsOf(quick).sort()).toEqual([...ids].sort());
    slow.answer = (_received, _attempt, response) => response.writeHead(200).end();
    for (const answer of answers) answer();
    await until(() => slow.received.length === 50);
    expect(idsOf(slow).sort()).toEqual([...ids].sort());
  }, 60_000);

  it('that answers 410 gets nothing more, over a restart too, until the catalogue changes', async () => {
    const hook = await receiver();
    const trigger = { name: 'gone', deliver: [{ webhook: hook.url }, { stream: true }] };
    await line.activate(++revision, [trigger]);
    hook.answer = (_received, _attempt, response) => response.writeHead(410).end();
    deliveries = await line.deliver();
    const [first] = await line.fire('gone', ['a', 'a', 'b']);
    await until(async () => (await line.delivered('gone')).length === 3 && hook.received.length > 0);
    await pause(200);
    await deliveries.stop();
    const asked = hook.received.length;
    expect(idsOf(hook)).toContain(first);
    expect(idsOf(hook, 'a')).toEqual([first]);
    deliveries = await line.deliver();
    await line.fire('gone', ['a']);
    await until(async () => (await line.delivered('gone')).length === 4);
    await pause(200);
    expect(hook.received).toHaveLength(asked);
    hook.answer = (_received, _attempt, response) => response.writeHead(204).end();
    await line.activate(++revision, [trigger]);
    const [last] = await line.fire('gone', ['a']);
    await until(() => hook.received.length > asked);
    expect(idsOf(hook).slice(asked)).toEqual([last]);
  }, 60_000);

  it('whose secret is missing waits, and goes on as soon as there is one', async () => {
    const secret = `whsec_${Buffer.from('another secret of 32 bytes .....').toString('base64')}`;
    const hook = await receiver(secret);
    await line.activate(++revision, [{ name: 'signed', deliver: [{ webhook: hook.url, secret: 'OWN_SECRET' }] }]);
    deliveries = await line.deliver();
    const ids = await line.fire('signed', ['a', 'a']);
    await until(async () => (await line.delivered('signed')).length === 2);
    await line.putSecret('shop.OWN_SECRET', 'no secret at all');
    await pause(200);
    expect([hook.received, hook.refused]).toEqual([[], []]);
    await line.putSecret('shop.OWN_SECRET', secret);
    await until(() => hook.received.length === 2);
    expect(idsOf(hook)).toEqual(ids);
  }, 60_000);

  it('on loopback is not connected to unless that is allowed', async () => {
    const hook = await receiver();
    await line.activate(++revision, [{ name: 'inside', deliver: [{ webhook: hook.url }] }]);
    deliveries = await line.deliver({
      ATTRIUM_WEBHOOK_ALLOW_PRIVATE: 'false',
      ATTRIUM_WEBHOOK_PORTS: new URL(hook.url).port,
    });
    const [id] = await line.fire('inside', ['a']);
    await pause(500);
    expect([hook.received, hook.refused]).toEqual([[], []]);
    await deliveries.stop();
    deliveries = await line.deliver();
    await until(() => hook.received.length === 1);
    expect(idsOf(hook)).toEqual([id]);
  }, 60_000);

  it('that fails for too long leaves the delivery among the undelivered', async () => {
    const hook = await receiver();
    await line.activate(++revision, [{ name: 'hopeless', deliver: [{ webhook: hook.url }] }]);
    hook.answer = (_received, attempt, response) => response.writeHead(attempt < 100 ? 503 : 200).end();
    deliveries = await line.deliver({ ATTRIUM_WEBHOOK_AGE_MS_MAX: '1000', ATTRIUM_WEBHOOK_PROBE_MS_MAX: '100' });
    const [id] = await line.fire('hopeless', ['a']);
    const asked = { workspace: 'shop', destination: '', after: 0, limit: 10 };
    expect(await deliveries.desk.undelivered(asked)).toEqual([]);
    await until(async () => (await deliveries!.desk.undelivered(asked)).length === 1);
    expect(await deliveries.desk.undelivered(asked)).toMatchObject([
      { trigger: 'hopeless', url: hook.url, firingId: id, profileId: 'a', reason: 'status 503' },
    ]);
  }, 60_000);

  it('that left the catalogue gets nothing more, and begins anew when it comes back', async () => {
    const hook = await receiver();
    const trigger = { name: 'left', deliver: [{ webhook: hook.url }] };
    await line.activate(++revision, [trigger]);
    deliveries = await line.deliver();
    const [first] = await line.fire('left', ['a']);
    await until(() => hook.received.length === 1);
    await line.activate(++revision, [{ name: 'left', deliver: [{ stream: true }] }]);
    await line.fire('left', ['a']);
    await until(async () => (await line.delivered('left')).length === 2);
    await line.activate(++revision, [trigger]);
    const [last] = await line.fire('left', ['a']);
    await until(() => hook.received.length === 2);
    expect(idsOf(hook)).toEqual([first, last]);
  }, 60_000);
});
