/** A nats-server with what journey-trigger's stage would have written into the firings log, and the delivery side started on it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type LogRecord, partitionOf, partitionSubject, type TriggerFired, writerOf } from '@attrium/event';
import {
  Access,
  createLogger,
  keyEntryName,
  type Logger,
  loadConfig,
  newKeyText,
  openKeys,
  Readiness,
} from '@attrium/host';
import { type Deliveries, journeyTriggerSettings, startDeliveries } from '@attrium/journey-trigger';
import {
  Bucket,
  connectNats,
  ensureStreams,
  findNatsServer,
  JetStreamLog,
  KEYS_BUCKET,
  type NatsLink,
  type NatsServer,
  SECRETS_BUCKET,
  startNatsServer,
} from '@attrium/nats';
import { encodePack } from '@attrium/processor';

export const PARTITIONS = 4;
export const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`;

export interface RunningDeliveries extends Deliveries {
  readonly access: Access;
  stop(): Promise<void>;
  /** As by kill -9, for NATS and for what comes after: nothing more is said. */
  crash(): Promise<void>;
}

export class FiringLine {
  private readonly directory = mkdtempSync(join(tmpdir(), 'attrium-deliveries-'));
  private server!: NatsServer;
  private link!: NatsLink;
  readonly secretKey = newKeyText('secret');
  readonly adminKey = newKeyText('secret');
  readonly foreignKey = newKeyText('secret');
  log!: JetStreamLog;
  private readonly logger: Logger = createLogger({
    service: 'journey-trigger',
    level: process.env.TEST_LOG_LEVEL ?? 'silent',
  });
  private count = 0;

  async start(): Promise<void> {
    const dataDirectory = resolve(import.meta.dirname, '../../../node_modules/.cache/attrium');
    const binary = await findNatsServer({ dataDirectory, environment: process.env });
    this.server = await startNatsServer({ binary, directory: this.directory });
    this.link = await connectNats({ url: this.server.url, name: 'test' });
    await ensureStreams(this.link.publish, { profile: 'standalone', bytesMax: 2_000_000_000 });
    this.log = new JetStreamLog(this.link);
    await this.putKey(this.secretKey, 'shop');
    await this.putKey(this.adminKey, 'shop', 'admin');
    await this.putKey(this.foreignKey, 'other');
    await this.putSecret('shop.SIGNING', SECRET);
  }

  get natsUrl(): string {
    return this.server.url;
  }

  async close(): Promise<void> {
    await this.log.close();
    await this.link.close();
    await this.server.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async putSecret(key: string, secret: string): Promise<void> {
    await (await Bucket.open(this.link.publish, SECRETS_BUCKET)).put(key, Buffer.from(secret));
  }

  /** Who may subscribe, as the host of a stage service has it. */
  async access(): Promise<{ access: Access; close(): Promise<void> }> {
    const opening = openKeys({ link: this.link, logger: this.logger, readiness: new Readiness() });
    await opening.opened;
    return { access: new Access(opening.keys), close: () => opening.close() };
  }

  /** The delivery side as a process of its own would have it; `stop` ends it as on SIGTERM. */
  async deliver(settings: Record<string, string> = {}): Promise<RunningDeliveries> {
    const config = loadConfig(journeyTriggerSettings, {
      NATS_URL: this.server.url,
      ATTRIUM_PARTITIONS: String(PARTITIONS),
      ATTRIUM_WEBHOOK_ALLOW_PRIVATE: 'true',
      ATTRIUM_WEBHOOK_RETRY_MS_MIN: '20',
      ATTRIUM_WEBHOOK_TIMEOUT_MS: '300',
      ...settings,
    });
    const link = await connectNats({ url: this.server.url, name: 'deliveries' });
    const log = new JetStreamLog(link);
    const { logger } = this;
    const fatal = (error: unknown): void => {
      throw error;
    };
    const deliveries = await startDeliveries({ config, link, log, logger, fatal });
    const opening = openKeys({ link, logger, readiness: new Readiness() });
    await opening.opened;
    const stop = async (): Promise<void> => {
      for (const step of deliveries.steps) await step.run();
      await opening.close();
      await log.close();
      await link.close();
    };
    const crash = async (): Promise<void> => {
      await Promise.all([link.read.close(), link.publish.close()]);
      await stop();
    };
    return { ...deliveries, access: new Access(opening.keys), stop, crash };
  }

  /** Puts the catalogue into every partition, as the stage does. */
  async activate(revision: number, triggers: readonly { name: string; deliver: unknown[] }[]): Promise<void> {
    const catalogue = {
      attributes: ['plan', 'spend', 'since'].map((name) => ({
        name,
        kind: 'user',
        type: name === 'plan' ? 'string' : name === 'spend' ? 'number' : 'timestamp',
        merge: 'most_recent',
        from: [{ trait: name }],
      })),
      segments: [{ name: 'vip', of: 'user', where: { attribute: 'spend', gt: 1 } }],
      triggers: triggers.map((trigger) => ({
        when: { segment: 'vip', enters: true },
        frequency: 'every',
        payload: ['plan', 'spend', 'since'],
        ...trigger,
      })),
    };
    const record: LogRecord = {
      kind: 'catalogue-activated',
      id: `catalogue-${revision}`,
      workspace: 'shop',
      revision,
      author: 'test',
      activatedAt: 1,
      catalogue: Buffer.from(JSON.stringify(catalogue)),
    };
    for (let partition = 0; partition < PARTITIONS; partition++) await this.append(partition, [record]);
  }

  /** Appends firings of these profiles, one pack a profile and step; the ids in order, by profile. */
  async fire(trigger: string, profiles: readonly string[], more: Partial<TriggerFired> = {}): Promise<string[]> {
    const ids: string[] = [];
    for (const profile of profiles) {
      const firing = this.firing(trigger, profile, more);
      ids.push(firing.id);
      await this.append(partitionOf(profile, PARTITIONS), [firing]);
    }
    return ids;
  }

  firing(trigger: string, profile: string, more: Partial<TriggerFired> = {}): TriggerFired {
    const at = Date.now();
    return {
      kind: 'trigger-fired',
      id: `${partitionOf(profile, PARTITIONS)}:${++this.count}:0`,
      entity: { workspace: 'shop', kind: 'profile', id: profile, ordinal: 1 },
      trigger,
      revision: 1,
      effectiveAt: at,
      recordedAt: at,
      reason: 'event',
      cause: 'event-1',
      on: { kind: 'segment-entered', segment: 'vip', at },
      values: [{ name: 'plan', value: 'pro' }],
      identifiers: [{ type: 'user_id', value: profile }],
      ...more,
    };
  }

  async append(partition: number, records: readonly LogRecord[]): Promise<void> {
    const writer = writerOf('journey-trigger', partition);
    const reached = { sequence: 1, record: 0, fact: 0 };
    const header = { schemaVersion: 1, logicVersion: 1, stage: 'journey-trigger', writer, owner: 'test', commit: 1 };
    const pack = encodePack({ ...header, reached }, records);
    const outcome = await this.log.append(partitionSubject('firings', partition, writer), pack);
    if (outcome.kind !== 'appended') throw new Error(`the log did not take a pack: ${outcome.kind}`);
  }

  private async putKey(text: string, workspace: string, role = 'read'): Promise<void> {
    const record = { kind: 'secret', workspace, role, hash: '', createdAt: 1 };
    const bucket = await Bucket.open(this.link.publish, KEYS_BUCKET);
    await bucket.put(keyEntryName('secret', text), Buffer.from(JSON.stringify(record)));
  }

  /** The deliveries log of one trigger, as any NATS client reads it. */
  async delivered(trigger: string): Promise<{ id: string; profileId: string }[]> {
    const { lastSequence } = await this.log.bounds('attrium-deliveries');
    const found: { id: string; profileId: string }[] = [];
    let last = 0;
    const reader = this.log.read('attrium-deliveries', {
      subjects: ['attrium.deliveries.>'],
      fromSequence: 1,
      wake: () => {},
      failed: () => {},
    });
    while (last < lastSequence) {
      for (let message = reader.next(); message !== undefined; message = reader.next()) {
        last = message.sequence;
        if (message.subject !== `attrium.deliveries.shop.${trigger}`) continue;
        found.push(JSON.parse(Buffer.from(message.payload).toString('utf8')));
      }
      await pause();
    }
    await reader.close();
    return found;
  }
}

export function pause(ms = 10): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits, but not for ever: a test that hopes in vain ends with its own failure. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 40_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`never came true: ${holds}`);
    await pause();
  }
}
