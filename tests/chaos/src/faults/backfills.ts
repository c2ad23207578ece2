/** Kill -9 of the stage that computes a definition from history, while it does: at the end it has the values of its twin from the start. */
import { equalValues, type Value } from '@attrium/event';
import { chaosCatalogue, WORKSPACE } from '../catalogue.js';
import type { Fault, Scene } from '../fault.js';
import { isTrueWithin, pause } from '../until.js';

const KILLS = 3;
const BETWEEN_MS_MAX = 700;
const SWITCH_LIMIT_MS = 60_000;
const STAGE = 'attribute-compute';

/** Attributes that mean what these mean, under another name: to the system they are new. */
const TWINS = ['orders', 'lifetime_value', 'spent_recent', 'plan'] as const;

const killInBackfill: Fault = {
  name: 'kill -9 attribute-compute in a backfill',
  log: 'attributes',
  rounds: { short: 1, long: 4 },
  run: async (scene) => {
    const { system, random, mark } = scene;
    const revision = await lateTwins(scene);
    for (let kill = 0; kill < KILLS; kill++) {
      await pause(random.int(BETWEEN_MS_MAX));
      mark();
      await system.service(STAGE).kill();
      await system.service(STAGE).untilReady();
    }
    await untilAlike(scene, revision);
  },
};

/** Puts a catalogue with twins under names of its own; returns its revision. */
async function lateTwins({ system, receiver }: Scene): Promise<number> {
  const path = `/v1/workspaces/${WORKSPACE}/catalogue`;
  const { revision } = (await system.askControl('GET', path)) as { revision: number };
  const base = chaosCatalogue(receiver.url) as { attributes: { name: string }[] };
  const twins: object[] = [];
  // Those of the rounds before stay.
  for (let round = 1; round <= revision; round++) {
    for (const each of base.attributes) {
      if ((TWINS as readonly string[]).includes(each.name)) twins.push({ ...each, name: twinOf(each.name, round) });
    }
  }
  await system.askControl('PUT', path, { ...base, attributes: [...base.attributes, ...twins] }, revision);
  return revision;
}

const twinOf = (name: string, round: number): string => `late_${name}_${round}`;

/** Until the new attributes have taken effect, and every profile has in them what it has in those that were there from the start. */
async function untilAlike(scene: Scene, round: number): Promise<void> {
  const { ledger, tally, note } = scene;
  let [alike, different] = [0, ''];
  const isDone = await isTrueWithin(SWITCH_LIMIT_MS, async () => {
    const path = `/v1/workspaces/${WORKSPACE}/backfills`;
    const going = await scene.system.askControl('GET', path).catch(() => undefined);
    if ((going as { backfills: unknown[] } | undefined)?.backfills.length !== 0) return false;
    [alike, different] = [0, ''];
    for (const { stage, partition, fold } of ledger.oracle.partitions()) {
      if (stage !== STAGE) continue;
      const rows = fold.tables.find(({ name }) => name === 'entities')?.entries() ?? [];
      for (const [key] of rows) {
        const question = { kind: 'attributes', workspace: WORKSPACE, ordinal: Number(key), names: undefined };
        const { attributes } = ledger.oracle.answer(STAGE, partition, question) as Answer;
        for (const name of attributes === undefined ? [] : TWINS) {
          const [own, twin] = [name, twinOf(name, round)].map((each) => attributes!.get(each)?.value);
          if (equalValues(own, twin)) alike++;
          else different = `profile ${key} has another ${twinOf(name, round)} than ${name}`;
        }
      }
    }
    return different === '' && alike > 0;
  });
  note(`${alike} values as from the start`);
  if (!isDone) tally.lost(1, different === '' ? 'a backfill did not take effect' : different);
}

interface Answer {
  readonly attributes?: ReadonlyMap<string, { readonly value: Value }>;
}

export const backfills: readonly Fault[] = [killInBackfill];
