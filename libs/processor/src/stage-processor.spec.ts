import { type LogFaults, SimulatedLog, startProcess } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { World } from '../test/simulated-world.js';
import { event, PARTITIONS } from '../test/window-counter.js';
import { encodePack, NO_POSITION } from './codec/index.js';
import type { StageProcessor } from './stage-processor.js';

const HEADER = {
  schemaVersion: 1,
  logicVersion: 1,
  stage: 'identity',
  writer: 'identity-0',
  owner: 'test',
  commit: 1,
  reached: NO_POSITION,
};

const FAULTS: Partial<LogFaults> = {
  appendDelayMsMax: 5,
  answerDelayMsMax: 5,
  deliveryDelayMsMax: 10,
  answerLostChance: 0.03,
  requestLostChance: 0.03,
  requestStalledChance: 0.02,
  answerTimeoutMs: 100,
  clockStepChance: 0.01,
  clockStepMsMax: 50,
};

async function load(world: World, messages: number, between: () => void | Promise<void> = () => {}): Promise<void> {
  for (let index = 0; index < messages; index++) {
    const partition = world.random.int(PARTITIONS);
    const records = Array.from({ length: 1 + world.random.int(4) }, (_, at) =>
      event(index * 10 + at, partition * 100 + world.random.int(5)),
    );
    world.write(partition, records);
    await world.run(world.random.int(30));
    await between();
  }
}

describe('the stage loop', () => {
  it('appends the facts of every record once, in order, and fires timers of idle entities by ticks', async () => {
    const world = new World(1);
    const { stage } = world.owner('a', world.store());
    await Promise.all([stage.start(), world.run(10)]);
    await load(world, 60);
    await world.run(3_000);
    world.check();
    expect(stage.status().every((status) => status.caughtUp)).toBe(true);
    expect(world.facts(0).at(-1)).toMatchObject({ kind: 'attributes-changed', changes: [{ after: 0 }, {}] });
  });

  it('stops with a code when the log takes no message of the size of its pack', async () => {
    const world = new World(1);
    const { stage } = world.owner('a', world.store());
    await Promise.all([stage.start(), world.run(10)]);
    world.log.store = () => ({ kind: 'too-large', reason: 'for a test' });
    const { store } = SimulatedLog.prototype;
    store.call(world.log, 'attrium.resolved.0.identity-0', encodePack(HEADER, [event(1, 1)]));
    await world.run(1_000);
    expect(world.fatal).toMatchObject([{ code: 'ATR-LOG-016', retryable: false }]);
    expect(world.facts(0)).toEqual([]);
  });

  it.each(Array.from({ length: 40 }, (_, index) => index + 1))(
    'loses, doubles and reorders nothing when owners crash at any step, publishes get lost and two owners live (seed %i)',
    async (seed) => {
      const world = new World(seed, FAULTS);
      const stores = [world.store(), world.store()];
      const owners: ({ stage: StageProcessor; process: ReturnType<typeof startProcess> } | undefined)[] = [];
      let started = 0;
      const start = (slot: number): void => {
        const owner = world.owner(`owner-${++started}`, stores[slot]!);
        owners[slot] = owner;
        owner.stage.start().catch(() => {
          owner.process.crash();
          if (owners[slot] === owner) owners[slot] = undefined;
        });
      };
      start(0);
      await load(world, 80, async () => {
        const slot = world.random.int(2);
        if (owners[slot] === undefined || world.random.chance(0.05)) {
          owners[slot]?.process.crash();
          owners[slot]?.stage.halt();
          owners[slot] = undefined;
          if (world.random.chance(0.1)) await Promise.all([stores[slot]!.wipe(0), world.run(50)]);
          if (slot === 0 || world.random.chance(0.3)) start(slot);
        }
      });
      world.log.faults = {
        ...world.log.faults,
        answerLostChance: 0,
        requestLostChance: 0,
        requestStalledChance: 0,
        clockStepChance: 0,
      };
      if (owners[0] === undefined) start(0);
      await world.run(10_000);
      world.check();
      expect(world.fatal).toEqual([]);
    },
  );

  it('rests longer each time another owner has overtaken it, so that two owners do not wear each other out', async () => {
    const world = new World(7, FAULTS);
    const owners = [world.owner('a', world.store()), world.owner('b', world.store())];
    await Promise.all([...owners.map(({ stage }) => stage.start()), world.run(1_000)]);
    const startedAt = world.clock.now();
    while (world.clock.now() < startedAt + 20_000) await load(world, 20);
    await world.run(5_000);
    expect(world.fatal).toEqual([]);
    world.check();
    // With a rest of 250 ms it is more than 100.
    const overtaken = world.occurrences.filter(({ kind }) => kind === 'fenced').length;
    expect(overtaken).toBeGreaterThan(2);
    expect(overtaken).toBeLessThan(60);
  });

  it('keeps a poison record in the dead letters, passes it, and goes on with the next', async () => {
    const world = new World(5);
    const { stage } = world.owner('a', world.store());
    await Promise.all([stage.start(), world.run(10)]);
    world.write(0, [event(1, 1), event(2, 1, 'poison'), event(3, 1)]);
    await world.run(400);
    expect(world.facts(0).map((fact) => fact.id)).toEqual(['a0-1-0-0', 'a0-1-2-0']);
    const letters = world.log.stored('attrium-dead-letters');
    expect(letters.map((letter) => JSON.parse(Buffer.from(letter.payload).toString()))).toMatchObject([
      { stage: 'attribute-compute', place: '1:1', reason: 'Error: poisoned', recordKind: 'event-resolved' },
    ]);
    expect(world.log.store('attrium.resolved.0.identity-0', Uint8Array.of(255, 1, 2))).toMatchObject({
      kind: 'appended',
    });
    world.write(0, [event(4, 1)]);
    await world.run(400);
    expect(world.log.stored('attrium-dead-letters')).toHaveLength(2);
    expect(world.facts(0).map((fact) => fact.id)).toContain('a0-3-0-0');
  });

  it('answers from state, but only once what the state contains is in the log', async () => {
    const world = new World(6, { appendDelayMsMax: 40, answerDelayMsMax: 40 });
    const { stage } = world.owner('a', world.store());
    await Promise.all([stage.start(), world.run(500)]);
    world.write(0, [event(1, 1)]);
    while (stage.status()[0]!.sequence < 1) await world.run(1);
    const answer = stage.ask(0, 1).then((count) => ({ count, facts: world.facts(0).length }));
    await world.run(500);
    expect(await answer).toEqual({ count: 1, facts: 1 });
  });

  it('refuses to start when its first needed sequence is gone', async () => {
    const world = new World(7);
    world.write(0, [event(1, 1)]);
    world.write(0, [event(2, 1)]);
    world.log.purge('attrium-resolved', 1);
    const { stage } = world.owner('a', world.store());
    const started = stage.start().then(
      () => 'started',
      (error: { code: string }) => error.code,
    );
    await world.run(100);
    expect(await started).toBe('ATR-LOG-010');
  });

  it('refuses to start when its input lost its tail', async () => {
    const world = new World(8);
    const store = world.store();
    const first = world.owner('a', store);
    await Promise.all([first.stage.start(), world.run(10)]);
    world.write(0, [event(1, 1)]);
    world.write(0, [event(2, 1)]);
    await world.run(1_000);
    await Promise.all([first.stage.stop(), world.run(1_000)]);
    world.log.truncateTail('attrium-resolved', world.log.stored('attrium-resolved').length - 1);
    const started = world
      .owner('b', store)
      .stage.start()
      .then(
        () => 'started',
        (error: { code: string }) => error.code,
      );
    await world.run(100);
    expect(await started).toBe('ATR-LOG-011');
  });

  it('refuses to start when its output lost its tail', async () => {
    const world = new World(9);
    const store = world.store();
    const first = world.owner('a', store);
    await Promise.all([first.stage.start(), world.run(10)]);
    world.write(0, [event(1, 1)]);
    await world.run(1_000);
    await Promise.all([first.stage.stop(), world.run(1_000)]);
    world.log.truncateTail('attrium-attributes', 1);
    const started = world
      .owner('b', store)
      .stage.start()
      .then(
        () => 'started',
        (error: { code: string }) => error.code,
      );
    await world.run(100);
    expect(await started).toBe('ATR-LOG-012');
  });

  it('stops at a logic version that it does not know', async () => {
    const world = new World(10);
    const { stage } = world.owner('a', world.store());
    await Promise.all([stage.start(), world.run(10)]);
    world.write(0, [{ kind: 'logic-activated', id: 'x', version: 2 }]);
    await world.run(100);
    expect(world.fatal).toMatchObject([{ code: 'ATR-LOG-014' }]);
  });
});
