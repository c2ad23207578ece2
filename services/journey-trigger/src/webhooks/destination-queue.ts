/**
 * The deliveries of one webhook destination: those of one profile one after another, those of others beside them, each tried until it is
 * taken, given up or too old; while the destination fails, one probe at a time.
 */
import type { Clock } from '@attrium/processor';
import { CircuitBreaker } from './circuit-breaker.js';
import { type RetrySettings, retryDelayMs } from './retry.js';
import type { AttemptOutcome } from './webhook-attempt.js';

export interface Delivery {
  /** Position in the deliveries log. */
  readonly sequence: number;
  readonly firingId: string;
  readonly profile: string;
  readonly body: string;
  /** When the deliveries log stored it, ms. */
  readonly storedAt: number;
  /** When the line came to know of the firing, ms. */
  readonly recordedAt: number;
  /** Id of the replay that asks for it; undefined for the first delivery. */
  readonly replay?: string | undefined;
  /** Takes it out of the log's list of what is open. */
  done(): void;
}

export interface QueueSettings extends RetrySettings {
  /** Age from which on a delivery that fails goes to the dead letters. */
  readonly ageMsMax: number;
  /** Attempts at the same time. */
  readonly attemptsMax: number;
  /** Attempts a second, evenly spread; undefined: no limit. */
  readonly perSecond?: number | undefined;
  readonly breakerFailuresMax: number;
  readonly probeDelayMsMax: number;
}

export interface QueueOptions {
  readonly settings: QueueSettings;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** One attempt, the n-th of this delivery; does not throw. */
  readonly attempt: (delivery: Delivery, attempts: number) => Promise<AttemptOutcome>;
  /** Why no attempt can be made now (the secret is missing); undefined when it can. */
  readonly obstacle: () => string | undefined;
  /** Its profile was erased: it is dropped, untried. By default none is. */
  readonly isErased?: (delivery: Delivery) => boolean;
  /** Keeps what is given up; false when it could not before the end. Does not throw. */
  readonly giveUp: (delivery: Delivery, reason: string) => Promise<boolean>;
  /** The receiver wants no more. */
  readonly gone: () => void;
  readonly observe: (occurrence: QueueOccurrence) => void;
}

export type QueueOccurrence =
  | { readonly kind: 'delivered'; readonly delivery: Delivery }
  | { readonly kind: 'failed'; readonly delivery: Delivery; readonly outcome: AttemptOutcome & { kind: 'failed' } }
  | { readonly kind: 'given-up'; readonly delivery: Delivery; readonly reason: string; readonly attempts: number }
  | { readonly kind: 'dropped'; readonly delivery: Delivery }
  | { readonly kind: 'erased'; readonly delivery: Delivery }
  | { readonly kind: 'breaker'; readonly open: boolean };

interface Waiting {
  delivery: Delivery;
  attempts: number;
  dueAt: number;
  busy: boolean;
}

/** How much of the attempts a second may be made up for. */
const SLOT_LATENESS_MS = 20;

/** So many finished deliveries are known: if one comes again, its end was not heard. */
const FINISHED_MAX = 1_024;

export class DestinationQueue {
  /** Of each profile, by rising sequence; only the first of each is tried. */
  private readonly lanes = new Map<string, Waiting[]>();
  private readonly finished = new Set<number>();
  private readonly breaker: CircuitBreaker;
  private busy = 0;
  private waiting = 0;
  private notBefore = 0;
  /** When the next attempt may begin by the limit of attempts a second. */
  private slotAt = 0;
  private held = true;
  private ended = false;
  private timer: { cancel(): void } | undefined;

  constructor(private readonly options: QueueOptions) {
    const { breakerFailuresMax, probeDelayMsMax, delayMsMin } = options.settings;
    this.breaker = new CircuitBreaker(
      { failuresMax: breakerFailuresMax, probeDelayMsMin: delayMsMin, probeDelayMsMax },
      options.random,
    );
  }

  /** Deliveries that are not finished. */
  get size(): number {
    return this.waiting;
  }

  get isOpen(): boolean {
    return this.breaker.isOpen;
  }

  /** Takes a delivery in; one that is here already takes the place of its former self. */
  add(delivery: Delivery): void {
    if (this.finished.has(delivery.sequence)) {
      delivery.done();
      return;
    }
    if (this.isErased(delivery)) {
      this.options.observe({ kind: 'erased', delivery });
      delivery.done();
      return;
    }
    const lane = this.lanes.get(delivery.profile) ?? [];
    this.lanes.set(delivery.profile, lane);
    const known = lane.find((waiting) => waiting.delivery.sequence === delivery.sequence);
    if (known !== undefined) {
      known.delivery = delivery;
      return;
    }
    const later = lane.findIndex((waiting) => waiting.delivery.sequence > delivery.sequence);
    lane.splice(later < 0 ? lane.length : later, 0, { delivery, attempts: 0, dueAt: 0, busy: false });
    this.waiting++;
    this.proceed();
  }

  /** Begins to try: what is open from before has all arrived. */
  release(): void {
    this.held = false;
    this.proceed();
  }

  /** Makes no further attempts; those under way end. */
  async end(): Promise<void> {
    this.ended = true;
    this.timer?.cancel();
    while (this.busy > 0) await new Promise<void>((resolve) => this.options.clock.after(5, resolve));
  }

  /** Finishes whatever waits, untried: nobody wants it any more. */
  drop(): void {
    for (const lane of [...this.lanes.values()]) {
      for (const waiting of lane.filter(({ busy }) => !busy)) {
        this.options.observe({ kind: 'dropped', delivery: waiting.delivery });
        this.finish(waiting);
      }
    }
  }

  /** Finishes what waits for a profile that was erased meanwhile, untried. An attempt under way ends, and is not made again. */
  dropErased(profile: string): void {
    for (const waiting of this.lanes.get(profile)?.filter(({ busy }) => !busy) ?? []) this.erase(waiting);
    this.proceed();
  }

  private isErased(delivery: Delivery): boolean {
    return this.options.isErased?.(delivery) === true;
  }

  private erase(waiting: Waiting): void {
    this.options.observe({ kind: 'erased', delivery: waiting.delivery });
    this.finish(waiting);
  }

  /** Starts what may be started, and comes back when the next may. */
  proceed(): void {
    if (this.held || this.ended || this.options.obstacle() !== undefined) return;
    const now = this.options.clock.now();
    const next = this.breaker.isOpen ? this.startProbe(now) : this.startDue(now);
    this.timer?.cancel();
    this.timer = undefined;
    if (next === undefined) return;
    // Timers of the platform overflow beyond 24 days; an hour is as good a reason to look again.
    this.timer = this.options.clock.after(Math.min(Math.max(next - now, 1), 3_600_000), () => this.proceed());
  }

  /** The time of the next thing to do; undefined when only an arrival or the end of an attempt changes anything. */
  private startDue(now: number): number | undefined {
    const heads = this.heads();
    if (heads.length === 0) return undefined;
    if (now < this.notBefore) return this.notBefore;
    let next: number | undefined;
    for (const head of heads.sort((a, b) => a.delivery.sequence - b.delivery.sequence)) {
      if (this.busy >= this.options.settings.attemptsMax) return undefined;
      if (head.dueAt <= now && now < this.slotAt) return this.slotAt;
      if (head.dueAt <= now) void this.try(head);
      else next = Math.min(next ?? head.dueAt, head.dueAt);
    }
    return next;
  }

  /** The least tried first: what makes the receiver fail may be one delivery alone. */
  private startProbe(now: number): number | undefined {
    if (this.busy > 0) return undefined;
    const at = Math.max(this.breaker.probeAt, this.notBefore, this.slotAt);
    const [probe] = this.heads().sort((a, b) => a.attempts - b.attempts || a.delivery.sequence - b.delivery.sequence);
    if (probe === undefined) return undefined;
    if (now < at) return at;
    void this.try(probe);
    return undefined;
  }

  private heads(): Waiting[] {
    const heads: Waiting[] = [];
    for (const [head] of this.lanes.values()) if (head !== undefined && !head.busy) heads.push(head);
    return heads;
  }

  private async try(waiting: Waiting): Promise<void> {
    waiting.busy = true;
    waiting.attempts++;
    this.takeSlot();
    this.busy++;
    const outcome = await this.options.attempt(waiting.delivery, waiting.attempts);
    this.busy--;
    waiting.busy = false;
    await this.settle(waiting, outcome);
    this.proceed();
  }

  private takeSlot(): void {
    const { settings, clock } = this.options;
    if (settings.perSecond === undefined) return;
    // A timer that was late must not cost the attempts of that time.
    this.slotAt = Math.max(this.slotAt, clock.now() - SLOT_LATENESS_MS) + 1_000 / settings.perSecond;
  }

  private async settle(waiting: Waiting, outcome: AttemptOutcome): Promise<void> {
    const { observe, clock } = this.options;
    const wasOpen = this.breaker.isOpen;
    if (outcome.kind === 'failed') {
      observe({ kind: 'failed', delivery: waiting.delivery, outcome });
      this.breaker.failed(clock.now());
      if (!wasOpen && this.breaker.isOpen) observe({ kind: 'breaker', open: true });
      if (this.isErased(waiting.delivery)) this.erase(waiting);
      else await this.retryLater(waiting, outcome);
    } else {
      this.breaker.succeeded();
      if (wasOpen) observe({ kind: 'breaker', open: false });
      if (outcome.kind === 'delivered') observe({ kind: 'delivered', delivery: waiting.delivery });
      this.finish(waiting);
      // It works again: nothing has a reason to wait any longer.
      if (wasOpen) for (const head of this.heads()) head.dueAt = 0;
    }
    if (outcome.kind === 'gone') this.options.gone();
  }

  private async retryLater(waiting: Waiting, outcome: AttemptOutcome & { kind: 'failed' }): Promise<void> {
    const { settings, clock, random } = this.options;
    const now = clock.now();
    const age = now - waiting.delivery.storedAt;
    // By age alone, a first failure after a long outage would wait for as long as the outage was.
    const sinceFirst = settings.delayMsMin * 2 ** (waiting.attempts - 1);
    waiting.dueAt = now + retryDelayMs(Math.min(age, sinceFirst), random(), settings);
    if (outcome.retryAfterMs !== undefined) {
      const wait = Math.min(outcome.retryAfterMs, settings.delayMsMax);
      this.notBefore = Math.max(this.notBefore, now + wait);
      waiting.dueAt = Math.max(waiting.dueAt, this.notBefore);
    }
    // While the breaker is open, one attempt speaks for all that wait.
    const tried = this.breaker.isOpen ? this.heads() : [waiting];
    const tooOld = tried.filter(({ delivery }) => now - delivery.storedAt >= settings.ageMsMax);
    await Promise.all(tooOld.map((old) => this.giveUp(old, outcome.detail)));
  }

  private async giveUp(waiting: Waiting, reason: string): Promise<void> {
    if (this.isErased(waiting.delivery)) {
      this.erase(waiting);
      return;
    }
    // Nobody else may try it meanwhile.
    waiting.busy = true;
    if (!(await this.options.giveUp(waiting.delivery, reason))) return;
    const { delivery, attempts } = waiting;
    this.options.observe({ kind: 'given-up', delivery, reason, attempts });
    this.finish(waiting);
  }

  private finish(waiting: Waiting): void {
    const { delivery } = waiting;
    const lane = this.lanes.get(delivery.profile)!;
    lane.splice(lane.indexOf(waiting), 1);
    if (lane.length === 0) this.lanes.delete(delivery.profile);
    this.waiting--;
    this.finished.add(delivery.sequence);
    if (this.finished.size > FINISHED_MAX) this.finished.delete(this.finished.values().next().value!);
    delivery.done();
  }
}
