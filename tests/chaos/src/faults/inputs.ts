/** What comes in is not as it should be: records that cannot be decided, and clocks that jump. */
import { fileURLToPath } from 'node:url';
import { type Entity, type LogName, type LogRecord, partitionOf, STAGE_NAMES } from '@attrium/event';
import { encodePack, NO_POSITION } from '@attrium/processor';
import type { Fault, Scene } from '../fault.js';
import { POISON_PREFIX } from '../ledger/ledger.js';
import { outputOf, PARTITIONS, type ServiceName } from '../system.js';
import { isTrueWithin, pause } from '../until.js';

const LETTERS_LIMIT_MS = 30_000;
const CLOCK_SHIFT = fileURLToPath(new URL('clock-shift.mjs', new URL('../', import.meta.url)));
const HEADER = {
  schemaVersion: 1,
  logicVersion: 1,
  stage: 'chaos',
  writer: 'chaos',
  owner: 'chaos',
  commit: 1,
  reached: NO_POSITION,
};

/** Logs after `events` that a stage reads. */
const READ_LOGS = ['resolved', 'attributes', 'memberships'] as const;

/** The stage that reads a log, and what it can be asked about an entity. */
const READERS = {
  resolved: ['attribute-compute', 'attributes'],
  attributes: ['segment', 'memberships'],
  memberships: ['journey-trigger', 'firings'],
} as const;

/** Bytes that are no pack, in every log that a stage reads, and facts of an ordinal that belongs to somebody else. */
const poison: Fault = {
  name: 'poison records',
  rounds: { short: 2, long: 6 },
  run: async (scene) => {
    const { ledger, random, mark, tally } = scene;
    mark();
    const before = ledger.deadLetters.length;
    const noise = Buffer.from(Array.from({ length: 64 }, () => random.int(256)));
    const round = random.int(1_000_000_000);
    const aimed: [log: (typeof READ_LOGS)[number], entity: Entity][] = [];
    let sent = 0;
    const send = async (subject: string, payload: Uint8Array): Promise<void> => {
      sent++;
      await append(scene, subject, payload);
    };
    await send('attrium.events.0', noise);
    for (const log of READ_LOGS) {
      const entity = ledger.lastEntity.get(log === 'memberships' ? 'firings' : log);
      // A record for a profile that was merged away is ignored, whoever it names.
      if (entity === undefined || isMerged(scene, log, entity)) continue;
      const partition = partitionOf(entity.id, PARTITIONS);
      await send(`attrium.${log}.${partition}.chaos`, noise);
      const pack = encodePack(HEADER, [
        { ...poisonOf(log, entity, round), id: `${POISON_PREFIX}${round}-${log}` } as LogRecord,
      ]);
      await send(`attrium.${log}.${partition}.chaos`, pack);
      aimed.push([log, entity]);
    }
    const letters = (): number => ledger.deadLetters.length - before;
    // The oracle reads after the stage: a profile that it did not know to be merged may have been.
    const due = (): number => sent - aimed.filter(([log, entity]) => isMerged(scene, log, entity)).length;
    if (await isTrueWithin(LETTERS_LIMIT_MS, () => letters() >= due())) return;
    tally.lost(due() - letters(), `${due()} poison records were to be refused, ${letters()} are in the dead letters`);
  },
};

function isMerged({ ledger }: Scene, log: (typeof READ_LOGS)[number], { id, ordinal, workspace }: Entity): boolean {
  const [stage, kind] = READERS[log];
  const answer = ledger.oracle.answer(stage, partitionOf(id, PARTITIONS), { kind, workspace, ordinal });
  return (answer as { mergedInto?: Entity }).mergedInto !== undefined;
}

/** A fact for an entity that has the ordinal of another one. */
function poisonOf(log: LogName, other: Entity, round: number): Omit<LogRecord, 'id'> {
  const entity: Entity = { ...other, id: `${POISON_PREFIX}profile` };
  const change = {
    entity,
    effectiveAt: 1,
    recordedAt: 1,
    reason: 'event' as const,
    cause: 'chaos',
    revision: 1,
  };
  const plan = { name: 'plan', after: 'poisoned' };
  if (log === 'attributes') return { kind: 'attributes-changed', ...change, changes: [plan] } as Omit<LogRecord, 'id'>;
  if (log === 'memberships') {
    const nothing = { entered: [], exited: [], corrected: [], values: [], memberships: [], identifiers: [] };
    return { kind: 'segment-changed', ...change, ...nothing, changes: [plan] } as Omit<LogRecord, 'id'>;
  }
  const event = {
    kind: 'event' as const,
    id: `${POISON_PREFIX}${round}`,
    workspace: entity.workspace,
    source: 'chaos',
    type: 'track' as const,
    name: 'Product Viewed',
    occurredAt: 1,
    receivedAt: 1,
    identifiers: [],
    payload: Buffer.from('{}'),
  };
  return { kind: 'event-resolved', entity, origin: entity.id, event } as Omit<LogRecord, 'id'>;
}

async function append({ system }: Scene, subject: string, payload: Uint8Array): Promise<void> {
  const { kind } = await system.log.append(subject, payload);
  if (kind !== 'appended') throw new Error(`${subject} does not take a poison record: ${kind}`);
}

const clockJumps = (name: ServiceName): Fault => ({
  name: `clock jumps: ${name}`,
  log: outputOf(name),
  rounds: { short: name === 'attribute-compute' || name === 'ingest' ? 1 : 0, long: 2 },
  run: async ({ system, mark }) => {
    const service = system.service(name);
    mark();
    await service.stop('SIGTERM');
    // Half a minute ahead, then an hour behind.
    const environment = {
      CHAOS_CLOCK: JSON.stringify([
        [0, 30_000],
        [4_000, -3_600_000],
      ]),
    };
    service.start({ flags: ['--import', CLOCK_SHIFT], environment });
    await service.untilReady();
    await pause(6_000);
    mark();
    await service.stop('SIGKILL');
    service.start();
    await service.untilReady();
  },
});

export const inputs: readonly Fault[] = [poison, ...(['ingest', ...STAGE_NAMES] as const).map(clockJumps)];
