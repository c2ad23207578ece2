/** What the line hangs on is slow, gone or full for a while. */
import { jetstreamManager } from '@nats-io/jetstream';
import type { Fault, Scene } from '../fault.js';
import { isTrueWithin, pause } from '../until.js';

const OUTAGE_MS = 3_000;
const SLOW_STOP_MS = 200;
/** By then a server that can take events again has taken some. */
const RECOVERY_MS = 4_000;
const EVENTS = 'attrium-events';

const natsPaused: Fault = {
  name: 'SIGSTOP nats-server',
  rounds: { short: 1, long: 4 },
  run: async ({ system, mark }) => {
    mark();
    process.kill(system.nats.pid, 'SIGSTOP');
    await pause(OUTAGE_MS);
    process.kill(system.nats.pid, 'SIGCONT');
    await system.untilReady();
  },
};

const clickhousePaused: Fault = {
  name: 'SIGSTOP ClickHouse',
  rounds: { short: 1, long: 4 },
  run: async ({ system, mark }) => {
    const { pid } = system.clickhouse;
    if (pid === undefined) throw new Error('ClickHouse is down');
    mark();
    process.kill(pid, 'SIGSTOP');
    await pause(OUTAGE_MS * 2);
    process.kill(pid, 'SIGCONT');
  },
};

/** It gets a tenth of the time that it wants. */
const clickhouseSlow: Fault = {
  name: 'ClickHouse slow',
  rounds: { short: 1, long: 4 },
  run: async ({ system, mark }) => {
    const { pid } = system.clickhouse;
    if (pid === undefined) throw new Error('ClickHouse is down');
    mark();
    for (const end = performance.now() + OUTAGE_MS; performance.now() < end; ) {
      process.kill(pid, 'SIGSTOP');
      await pause(SLOW_STOP_MS);
      process.kill(pid, 'SIGCONT');
      await pause(SLOW_STOP_MS / 10);
    }
  },
};

const clickhouseKilled: Fault = {
  name: 'kill -9 ClickHouse',
  rounds: { short: 2, long: 10 },
  run: async ({ system, mark, random }) => {
    const { pid } = system.clickhouse;
    mark();
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await pause(2_000 + random.int(2_000));
  },
};

const clickhouseGone: Fault = {
  name: 'ClickHouse stopped',
  rounds: { short: 1, long: 3 },
  run: async ({ system, mark }) => {
    mark();
    await system.clickhouse.stop();
    await pause(OUTAGE_MS);
    await system.startClickHouse();
  },
};

const receiverFailing: Fault = {
  name: 'webhook receiver: 503',
  rounds: { short: 1, long: 4 },
  run: async ({ receiver, mark }) => {
    mark();
    receiver.isFailing = true;
    await pause(OUTAGE_MS);
    receiver.isFailing = false;
  },
};

const natsDiskFull: Fault = {
  name: 'disk full: nats-server',
  rounds: { short: 1, long: 4 },
  obstacle: ({ system }) => (system.disks.nats === undefined ? 'no tmpfs can be mounted here' : undefined),
  run: async (scene) => {
    const { system, mark, note } = scene;
    const disk = system.disks.nats!;
    mark();
    disk.fill();
    await pause(OUTAGE_MS);
    disk.empty();
    if (await takesEvents(scene)) note('nats-server went on by itself');
    else {
      note('nats-server had to be started again');
      await system.nats.kill();
      await system.nats.restart();
    }
    await system.untilReady();
  },
};

const logFull: Fault = {
  name: 'log full: max_bytes of events',
  rounds: { short: 1, long: 4 },
  run: async ({ system, mark }) => {
    const manager = await jetstreamManager(system.link.publish);
    const { config, state } = await manager.streams.info(EVENTS);
    mark();
    await manager.streams.update(EVENTS, { ...config, max_bytes: state.bytes + 200_000 });
    await pause(OUTAGE_MS);
    await manager.streams.update(EVENTS, config);
    await system.untilReady();
  },
};

const stateDiskFull: Fault = {
  name: 'disk full: state of segment',
  rounds: { short: 1, long: 4 },
  obstacle: ({ system }) => (system.disks.segment === undefined ? 'no tmpfs can be mounted here' : undefined),
  run: async ({ system, mark }) => {
    const disk = system.disks.segment!;
    mark();
    disk.fill();
    await pause(OUTAGE_MS);
    disk.empty();
    mark();
    await system.untilReady();
  },
};

const stateFull: Fault = {
  name: 'state full: limit of attribute-compute',
  rounds: { short: 1, long: 4 },
  run: async ({ system, mark }) => {
    const service = system.service('attribute-compute');
    mark();
    await service.stop('SIGTERM');
    // Less than it holds: no save succeeds.
    service.start({ environment: { ATTRIUM_STATE_BYTES_MAX: '65536' } });
    await pause(OUTAGE_MS + 2_000);
    mark();
    await service.stop('SIGKILL');
    service.start();
    await service.untilReady();
  },
};

async function takesEvents({ load }: Scene): Promise<boolean> {
  const before = load.acknowledgedCount;
  return isTrueWithin(RECOVERY_MS, () => load.acknowledgedCount > before);
}

export const outages: readonly Fault[] = [
  natsPaused,
  clickhousePaused,
  clickhouseSlow,
  clickhouseKilled,
  clickhouseGone,
  receiverFailing,
  natsDiskFull,
  logFull,
  stateDiskFull,
  stateFull,
];
