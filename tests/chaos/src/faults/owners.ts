/** Two owners of the same partitions: at once, and one that slept while another took over. */
import { STAGE_NAMES, type StageName } from '@attrium/event';
import type { Fault } from '../fault.js';
import { outputOf } from '../system.js';
import { isTrueWithin, pause } from '../until.js';

const BOTH_MS = 1_500;

const twoOwners = (stage: StageName): Fault => ({
  name: `two owners: ${stage}`,
  log: outputOf(stage),
  hasTwoSenders: stage === 'journey-trigger',
  rounds: { short: 1, long: 3 },
  run: async ({ system, random, mark }) => {
    const instance = `${stage}-2`;
    const second = await system.addInstance(stage, instance);
    const first = system.service(stage);
    mark();
    second.start();
    // While both write, each overtakes the other now and then; whether the new one catches up is a matter of luck.
    await isTrueWithin(BOTH_MS * 2, () => second.isReady());
    await pause(BOTH_MS);
    // The first is gone for a while, and comes back with a state that the second has left behind.
    mark();
    await first.stop('SIGKILL');
    await second.untilReady();
    mark();
    first.start();
    await isTrueWithin(BOTH_MS * 2, () => first.isReady());
    await pause(BOTH_MS);
    mark();
    await system.removeInstance(instance, random.chance(0.5) ? 'SIGTERM' : 'SIGKILL');
    await first.untilReady();
  },
});

const pausedOwner = (stage: StageName): Fault => ({
  name: `paused owner: ${stage}`,
  log: outputOf(stage),
  hasTwoSenders: stage === 'journey-trigger',
  rounds: { short: stage === 'identity' || stage === 'segment' ? 1 : 0, long: 3 },
  run: async ({ system, mark }) => {
    const instance = `${stage}-3`;
    const [first, second] = [system.service(stage), await system.addInstance(stage, instance)];
    mark();
    first.signal('SIGSTOP');
    second.start();
    await second.untilReady();
    await pause(BOTH_MS);
    mark();
    first.signal('SIGCONT');
    await pause(BOTH_MS);
    mark();
    await system.removeInstance(instance, 'SIGKILL');
    await first.untilReady();
  },
});

export const owners: readonly Fault[] = [...STAGE_NAMES.map(twoOwners), ...STAGE_NAMES.map(pausedOwner)];
