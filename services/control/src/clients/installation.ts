/** What an installation needs before its first event: streams, buckets, the version of the logic in every shard, the first key. */
import { logicSubject } from '@attrium/event';
import { EVERY_WORKSPACE, hashOfKey, keyEntryName } from '@attrium/host';
import type { Bucket } from '@attrium/nats';
import { encodePack, LOG_ERROR_CODES, type Log, LogError } from '@attrium/processor';
import { controlHeader } from './catalogue-log.js';

const FIRST_LOGIC_VERSION = 1;
const TRIES_MAX = 5;

/** Writes `LogicActivated` to each shard that has none. Another instance may do the same at the same time. Throws LogError. */
export async function activateLogic(log: Log, options: { shards: number; owner: string }): Promise<void> {
  for (let shard = 0; shard < options.shards; shard++) await activateShard(log, shard, options.owner);
}

async function activateShard(log: Log, shard: number, owner: string): Promise<void> {
  const subject = logicSubject(shard);
  const record = { kind: 'logic-activated', id: `logic:${shard}:1`, version: FIRST_LOGIC_VERSION } as const;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if ((await log.last(subject)) !== undefined) return;
    const payload = encodePack(controlHeader(owner, 0), [record]);
    const outcome = await log.append(subject, payload, { expectedLastSequence: 0 });
    if (outcome.kind === 'appended') return;
  }
  throw new LogError(
    LOG_ERROR_CODES.outOfReach,
    `the log does not say whether it has the logic version of shard ${shard}`,
  );
}

/** Stores the bootstrap key, hashed, unless it is there; a revoked one stays revoked. */
export async function storeBootstrapKey(keys: Bucket, text: string, now: number): Promise<void> {
  const record = {
    kind: 'secret',
    workspace: EVERY_WORKSPACE,
    role: 'admin',
    name: 'bootstrap',
    hash: hashOfKey(text),
    createdAt: now,
  };
  await keys.create(keyEntryName('secret', text), Buffer.from(JSON.stringify(record)));
}
