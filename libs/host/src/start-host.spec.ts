import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { loadConfig } from './config.js';
import { OperatingError } from './errors.js';
import { hostSettings } from './host-settings.js';
import { Readiness } from './readiness.js';
import { type HostOptions, type RunningHost, startHost } from './start-host.js';

@Controller()
class ProbeController {
  @Get('/missing')
  missing(): never {
    throw new OperatingError('no such thing', { code: 'ATR-TEST-001', status: 'not-found', details: { name: 'x' } });
  }

  @Get('/away')
  away(): never {
    throw new OperatingError('storage is away', { code: 'ATR-TEST-002', retryable: true, retryAfterSeconds: 3 });
  }

  @Get('/bug')
  bug(): never {
    throw new TypeError('secret internals');
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}

let running: RunningHost | undefined;
async function start(options: Partial<HostOptions> = {}): Promise<RunningHost> {
  const config = loadConfig(hostSettings, { ATTRIUM_LOG_LEVEL: 'silent', ATTRIUM_DRAIN_TIMEOUT_MS: '2000' });
  running = await startHost({ service: 'probe', module: ProbeModule, config, ownsProcess: false, ...options });
  return running;
}

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

describe('a host', () => {
  it('is live at once and ready when its checks hold', async () => {
    const readiness = new Readiness();
    let waiting: string | undefined = 'NATS is not connected';
    readiness.register('nats', () => waiting);
    const { httpUrl } = await start({ readiness });
    expect((await fetch(`${httpUrl}/healthz/live`)).status).toBe(200);
    const notReady = await fetch(`${httpUrl}/healthz/ready`);
    expect([notReady.status, await notReady.json()]).toEqual([503, { ready: false, waiting: { nats: waiting } }]);
    waiting = undefined;
    expect((await fetch(`${httpUrl}/healthz/ready`)).status).toBe(200);
  });

  it('shows metrics with the delay of its event loop', async () => {
    const { httpUrl } = await start();
    const text = await (await fetch(`${httpUrl}/metrics`)).text();
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  it('answers coded failures with their status and anything else without its internals', async () => {
    const { httpUrl } = await start();
    const missing = await fetch(`${httpUrl}/missing`);
    expect([missing.status, await missing.json()]).toEqual([
      404,
      { error: { code: 'ATR-TEST-001', message: 'no such thing', retryable: false, details: { name: 'x' } } },
    ]);
    const away = await fetch(`${httpUrl}/away`);
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '3']);
    const bug = await fetch(`${httpUrl}/bug`);
    expect(bug.status).toBe(500);
    expect(await bug.text()).not.toContain('secret internals');
  });

  it('goes down in order: not ready, drain steps, requests in flight, close steps', async () => {
    const order: string[] = [];
    const readiness = new Readiness();
    let finish: () => void = () => {};
    const inFlight = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const host = await start({
      readiness,
      configure: ({ fastify }) => {
        fastify.get('/slow', async () => {
          order.push('request');
          await inFlight;
          order.push('answered');
          return {};
        });
      },
      onDrain: [{ name: 'stage', run: () => void order.push(`stage, ready ${readiness.report().ready}`) }],
      onClose: [
        { name: 'breaks', run: () => Promise.reject(new Error('no')) },
        { name: 'nats', run: () => void order.push('nats') },
      ],
    });
    const answer = fetch(`${host.httpUrl}/slow`);
    while (order.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const stopped = host.stop();
    setTimeout(finish, 50);
    expect((await answer).status).toBe(200);
    expect(await stopped).toBe(false);
    expect(order).toEqual(['request', 'stage, ready false', 'answered', 'nats']);
  });

  it('does not start on a port that is taken', async () => {
    const { httpUrl } = await start();
    const config = loadConfig(hostSettings, { ATTRIUM_LOG_LEVEL: 'silent', ATTRIUM_HTTP_PORT: new URL(httpUrl).port });
    await expect(startHost({ service: 'probe', module: ProbeModule, config, ownsProcess: false })).rejects.toThrow(
      'EADDRINUSE',
    );
  });
});
