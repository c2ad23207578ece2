/** Makes a failing run small: the fewest events, kinds of faults and faults with which it still fails. */
import { ALL_FAULTS, type FaultKind, faultsText } from './fault-kinds.js';
import { eventsOf, runSeed, type SeedCase, type SeedOptions, type SeedOutcome } from './seed.js';

/** Runs that shrinking one seed may take: less than a minute. */
const RUNS_MAX = 1_000;

class Shrinker {
  private runs = 0;

  constructor(
    private smallest: SeedOutcome,
    private readonly options: SeedOptions,
  ) {}

  async shrink(): Promise<SeedOutcome> {
    for (let before = ''; before !== caseText(this.smallest) && this.runs < RUNS_MAX; ) {
      before = caseText(this.smallest);
      await this.fewerEvents();
      await this.fewerKinds();
      await this.fewerFaults();
    }
    return this.smallest;
  }

  /** Takes the case over if it fails too. */
  private async fails(change: Partial<SeedCase>): Promise<boolean> {
    if (this.runs >= RUNS_MAX) return false;
    this.runs++;
    const { seed, events, only, faults } = this.smallest;
    const outcome = await runSeed(seed, { ...this.options, events, only, faults, ...change });
    if (outcome.differences.length === 0) return false;
    this.smallest = outcome;
    return true;
  }

  /** The last ones first, by halving and then by single steps; then any of those that are left. */
  private async fewerEvents(): Promise<void> {
    for (let step = Math.floor(this.smallest.events / 2); step >= 1; ) {
      const events = this.smallest.events - step;
      if (events < 1 || !(await this.fails({ events }))) step = Math.floor(step / 2);
    }
    for (let size = Math.floor(eventsSent(this.smallest).length / 2); size >= 1; size = Math.floor(size / 2)) {
      await this.withoutEvents(size);
    }
  }

  private async withoutEvents(size: number): Promise<void> {
    for (let first = 0; first < eventsSent(this.smallest).length; ) {
      const sent = eventsSent(this.smallest);
      const only = new Set(sent.filter((_, index) => index < first || index >= first + size));
      if (!(await this.fails({ only }))) first += size;
    }
  }

  private async fewerKinds(): Promise<void> {
    if (await this.fails({ faults: new Map() })) return;
    // What did not happen is not needed, as long as leaving it out changes nothing else.
    for (const kind of this.smallest.faults.keys()) {
      const without = new Map(this.smallest.faults);
      if (without.delete(kind)) await this.fails({ faults: without });
    }
  }

  /** Of each kind that is left: half of those that happened, then a quarter, down to single ones. */
  private async fewerFaults(): Promise<void> {
    for (const kind of this.smallest.faults.keys()) {
      for (let size = this.happened(kind).length; size >= 1; size = Math.floor(size / 2)) {
        await this.without(kind, size);
      }
    }
  }

  private async without(kind: FaultKind, size: number): Promise<void> {
    for (let first = 0; first < this.happened(kind).length; ) {
      const numbers = this.happened(kind);
      const left = numbers.filter((_, index) => index < first || index >= first + size);
      const faults = new Map(this.smallest.faults);
      if (left.length === 0) faults.delete(kind);
      else faults.set(kind, new Set(left));
      if (!(await this.fails({ faults }))) first += size;
    }
  }

  private happened(kind: FaultKind): readonly number[] {
    return this.smallest.faults.has(kind) ? (this.smallest.happened.get(kind) ?? []) : [];
  }
}

export function shrinkSeed(failed: SeedOutcome, options: SeedOptions = {}): Promise<SeedOutcome> {
  return new Shrinker(failed, options).shrink();
}

/** The numbers of the events that a case sends. */
export function eventsSent({ events, only }: SeedCase): number[] {
  const all = Array.from({ length: events }, (_, number) => number);
  return only === undefined ? all : all.filter((number) => only.has(number));
}

const caseText = (outcome: SeedOutcome): string => replayCommand(outcome);

/** The command that runs this case again. */
export function replayCommand(shrunk: SeedCase): string {
  const { seed, events, only, faults } = shrunk;
  const size = events === eventsOf(seed) ? '' : ` --events ${events}`;
  const rest = only === undefined ? '' : ` --only ${eventsSent(shrunk).join('+') || 'none'}`;
  const which = faultsText(faults) === faultsText(ALL_FAULTS) ? '' : ` --faults ${faultsText(faults)}`;
  return `npm run sim -- ${seed}${size}${rest}${which}`;
}
