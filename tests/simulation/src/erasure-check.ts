/** Check (c): who was erased is not heard of again, in no log behind it and in no answer. */
import { entityOf, type LogRecord, type ProfileErased, partitionOf, partitionOfSubject } from '@attrium/event';
import type { Difference } from './difference.js';
import type { Line } from './line.js';
import { recordsOf } from './stored-records.js';

const LOGS = ['resolved', 'attributes', 'memberships', 'firings'] as const;
const KEYED_STAGES = ['attribute-compute', 'segment', 'journey-trigger'] as const;
/** Which may come for an erased profile: a transfer that was on its way, and what says that it is erased. */
const LATE: readonly LogRecord['kind'][] = ['state-transferred', 'profile-erased'];

export async function checkErasures(line: Line): Promise<Difference | undefined> {
  const said = new Map<string, string>();
  for (const log of LOGS) {
    const { difference, erasures } = heardAgain(line, log);
    if (difference !== undefined) return difference;
    said.set(log, erasures.sort().join());
    const [expected, found] = [said.get('resolved'), said.get(log)];
    if (expected !== found) return differs(log, 'end of the log', expected, found);
  }
  const erased = new Map<string, ProfileErased>();
  for (const record of line.storedAll('resolved').flatMap(recordsOf)) {
    if (record.kind === 'profile-erased') erased.set(record.entity.id, record);
  }
  for (const record of erased.values()) {
    const difference = await answeredAgain(line, record);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** In each partition, behind the record of the erasure. */
function heardAgain(line: Line, log: (typeof LOGS)[number]): { difference?: Difference; erasures: string[] } {
  const gone = new Map<number, Set<number>>();
  const erasures: string[] = [];
  for (const message of line.storedAll(log)) {
    const partition = partitionOfSubject(message.subject);
    const here = gone.get(partition) ?? new Set();
    gone.set(partition, here);
    for (const record of recordsOf(message)) {
      if (record.kind === 'profile-erased') {
        for (const { ordinal } of [record.entity, ...record.former]) here.add(ordinal);
        erasures.push(`${record.entity.ordinal} in ${partition}`);
      }
      const entity = entityOf(record);
      if (entity === undefined || LATE.includes(record.kind) || !here.has(entity.ordinal)) continue;
      return { difference: differs(log, record.id, 'nothing of who was erased', record.kind), erasures };
    }
  }
  return { erasures };
}

async function answeredAgain(line: Line, { entity, former }: ProfileErased): Promise<Difference | undefined> {
  const { workspace } = entity;
  for (const { id, ordinal } of [entity, ...former]) {
    const place = `${id} (${ordinal})`;
    const shard = partitionOf(workspace, line.shards);
    const who = (await line.ask('identity', shard, { kind: 'profile', workspace, profileId: id })) as object | null;
    if (who === null || !('erasedAt' in who)) return differs('identity', place, 'erased', who);
    const partition = partitionOf(id, line.partitions);
    for (const stage of KEYED_STAGES) {
      const found = (await line.ask(stage, partition, { kind: 'erasure', ordinals: [ordinal] })) as { erased: boolean };
      if (!found.erased) return differs(stage, place, 'erased', found);
    }
    const values = (await line.ask('attribute-compute', partition, {
      kind: 'attributes',
      workspace,
      ordinal,
    })) as object;
    if (!('kind' in values) || values.kind !== 'unknown') return differs('attribute-compute', place, 'unknown', values);
    const members = (await line.ask('segment', partition, { kind: 'memberships', ordinal })) as { segments: object };
    if (Object.keys(members.segments).length > 0) return differs('segment', place, 'no memberships', members);
    const fired = (await line.ask('journey-trigger', partition, { kind: 'firings', ordinal })) as { triggers: object };
    if (Object.keys(fired.triggers).length > 0) return differs('journey-trigger', place, 'no firings', fired);
  }
  return undefined;
}

function differs(stage: string, position: string, expected: string | undefined, found: unknown): Difference {
  return { check: 'an erased profile stays erased', stage, position, expected, found: JSON.stringify(found) };
}
