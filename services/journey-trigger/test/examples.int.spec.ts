/** The example journey systems as their users run them: killed while firings come, each acts on every firing exactly once, in order. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { hostSettings, loadConfig, type RunningHost, startHost } from '@attrium/host';
import { journeyTriggerModule } from '@attrium/journey-trigger';
import { packageDefinition } from '@attrium/proto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FiringLine, pause, type RunningDeliveries, until } from './firing-line.js';

const EXAMPLES = resolve(import.meta.dirname, '../../../examples');
const PROFILES = Array.from({ length: 8 }, (_, index) => `p${index}`);
const ROUNDS = 30;
const KILLS = 3;
const hasPython = spawnSync('python3', ['--version']).status === 0;

interface Mail {
  readonly id: string;
  readonly profile: string;
}

const line = new FiringLine();
const directory = mkdtempSync(join(tmpdir(), 'attrium-examples-'));
let deliveries: RunningDeliveries;
let host: RunningHost;
let revision = 0;

beforeAll(async () => {
  await line.start();
  deliveries = await line.deliver();
  host = await startHost({
    service: 'journey-trigger',
    module: journeyTriggerModule(deliveries),
    config: loadConfig(hostSettings, { ATTRIUM_LOG_LEVEL: 'silent' }),
    grpc: { packages: ['attrium.trigger.v1'], packageDefinition },
    onDrain: [],
    ownsProcess: false,
  });
}, 240_000);

afterAll(async () => {
  await host?.stop();
  await deliveries?.stop();
  await line.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs it, kills it several times while firings come, and lets the last one end in order. */
async function putToTheProof(
  trigger: string,
  example: { start: (outbox: string) => ChildProcess; mails: (outbox: string) => Mail[] },
): Promise<void> {
  await line.activate(++revision, [{ name: trigger, deliver: [{ stream: true }] }]);
  const outbox = join(directory, trigger);
  const expected = new Map(PROFILES.map((profile) => [profile, [] as string[]]));
  const firing = (async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const ids = await line.fire(trigger, PROFILES);
      for (const [index, profile] of PROFILES.entries()) expected.get(profile)!.push(ids[index]!);
      await pause(20);
    }
  })();
  const all = ROUNDS * PROFILES.length;
  let running = example.start(outbox);
  try {
    for (let kill = 1; kill <= KILLS; kill++) {
      await until(() => example.mails(outbox).length >= (kill * all) / (KILLS + 2));
      await stopped(running, 'SIGKILL');
      running = example.start(outbox);
    }
    await firing;
    await until(() => example.mails(outbox).length >= all);
    await pause(200);
  } finally {
    await stopped(running, 'SIGTERM');
  }
  const mails = example.mails(outbox);
  for (const profile of PROFILES) {
    expect(mails.filter((mail) => mail.profile === profile).map(({ id }) => id)).toEqual(expected.get(profile));
  }
  expect(mails).toHaveLength(all);
}

async function stopped(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const ended = new Promise((done) => child.once('exit', done));
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    await ended;
  }
}

function run(command: string, args: string[], env: Record<string, string>): ChildProcess {
  return spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'inherit', 'inherit'] });
}

describe('a journey system', () => {
  it('in TypeScript, over gRPC, acts on each firing exactly once, killed or not', async () => {
    await putToTheProof('typescript', {
      start: (outbox) =>
        run(process.execPath, ['--no-warnings', join(EXAMPLES, 'journeys-typescript/journeys.ts')], {
          ...{ ATTRIUM_GRPC: host.grpcUrl!, ATTRIUM_KEY: line.secretKey, ATTRIUM_WORKSPACE: 'shop' },
          ...{ ATTRIUM_TRIGGER: 'typescript', OUTBOX: outbox },
        }),
      mails: (outbox) => linesOf(outbox).map((text) => JSON.parse(text) as Mail),
    });
  }, 90_000);

  it('in TypeScript, as a named subscriber that acknowledges, acts on each firing exactly once, killed or not', async () => {
    await putToTheProof('acknowledging', {
      start: (outbox) =>
        run(process.execPath, ['--no-warnings', join(EXAMPLES, 'journeys-typescript/acknowledging.ts')], {
          ...{ ATTRIUM_GRPC: host.grpcUrl!, ATTRIUM_KEY: line.secretKey, ATTRIUM_WORKSPACE: 'shop' },
          ...{ ATTRIUM_TRIGGER: 'acknowledging', OUTBOX: outbox, SUBSCRIBER: 'mailer' },
        }),
      mails: (outbox) => linesOf(outbox).map((text) => JSON.parse(text) as Mail),
    });
  }, 90_000);

  (hasPython ? it : it.skip)(
    'in Python, over NATS, acts on each firing exactly once, killed or not',
    async () => {
      await putToTheProof('python', {
        start: (outbox) =>
          run('python3', [join(EXAMPLES, 'journeys-python/journeys.py')], {
            ...{ NATS_URL: line.natsUrl, ATTRIUM_WORKSPACE: 'shop', ATTRIUM_TRIGGER: 'python', OUTBOX: outbox },
          }),
        mails: rowsOf,
      });
    },
    90_000,
  );
});

/** Whole lines only; none while there is no file. */
function linesOf(file: string): string[] {
  try {
    const text = readFileSync(file, 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((each) => each !== '');
  } catch {
    return [];
  }
}

/** None while there is no table. */
function rowsOf(file: string): Mail[] {
  if (!existsSync(file)) return [];
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare('SELECT firing AS id, profile FROM mails ORDER BY number').all() as unknown as Mail[];
  } catch {
    return [];
  } finally {
    database.close();
  }
}
