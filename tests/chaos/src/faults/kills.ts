/** Kill -9 of one part, which comes back by itself, and an orderly restart of all. */
import type { Fault, Scene } from '../fault.js';
import { outputOf, SERVICES, type ServiceName } from '../system.js';
import { pause } from '../until.js';

/** So long the system runs after a part is back, at most. */
const BETWEEN_MS_MAX = 600;
const BETWEEN_MS_MIN = 300;

const killService = (name: ServiceName): Fault => ({
  name: `kill -9 ${name}`,
  log: outputOf(name),
  rounds: { short: 5, long: 20 },
  run: async ({ system, random, mark }) => {
    mark();
    await system.service(name).kill();
    await system.service(name).untilReady();
    await pause(BETWEEN_MS_MIN + random.int(BETWEEN_MS_MAX - BETWEEN_MS_MIN));
  },
});

const killNats: Fault = {
  name: 'kill -9 nats-server',
  rounds: { short: 5, long: 20 },
  run: async ({ system, random, mark }) => {
    mark();
    await system.nats.kill();
    await system.nats.restart();
    await system.untilReady();
    await pause(BETWEEN_MS_MIN + random.int(BETWEEN_MS_MAX));
  },
};

const killAll: Fault = {
  name: 'kill -9 of everything',
  rounds: { short: 1, long: 5 },
  run: async ({ system, mark }) => {
    mark();
    const clickhouse = system.clickhouse.pid;
    if (clickhouse !== undefined) process.kill(clickhouse, 'SIGKILL');
    await Promise.all([system.nats.kill(), ...SERVICES.map((name) => system.service(name).kill())]);
    await system.nats.restart();
    await system.untilReady();
  },
};

/** As a cluster does it: ingest has a second instance meanwhile, every other part goes down in order and comes back. */
const restartAll: Fault = {
  name: 'SIGTERM, all in turn',
  rounds: { short: 1, long: 5 },
  run: async (scene) => {
    const { system, load, tally } = scene;
    const failuresBefore = load.failureCount;
    await rollIngest(scene);
    for (const name of SERVICES) {
      if (name === 'ingest') continue;
      scene.mark();
      const service = system.service(name);
      if (!(await service.stop('SIGTERM'))) tally.lost(1, `${name} did not end in order:\n${service.lastLines()}`);
      service.start();
      await service.untilReady();
    }
    const failed = load.failureCount - failuresBefore;
    if (failed > 0) {
      const what = [...load.failures].map(([text, count]) => `${text} ${count}`).join(', ');
      tally.lost(failed, `requests failed in an orderly restart (all so far: ${what})`);
    }
  },
};

async function rollIngest({ system, load, mark, tally }: Scene): Promise<void> {
  const second = await system.addInstance('ingest', 'ingest-2');
  second.start();
  await second.untilReady();
  const first = system.service('ingest');
  load.url = second.options.httpUrl;
  mark();
  if (!(await first.stop('SIGTERM'))) tally.lost(1, `ingest did not end in order:\n${first.lastLines()}`);
  first.start();
  await first.untilReady();
  load.url = first.options.httpUrl;
  mark();
  await system.removeInstance('ingest-2', 'SIGTERM');
}

export const kills: readonly Fault[] = [...SERVICES.map(killService), killNats, killAll, restartAll];
