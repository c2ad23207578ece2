/** The catalogues as deliveries know them: which destinations and streams there are. Kept in the deliverer's bucket, which all instances watch. */
import { type CompiledCatalogue, compileActivated } from '@attrium/catalogue';
import type { CatalogueActivated } from '@attrium/event';
import type { Logger } from '@attrium/host';
import type { Bucket, BucketEntry, BucketWatch } from '@attrium/nats';
import type { JetStreamManager } from '@nats-io/jetstream';
import { type Destination, destinationsOf, ensureConsumer, removeOtherConsumers } from './destination.js';

interface WorkspaceDeliveries {
  readonly revision: number;
  /** Orders what has the same revision: one takes effect in parts while definitions are computed from history. */
  readonly step: number;
  readonly catalogue: CompiledCatalogue;
  readonly destinations: readonly Destination[];
}

export interface DeliveryCataloguesOptions {
  readonly bucket: Bucket;
  readonly manager: JetStreamManager;
  /** Open deliveries that a destination's consumer may have. */
  readonly pendingMax: number;
  readonly logger: Logger;
}

/** As the bucket has it; without a step, as earlier releases wrote it, the revision stands for it. */
interface KnownCatalogue {
  readonly revision: number;
  readonly step?: number;
  readonly catalogue: string;
}

const CATALOGUE_PREFIX = 'catalogue.';
const DISABLED_PREFIX = 'disabled.';
const FAILING_PREFIX = 'failing.';

/** Why a destination gets one probe at a time. */
export interface Failing {
  readonly since: number;
  readonly failure: string;
}

export class DeliveryCatalogues {
  private readonly workspaces = new Map<string, WorkspaceDeliveries>();
  /** Destinations whose receiver wants no more, with the revision in which it said so. */
  private readonly disabled = new Map<string, number>();
  private readonly failing = new Map<string, Failing>();
  private readonly listeners = new Set<() => void>();
  private watch: BucketWatch | undefined;

  constructor(private readonly options: DeliveryCataloguesOptions) {}

  /** Resolves when all that is in the bucket is known. */
  async open(): Promise<void> {
    this.watch = this.options.bucket.watch((entry) => this.take(entry));
    await this.watch.ready;
  }

  close(): void {
    this.watch?.stop();
    this.listeners.clear();
  }

  catalogueOf(workspace: string): CompiledCatalogue | undefined {
    return this.workspaces.get(workspace)?.catalogue;
  }

  destinations(): Destination[] {
    return [...this.workspaces.values()].flatMap(({ destinations }) => destinations);
  }

  /** Until the next revision of the catalogue. */
  isDisabled({ name, workspace }: Destination): boolean {
    const since = this.disabled.get(name);
    return since !== undefined && since >= (this.workspaces.get(workspace)?.revision ?? 0);
  }

  /** Calls back after destinations have changed; the answer ends that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Takes up a catalogue: makes the queues of its destinations, so that none misses what is published from here on, then makes it known.
   * Does nothing where that one or a later one is known. Throws when NATS is out of reach, and for a catalogue that is not valid.
   */
  async activate(record: CatalogueActivated): Promise<void> {
    const { bucket, manager, pendingMax, logger } = this.options;
    const { workspace, revision, step = revision } = record;
    const catalogue = Buffer.from(record.catalogue).toString('utf8');
    const deliveries = deliveriesOf(workspace, { revision, step, catalogue });
    const key = `${CATALOGUE_PREFIX}${workspace}`;
    for (;;) {
      const entry = await bucket.get(key);
      if (entry?.value !== undefined && stepOf(decode<KnownCatalogue>(entry.value)) >= step) return;
      for (const destination of deliveries.destinations) await ensureConsumer(manager, destination, pendingMax);
      const value = Buffer.from(JSON.stringify({ revision, step, catalogue } satisfies KnownCatalogue));
      const outcome =
        entry === undefined ? await bucket.create(key, value) : await bucket.update(key, value, entry.revision);
      if (outcome.kind === 'conflict') continue;
      this.adopt(workspace, deliveries);
      const removed = await removeOtherConsumers(manager, workspace, deliveries.destinations);
      const names = deliveries.destinations.map(({ name }) => name);
      logger.info({ workspace, revision, destinations: names, removed }, 'the destinations of a catalogue are set up');
      return;
    }
  }

  async disable({ name, workspace }: Destination): Promise<void> {
    const revision = this.workspaces.get(workspace)?.revision ?? 0;
    this.disabled.set(name, revision);
    await this.options.bucket.put(`${DISABLED_PREFIX}${name}`, Buffer.from(JSON.stringify({ revision })));
  }

  /** Takes back that a destination is disabled. */
  async enable({ name }: Destination): Promise<void> {
    await this.options.bucket.delete(`${DISABLED_PREFIX}${name}`);
    this.disabled.delete(name);
    this.tell();
  }

  /** As its owner last said; undefined while it works. */
  failingOf({ name }: Destination): Failing | undefined {
    return this.failing.get(name);
  }

  /** Tells all instances that a destination keeps failing, or works again. */
  async noteFailing({ name }: Destination, failing: Failing | undefined): Promise<void> {
    const { bucket } = this.options;
    if (failing !== undefined) {
      this.failing.set(name, failing);
      await bucket.put(`${FAILING_PREFIX}${name}`, Buffer.from(JSON.stringify(failing)));
    } else if (this.failing.delete(name)) {
      await bucket.delete(`${FAILING_PREFIX}${name}`);
    }
  }

  private take({ key, value }: BucketEntry): void {
    if (key.startsWith(FAILING_PREFIX)) {
      const name = key.slice(FAILING_PREFIX.length);
      if (value === undefined) this.failing.delete(name);
      else this.failing.set(name, decode<Failing>(value));
    } else if (key.startsWith(DISABLED_PREFIX)) {
      const name = key.slice(DISABLED_PREFIX.length);
      if (value === undefined) this.disabled.delete(name);
      else this.disabled.set(name, decode<{ revision: number }>(value).revision);
      this.tell();
    } else if (key.startsWith(CATALOGUE_PREFIX) && value !== undefined) {
      const workspace = key.slice(CATALOGUE_PREFIX.length);
      try {
        this.adopt(workspace, deliveriesOf(workspace, decode<KnownCatalogue>(value)));
      } catch (error) {
        this.options.logger.error(
          { err: error, workspace },
          'a catalogue cannot be read; its destinations stay as they were',
        );
      }
    }
  }

  private adopt(workspace: string, deliveries: WorkspaceDeliveries): void {
    const known = this.workspaces.get(workspace);
    if (known !== undefined && known.step >= deliveries.step) return;
    this.workspaces.set(workspace, deliveries);
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

function deliveriesOf(workspace: string, known: KnownCatalogue): WorkspaceDeliveries {
  const { revision } = known;
  const catalogue = compileActivated({ workspace, revision, catalogueJson: known.catalogue });
  return { revision, step: stepOf(known), catalogue, destinations: destinationsOf(catalogue) };
}

function stepOf({ revision, step = revision }: KnownCatalogue): number {
  return step;
}

function decode<T>(value: Uint8Array): T {
  return JSON.parse(Buffer.from(value).toString('utf8')) as T;
}
