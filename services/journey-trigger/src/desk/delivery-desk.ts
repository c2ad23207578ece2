/** What people ask and do about deliveries: destinations, what was given up, replays, and the past. Any instance answers for all. */
import { DELIVERIES_STREAM, type Identifier } from '@attrium/event';
import { OperatingError } from '@attrium/host';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { FiringHistory, FiringsAsked, PastAttempt, PastFiring } from '../clients/firing-history.js';
import type { DeliveryCatalogues } from '../deliveries/delivery-catalogues.js';
import { consumerInfo, type Destination } from '../deliveries/destination.js';
import type { JsonValue } from '../deliveries/firing-json.js';
import { redeliver, redeliverRange } from '../deliveries/redelivery.js';
import type { Subscribers } from '../deliveries/subscriber.js';
import { testFiring } from '../deliveries/test-firing.js';
import type { UndeliveredAt, UndeliveredStore } from '../deliveries/undelivered.js';
import { DeskError } from '../errors.js';
import { explanationOf } from './explanation.js';

export interface DestinationState {
  readonly name: string;
  readonly trigger: string;
  readonly url: string;
  /** Its receiver answered 410. */
  readonly disabled: boolean;
  /** Under way or waiting for another attempt. */
  readonly open: number;
  /** Behind those. */
  readonly waiting: number;
  /** Given up, and neither replayed nor discarded. */
  readonly undelivered: number;
  /** Since when it keeps failing, ms, and of what; absent while it works. */
  readonly failingSince?: number;
  readonly failure?: string;
}

export interface DeskOptions {
  readonly catalogues: DeliveryCatalogues;
  readonly undelivered: UndeliveredStore;
  readonly history: FiringHistory;
  readonly subscribers: Subscribers;
  readonly js: JetStreamClient;
  readonly manager: JetStreamManager;
  /** A new id for a replay or a test. */
  readonly newId: () => string;
  readonly now: () => number;
}

/** Attempts that one firing is shown with. */
const ATTEMPTS_MAX = 500;

/** Everything throws DeskError. */
export class DeliveryDesk {
  constructor(private readonly options: DeskOptions) {}

  /** Of named subscribers; they throw errors of their own. */
  get subscribers(): Subscribers {
    return this.options.subscribers;
  }

  async destinations(workspace: string): Promise<DestinationState[]> {
    const { catalogues, manager, undelivered } = this.options;
    const known = catalogues.destinations().filter((destination) => destination.workspace === workspace);
    return inReach(async () => {
      const counts = await undelivered.counts(workspace);
      return Promise.all(
        known.map(async (destination) => {
          const { name, trigger, url } = destination;
          const info = await consumerInfo(manager, name);
          const failing = catalogues.failingOf(destination);
          return {
            ...{ name, trigger, url, disabled: catalogues.isDisabled(destination) },
            open: info?.num_ack_pending ?? 0,
            waiting: info?.num_pending ?? 0,
            undelivered: counts.get(name) ?? 0,
            ...(failing === undefined ? {} : { failingSince: failing.since, failure: failing.failure }),
          };
        }),
      );
    });
  }

  async enable(workspace: string, destination: string): Promise<void> {
    const found = this.destination(workspace, destination);
    await inReach(() => this.options.catalogues.enable(found));
  }

  undelivered(asked: {
    workspace: string;
    destination: string;
    after: number;
    limit: number;
  }): Promise<UndeliveredAt[]> {
    return inReach(() => this.options.undelivered.list(asked));
  }

  /** In the order of the positions, so that firings of one profile come in theirs. */
  async replayUndelivered(
    workspace: string,
    positions: readonly number[],
  ): Promise<{ replayed: number[]; refused: number[] }> {
    const { undelivered, js } = this.options;
    const replayed: number[] = [];
    const refused: number[] = [];
    for (const position of inOrder(positions)) {
      const letter = await inReach(() => undelivered.get(workspace, position));
      const destination = letter && this.find(workspace, letter.destination);
      if (letter === undefined || destination === undefined) {
        refused.push(position);
        continue;
      }
      // The id is that of the place: asked for twice, or after a crash between the two steps, it is still given once.
      const replayId = `undelivered-${position}`;
      const { body, firingId: key } = letter;
      await inReach(async () => {
        await redeliver(js, { destination, body, replayId, key });
        await undelivered.delete(position);
      });
      replayed.push(position);
    }
    return { replayed, refused };
  }

  async discardUndelivered(
    workspace: string,
    positions: readonly number[],
  ): Promise<{ discarded: number[]; refused: number[] }> {
    const { undelivered } = this.options;
    const discarded: number[] = [];
    const refused: number[] = [];
    for (const position of inOrder(positions)) {
      const letter = await inReach(() => undelivered.get(workspace, position));
      if (letter === undefined) {
        refused.push(position);
        continue;
      }
      await inReach(() => undelivered.delete(position));
      discarded.push(position);
    }
    return { discarded, refused };
  }

  async replayFirings(asked: {
    workspace: string;
    destination: string;
    from: number;
    to: number;
    replayId: string;
  }): Promise<{ replayId: string; firings: number; continueFrom?: number | undefined }> {
    const { js, newId } = this.options;
    const { workspace, from, to } = asked;
    const destination = this.destination(workspace, asked.destination);
    const replayId = asked.replayId === '' ? newId() : asked.replayId;
    const replayed = await inReach(() => redeliverRange(js, { destination, from, to, replayId }));
    return { replayId, ...replayed };
  }

  /** Sends a marked firing to each webhook of a trigger, whatever its condition and frequency say; nothing is recorded as fired. */
  async test(asked: {
    workspace: string;
    trigger: string;
    profileId: string;
    identifiers: readonly Identifier[];
    attributes: Readonly<Record<string, JsonValue>>;
  }): Promise<{ firingId: string; destinations: string[] }> {
    const { catalogues, js, newId, now } = this.options;
    const { workspace, trigger: name, ...profile } = asked;
    const catalogue = catalogues.catalogueOf(workspace);
    const trigger = catalogue?.triggers.find((each) => each.name === name);
    if (catalogue === undefined || trigger === undefined) throw new DeskError('noTrigger');
    const id = `test-${newId()}`;
    const { revision } = catalogue;
    const body = JSON.stringify(testFiring({ id, workspace, revision, trigger, ...profile, now: now() }));
    const destinations = catalogues
      .destinations()
      .filter((destination) => destination.workspace === workspace && destination.trigger === name);
    await inReach(() =>
      Promise.all(destinations.map((destination) => redeliver(js, { destination, body, replayId: 'test', key: id }))),
    );
    return { firingId: id, destinations: destinations.map((destination) => destination.name) };
  }

  attempts(asked: { workspace: string; firingId: string; destination: string; limit: number }): Promise<PastAttempt[]> {
    return this.options.history.attempts(asked);
  }

  firings(asked: FiringsAsked): Promise<{ firings: PastFiring[]; nextPage: string }> {
    return this.options.history.firings(asked);
  }

  /** With its attempts, the oldest first, and why it fired or did not. */
  async firing(
    workspace: string,
    firingId: string,
  ): Promise<{ firing: PastFiring; attempts: PastAttempt[]; explanation: string[] }> {
    const { history } = this.options;
    const firing = await history.firing(workspace, firingId);
    if (firing === undefined) throw new DeskError('noFiring');
    const attempts = await history.attempts({ workspace, firingId, destination: '', limit: ATTEMPTS_MAX });
    return { firing, attempts: attempts.reverse(), explanation: explanationOf(firing) };
  }

  private find(workspace: string, name: string): Destination | undefined {
    return this.options.catalogues
      .destinations()
      .find((destination) => destination.workspace === workspace && destination.name === name);
  }

  private destination(workspace: string, name: string): Destination {
    const found = this.find(workspace, name);
    if (found === undefined) throw new DeskError('noDestination');
    return found;
  }
}

/** The stream that this file is about must answer; anything else that fails keeps its own name. */
async function inReach<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof OperatingError) throw cause;
    throw new DeskError('logSilent', `The log ${DELIVERIES_STREAM} does not answer now.`, cause);
  }
}

function inOrder(positions: readonly number[]): number[] {
  return [...new Set(positions)].sort((a, b) => a - b);
}
