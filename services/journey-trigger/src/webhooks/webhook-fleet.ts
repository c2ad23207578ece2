/** Runs the webhooks of this instance: those whose name falls to a partition that it owns, as the catalogues name them. */
import { isDeepStrictEqual } from 'node:util';
import { partitionOf } from '@attrium/event';
import type { Logger } from '@attrium/host';
import type { DeliveryCatalogues } from '../deliveries/delivery-catalogues.js';
import type { Destination } from '../deliveries/destination.js';
import type { ErasedBook } from '../deliveries/erased-book.js';
import { type GuardOptions, guardedAgent } from './guarded-agent.js';
import type { SecretBook } from './secret-book.js';
import { type RunnerOptions, WebhookRunner } from './webhook-runner.js';

export interface FleetOptions
  extends Omit<RunnerOptions, 'agent' | 'signer' | 'isDisabled' | 'isErased' | 'disable' | 'noteFailing'> {
  readonly catalogues: DeliveryCatalogues;
  readonly secrets: SecretBook;
  readonly erased: Pick<ErasedBook, 'has' | 'onErased'>;
  readonly guard: GuardOptions;
  readonly partitions: number;
  readonly owned: readonly number[];
  readonly logger: Logger;
}

export class WebhookFleet {
  private readonly runners = new Map<string, WebhookRunner>();
  private readonly leaving = new Set<Promise<void>>();
  private stopListening: () => void = () => {};
  private stopped = false;

  constructor(private readonly options: FleetOptions) {}

  start(): void {
    const { catalogues, erased } = this.options;
    const stops = [catalogues.onChange(() => this.reconcile()), erased.onErased((...who) => this.drop(...who))];
    this.stopListening = () => {
      for (const stop of stops) stop();
    };
    this.reconcile();
  }

  /** After secrets have changed. */
  proceed(): void {
    for (const runner of this.runners.values()) runner.proceed();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.stopListening();
    await Promise.all([...[...this.runners.values()].map((runner) => runner.stop()), ...this.leaving]);
  }

  get counts(): { waiting: number; open: number; obstructed: number } {
    const counts = { waiting: 0, open: 0, obstructed: 0 };
    for (const runner of this.runners.values()) {
      counts.waiting += runner.waiting;
      if (runner.isOpen) counts.open++;
      if (runner.isObstructed) counts.obstructed++;
    }
    return counts;
  }

  private drop(workspace: string, profileId: string): void {
    for (const runner of this.runners.values()) {
      if (runner.destination.workspace === workspace) runner.dropErased(profileId);
    }
  }

  private reconcile(): void {
    if (this.stopped) return;
    const { catalogues, partitions, owned } = this.options;
    const wanted = new Map<string, Destination>();
    for (const destination of catalogues.destinations()) {
      if (owned.includes(partitionOf(destination.name, partitions))) wanted.set(destination.name, destination);
    }
    for (const [name, runner] of this.runners) {
      // Another secret or other limits make another runner; its queue stays.
      if (isDeepStrictEqual(wanted.get(name), runner.destination)) continue;
      this.runners.delete(name);
      const left: Promise<void> = runner.stop().finally(() => {
        this.leaving.delete(left);
        this.reconcile();
      });
      this.leaving.add(left);
    }
    // A queue has one reader: the new one waits until the old one has gone.
    if (this.leaving.size > 0) return;
    for (const destination of wanted.values()) {
      if (!this.runners.has(destination.name)) this.run(destination);
    }
    this.proceed();
  }

  private run(destination: Destination): void {
    const { catalogues, secrets, erased, guard, clock } = this.options;
    const runner = new WebhookRunner(destination, {
      ...this.options,
      agent: guardedAgent(guard),
      signer: () => secrets.signer(destination.workspace, destination.secret),
      isDisabled: () => catalogues.isDisabled(destination),
      isErased: (profileId) => erased.has(destination.workspace, profileId),
      disable: () => catalogues.disable(destination),
      noteFailing: (failure) =>
        catalogues.noteFailing(destination, failure === undefined ? undefined : { since: clock.now(), failure }),
    });
    this.runners.set(destination.name, runner);
    runner.start();
  }
}
