/**
 * Receivers that behave badly, each beside one of the same trigger that behaves well: the good one gets every firing while the bad one
 * is bad, and the bad one gets what it can once it is well again.
 */
import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FiringLine, pause, type RunningDeliveries, SECRET, until } from './firing-line.js';
import { type Received, type Receiver, startReceiver } from './receiver.js';

const line = new FiringLine();
const PROFILES = ['a', 'b', 'c', 'd', 'e'];
const ROUNDS = 6;
const SETTINGS = {
  ATTRIUM_WEBHOOK_TIMEOUT_MS: '250',
  ATTRIUM_WEBHOOK_PROBE_MS_MAX: '150',
  ATTRIUM_WEBHOOK_ATTEMPTS_MAX: '4',
};

let revision = 0;
let deliveries: RunningDeliveries | undefined;
let receivers: Receiver[] = [];

beforeAll(() => line.start(), 240_000);
afterAll(() => line.close());

afterEach(async () => {
  await deliveries?.stop();
  deliveries = undefined;
  for (const receiver of receivers) receiver.close();
  receivers = [];
});

async function receiver(port?: number): Promise<Receiver> {
  const started = await startReceiver(SECRET, port);
  receivers.push(started);
  return started;
}

/** What a bad receiver has answered with 2xx, in order. */
class Accepted {
  readonly entries: Received[] = [];

  readonly take = (entry: Received, _attempt: number, response: ServerResponse): void => {
    this.entries.push(entry);
    response.writeHead(204).end();
  };

  idsOf(profile: string): string[] {
    return [...new Set(this.entries.filter((entry) => entry.profile === profile).map(({ id }) => id))];
  }
}

/** Fires round by round, each only when the good receiver has had the one before; the ids by profile. */
async function fireBeside(trigger: string, good: Receiver): Promise<Map<string, string[]>> {
  const expected = new Map(PROFILES.map((profile) => [profile, [] as string[]]));
  for (let round = 1; round <= ROUNDS; round++) {
    const ids = await line.fire(trigger, PROFILES);
    for (const [index, profile] of PROFILES.entries()) expected.get(profile)!.push(ids[index]!);
    await until(() => good.received.length === round * PROFILES.length);
  }
  for (const profile of PROFILES) {
    expect(good.received.filter((entry) => entry.profile === profile).map(({ id }) => id)).toEqual(
      expected.get(profile),
    );
  }
  return expected;
}

interface Scene {
  readonly trigger: string;
  readonly bad: Receiver;
  readonly good: Receiver;
}

async function scene(trigger: string, more: { settings?: Record<string, string>; limits?: object } = {}) {
  const bad = await receiver();
  const good = await receiver();
  await line.activate(++revision, [
    { name: trigger, deliver: [{ webhook: bad.url, ...more.limits }, { webhook: good.url }] },
  ]);
  deliveries = await line.deliver({ ...SETTINGS, ...more.settings });
  return { trigger, bad, good } satisfies Scene;
}

/** Each answers every request in its own bad way, never with success. */
const BAD_ANSWERS: readonly [name: string, answer: Receiver['answer']][] = [
  ['500', (_entry, _attempt, response) => response.writeHead(500).end()],
  ['404', (_entry, _attempt, response) => response.writeHead(404).end()],
  ['redirects', (_entry, _attempt, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
  ['never', () => {}],
  ['hangs-up', (_entry, _attempt, response) => response.destroy()],
  ['drips', (_entry, _attempt, response) => drip(response.writeHead(500))],
  ['huge', (_entry, _attempt, response) => pour(response.writeHead(503))],
  ['huge-headers', (_entry, _attempt, response) => response.writeHead(500, { 'x-huge': 'x'.repeat(60_000) }).end()],
];

/** One byte now and then, without end. */
function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('x'), 20);
  response.on('close', () => clearInterval(timer));
}

/** As much as goes, without end. */
function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(1 << 20);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

describe('a bad receiver delays no other, and gets everything in order once it is well:', () => {
  it.each(BAD_ANSWERS)(
    '%s',
    async (name, answer) => {
      const { trigger, bad, good } = await scene(`bad_${name.replace('-', '_')}`);
      const accepted = new Accepted();
      bad.answer = answer;
      const expected = await fireBeside(trigger, good);
      await until(() => bad.received.length > 0);
      // The breaker: all that wait are not tried each, but one at a time.
      const asked = bad.received.length;
      bad.answer = accepted.take;
      await until(() => PROFILES.every((profile) => accepted.idsOf(profile).length === ROUNDS));
      for (const profile of PROFILES) expect(accepted.idsOf(profile)).toEqual(expected.get(profile));
      expect(asked).toBeLessThan(PROFILES.length * ROUNDS * 4);
      expect(good.received).toHaveLength(PROFILES.length * ROUNDS);
    },
    60_000,
  );

  it('down', async () => {
    const { trigger, bad, good } = await scene('bad_down');
    bad.close();
    const begun = Date.now();
    const expected = await fireBeside(trigger, good);
    const stateOf = async ({ url }: Receiver) =>
      (await deliveries!.desk.destinations('shop')).find((each) => each.trigger === trigger && each.url === url)!;
    // Everybody can see that it fails, since when and of what.
    await until(async () => (await stateOf(bad)).failure !== undefined);
    const failing = await stateOf(bad);
    expect(failing.failure).toMatch(/ECONNREFUSED|connect/i);
    expect(failing.failingSince).toBeGreaterThanOrEqual(begun);
    expect(await stateOf(good)).not.toHaveProperty('failure');
    await pause(300);
    const accepted = new Accepted();
    const back = await receiver(bad.port);
    back.answer = accepted.take;
    await until(() => PROFILES.every((profile) => accepted.idsOf(profile).length === ROUNDS));
    for (const profile of PROFILES) expect(accepted.idsOf(profile)).toEqual(expected.get(profile));
    await until(async () => (await stateOf(bad)).failure === undefined);
    // It got nothing twice: what came before found nobody.
    expect(accepted.entries).toHaveLength(PROFILES.length * ROUNDS);
  }, 60_000);

  it('slow', async () => {
    const { trigger, bad, good } = await scene('bad_slow');
    const accepted = new Accepted();
    let underWay = 0;
    let atOnce = 0;
    bad.answer = (entry, attempt, response) => {
      atOnce = Math.max(atOnce, ++underWay);
      setTimeout(() => {
        underWay--;
        accepted.take(entry, attempt, response);
      }, 100);
    };
    const expected = await fireBeside(trigger, good);
    await until(() => PROFILES.every((profile) => accepted.idsOf(profile).length === ROUNDS));
    for (const profile of PROFILES) expect(accepted.idsOf(profile)).toEqual(expected.get(profile));
    // Five profiles wait, and four attempts may be under way.
    expect(atOnce).toBe(4);
  }, 60_000);

  it('flapping', async () => {
    const { trigger, bad, good } = await scene('bad_flapping');
    const accepted = new Accepted();
    let requests = 0;
    bad.answer = (entry, attempt, response) => {
      if (++requests % 3 === 0) accepted.take(entry, attempt, response);
      else response.writeHead(503).end();
    };
    const expected = await fireBeside(trigger, good);
    await until(() => PROFILES.every((profile) => accepted.idsOf(profile).length === ROUNDS));
    for (const profile of PROFILES) expect(accepted.idsOf(profile)).toEqual(expected.get(profile));
    expect(accepted.entries).toHaveLength(PROFILES.length * ROUNDS);
  }, 60_000);
});

describe('a receiver', () => {
  it('that says 429 with Retry-After is left alone for that long, with all that waits for it', async () => {
    const { trigger, bad, good } = await scene('bad_throttling');
    const accepted = new Accepted();
    const refusedAt: number[] = [];
    bad.answer = ({ at }, _attempt, response) => {
      refusedAt.push(at);
      response.writeHead(429, { 'retry-after': '1' }).end();
    };
    const expected = await fireBeside(trigger, good);
    await until(() => refusedAt.length > 0);
    bad.answer = accepted.take;
    await until(() => PROFILES.every((profile) => accepted.idsOf(profile).length === ROUNDS));
    for (const profile of PROFILES) expect(accepted.idsOf(profile)).toEqual(expected.get(profile));
    expect(accepted.entries[0]!.at - refusedAt.at(-1)!).toBeGreaterThan(900);
  }, 60_000);

  it('that says 410 is asked no more, and no other notices', async () => {
    const { trigger, bad, good } = await scene('bad_gone', { settings: { ATTRIUM_WEBHOOK_ATTEMPTS_MAX: '1' } });
    bad.answer = (_entry, _attempt, response) => response.writeHead(410).end();
    await fireBeside(trigger, good);
    expect(bad.received).toHaveLength(1);
  }, 60_000);

  it.each([
    ['a body without end', pour],
    ['a body that never ends', drip],
  ] as const)(
    'that accepts with %s has accepted, and is asked on',
    async (name, body) => {
      const { trigger, bad, good } = await scene(name.includes('never') ? 'endless_drip' : 'endless_pour');
      bad.answer = (_entry, _attempt, response) => body(response.writeHead(200));
      await fireBeside(trigger, good);
      await until(() => bad.received.length === PROFILES.length * ROUNDS);
      expect(new Set(bad.received.map(({ id }) => id)).size).toBe(PROFILES.length * ROUNDS);
    },
    60_000,
  );

  it('with limits of its own in the catalogue is asked no faster and no more at once', async () => {
    const limits = { at_once: 2, per_second: 20 };
    const { trigger, bad } = await scene('limited', { limits });
    let underWay = 0;
    let atOnce = 0;
    bad.answer = (_entry, _attempt, response) => {
      atOnce = Math.max(atOnce, ++underWay);
      setTimeout(() => {
        underWay--;
        response.writeHead(204).end();
      }, 120);
    };
    await line.fire(
      trigger,
      Array.from({ length: 20 }, (_, index) => `p${index}`),
    );
    await until(() => bad.received.length === 20);
    expect(atOnce).toBe(2);
    const spanMs = bad.received.at(-1)!.at - bad.received[0]!.at;
    expect(spanMs).toBeGreaterThan(850);
  }, 60_000);
});
