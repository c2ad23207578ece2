/** What becomes of the deliveries of an erased profile, on a real nats-server. */
import { type ProfileErased, partitionOf } from '@attrium/event';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FiringLine, PARTITIONS, pause, type RunningDeliveries, SECRET, until } from './firing-line.js';
import { type Receiver, startReceiver } from './receiver.js';

const line = new FiringLine();
let revision = 0;
let deliveries: RunningDeliveries | undefined;
let hook: Receiver;

beforeAll(() => line.start(), 240_000);
afterAll(() => line.close());
afterEach(async () => {
  await deliveries?.stop();
  deliveries = undefined;
  hook.close();
});

/** As the stage passes it on. */
async function erase(profile: string): Promise<void> {
  const entity = { workspace: 'shop', kind: 'profile', id: profile, ordinal: 1 } as const;
  const record: ProfileErased = {
    ...{ kind: 'profile-erased', id: `x-${profile}`, entity, former: [], requestId: 'r', erasedAt: Date.now() },
  };
  await line.append(partitionOf(profile, PARTITIONS), [record]);
}
const seenOf = (profile: string): number => hook.received.filter((entry) => entry.profile === profile).length;

async function start(settings: Record<string, string> = {}): Promise<void> {
  hook = await startReceiver(SECRET);
  hook.answer = (_received, _attempt, response) => response.writeHead(500).end();
  await line.activate(++revision, [{ name: 'hooked', deliver: [{ webhook: hook.url }] }]);
  deliveries = await line.deliver(settings);
}

describe('the deliveries of an erased profile', () => {
  it('that wait for another attempt, and those that come later, are dropped; those of others go on, also over a restart', async () => {
    await start();
    await line.fire('hooked', ['gone-1', 'gone-1', 'stays-1']);
    await until(() => seenOf('gone-1') > 0 && seenOf('stays-1') > 0);
    await erase('gone-1');
    const [destination] = await deliveries!.desk.destinations('shop');
    await until(async () => (await deliveries!.desk.destinations('shop'))[0]!.open === 1);
    expect(destination!.trigger).toBe('hooked');
    const before = seenOf('gone-1');
    await deliveries!.stop();
    deliveries = await line.deliver();
    hook.answer = (_received, _attempt, response) => response.writeHead(204).end();
    await line.fire('hooked', ['gone-1', 'new-1']);
    await until(() => seenOf('new-1') > 0 && seenOf('stays-1') > 1);
    await pause(300);
    expect(seenOf('gone-1')).toBe(before);
  }, 60_000);

  it('that were given up are deleted, and those of others stay', async () => {
    await start({ ATTRIUM_WEBHOOK_AGE_MS_MAX: '1000' });
    await line.fire('hooked', ['gone-2', 'stays-2']);
    const asked = { workspace: 'shop', destination: '', after: 0, limit: 100 };
    const listed = async () => (await deliveries!.desk.undelivered(asked)).map(({ profileId }) => profileId);
    await until(async () => (await listed()).includes('gone-2') && (await listed()).includes('stays-2'));
    await erase('gone-2');
    await until(async () => !(await listed()).includes('gone-2'));
    expect(await listed()).toContain('stays-2');
  }, 60_000);
});
