/** Deliveries and past firings over REST and the command line; the test answers in the place of journey-trigger. */

import { attriumCommand } from '@attrium/control';
import { DELIVERY_DESK_SUBJECT } from '@attrium/event';
import { serveAsk } from '@attrium/nats';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningControl, runControl } from './running-control.js';

let control: RunningControl;
let asked: Record<string, unknown>[] = [];
let answer: unknown = { answer: {} };
let served: { stop(): void };

beforeAll(async () => {
  control = await runControl();
  served = serveAsk(control.link.read, DELIVERY_DESK_SUBJECT, (question) => {
    asked.push(question as Record<string, unknown>);
    return answer;
  });
}, 240_000);

afterAll(async () => {
  served?.stop();
  await control?.stop();
});

async function attrium(...args: string[]): Promise<unknown> {
  const lines: string[] = [];
  const terminal = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
  const env = {
    ATTRIUM_CONTROL_URL: control.instances[0].httpUrl,
    ATTRIUM_ADMIN_KEY: control.bootstrap,
    ATTRIUM_WORKSPACE: 'shop',
    ATTRIUM_DATA: control.directory,
  };
  asked = [];
  await attriumCommand(terminal, env).parseAsync(args, { from: 'user' });
  return JSON.parse(lines.join('\n'));
}

const FROM = '2026-01-01T00:00:00Z';
const TO = '2026-01-02T00:00:00Z';

describe('deliveries', () => {
  const head = { workspace: 'shop' };
  it.each([
    [['deliveries', 'destinations'], { ...head, kind: 'destinations' }],
    [['deliveries', 'enable', 'webhook-a-1'], { ...head, kind: 'enable', destination: 'webhook-a-1' }],
    [
      ['deliveries', 'list', '--destination', 'webhook-a-1', '--after', '7', '--limit', '3'],
      { ...head, kind: 'undelivered', destination: 'webhook-a-1', after: 7, limit: 3 },
    ],
    [['deliveries', 'replay', '3', '4'], { ...head, kind: 'replay-undelivered', positions: [3, 4] }],
    [['deliveries', 'discard', '3'], { ...head, kind: 'discard-undelivered', positions: [3] }],
    [
      ['deliveries', 'replay-range', 'webhook-a-1', '--from', FROM, '--to', TO, '--id', 'r1'],
      {
        ...{ ...head, kind: 'replay-firings', destination: 'webhook-a-1', replayId: 'r1' },
        ...{ from: Date.parse(FROM), to: Date.parse(TO) },
      },
    ],
    [['deliveries', 'attempts', '--firing', '0:1:2'], { ...head, kind: 'attempts', firingId: '0:1:2' }],
    [
      ['firings', 'list', '--trigger', 't', '--profile', 'p', '--outcome', 'suppressed', '--page', '1-2-3-4'],
      { ...head, kind: 'firings', trigger: 't', profileId: 'p', outcome: 'suppressed', page: '1-2-3-4' },
    ],
    [['firings', 'explain', '0:1:2'], { ...head, kind: 'firing', firingId: '0:1:2' }],
    [['triggers', 'subscribers'], { ...head, kind: 'subscribers' }],
    [
      ['triggers', 'unsubscribe', 't', 'mailer'],
      { ...head, kind: 'delete-subscriber', trigger: 't', subscriber: 'mailer' },
    ],
  ])('%j asks the desk', async (args, question) => {
    answer = { answer: { firing: { recordedAt: 0, revision: 1 }, attempts: [{ at: 1 }], continueFrom: 2 } };
    expect(await attrium(...args)).toEqual({
      firing: { recordedAt: '1970-01-01T00:00:00.000Z', revision: 1 },
      attempts: [{ at: '1970-01-01T00:00:00.001Z' }],
      continueFrom: '1970-01-01T00:00:00.002Z',
    });
    expect(asked).toEqual([question]);
  });

  it('are refused as the desk refuses them', async () => {
    answer = { refused: { code: 'ATR-TRIGGER-031', status: 'not-found', message: 'None.', retryable: false } };
    const { status, body } = await control.request('POST', '/v1/workspaces/shop/destinations/none/enable');
    expect([status, body.error.code, body.error.message]).toEqual([404, 'ATR-TRIGGER-031', 'None.']);
  });

  it.each([
    ['POST', 'destinations/a/replay', { from: 'yesterday', to: TO }],
    ['POST', 'deliveries/undelivered/replay', { positions: [] }],
    ['POST', 'deliveries/undelivered/discard', { positions: ['1'] }],
    ['GET', 'deliveries/undelivered?after=-1', undefined],
    ['GET', 'firings?limit=many', undefined],
  ])('%s %s with what is none is not asked', async (method, path, body) => {
    asked = [];
    const told = await control.request(method, `/v1/workspaces/shop/${path}`, body === undefined ? {} : { body });
    expect([told.status, told.body.error.code]).toEqual([400, 'ATR-CONTROL-011']);
    expect(asked).toEqual([]);
  });

  it('cannot be asked for while no journey-trigger answers', async () => {
    served.stop();
    await control.link.read.flush();
    const { status, body } = await control.request('GET', '/v1/workspaces/shop/destinations');
    expect([status, body.error.code]).toEqual([503, 'ATR-CONTROL-060']);
  });
});
