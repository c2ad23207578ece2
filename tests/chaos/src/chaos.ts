/** One run: the system under load, each fault in turn with its books, then everything at rest and compared as a whole. */
import { Random } from '@attrium/testing/simulation';
import { Customers } from './customers.js';
import type { Fault, Form, Scene } from './fault.js';
import { backfills } from './faults/backfills.js';
import { inputs } from './faults/inputs.js';
import { kills } from './faults/kills.js';
import { outages } from './faults/outages.js';
import { owners } from './faults/owners.js';
import { Ledger } from './ledger/ledger.js';
import { Load } from './load.js';
import { type FaultOutcome, headline, outcomeLine, Stalls } from './report.js';
import { ChaosSystem } from './system.js';
import { type Counts, countsText, isClean, Tally } from './tally.js';
import { pause } from './until.js';
import { WebhookReceiver } from './webhook-receiver.js';

export interface ChaosOptions {
  readonly form: Form;
  readonly seed: number;
  readonly eventsPerSecond: number;
  /** Only faults whose name holds one of these; empty for all. */
  readonly only: readonly string[];
  readonly say: (line: string) => void;
}

export interface ChaosOutcome {
  readonly faults: number;
  readonly counts: Counts;
  readonly differences: readonly string[];
  /** What kept the run from its end. */
  readonly failure: string | undefined;
  readonly acknowledged: number;
}

const EVENTS_MAX: Readonly<Record<Form, number>> = { short: 3_000_000, long: 20_000_000 };
const WARM_UP_MS = 4_000;
/** What takes longer to come through is told. */
const SLOW_SECONDS = 5;
/** A new owner reads its log from the start, and a backfill all of history: the sooner they come, the less there is to read. */
export const FAULTS: readonly Fault[] = [...owners, ...backfills, ...kills, ...outages, ...inputs];

export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const receiver = await WebhookReceiver.open();
  let run: ChaosRun | undefined;
  try {
    run = new ChaosRun(options, receiver, await ChaosSystem.start(receiver.url));
    return await run.run();
  } finally {
    await run?.close();
    await receiver.close();
  }
}

class ChaosRun {
  private readonly tally = new Tally();
  private readonly random: Random;
  private readonly load: Load;
  private readonly ledger: Ledger;
  private faults = 0;
  private loadStartedAt = 0;
  /** Differences that were printed. */
  private shown = 0;

  constructor(
    private readonly options: ChaosOptions,
    private readonly receiver: WebhookReceiver,
    private readonly system: ChaosSystem,
  ) {
    const { seed, form, eventsPerSecond } = options;
    this.random = new Random(seed);
    this.load = new Load(system.service('ingest').options.httpUrl, {
      eventsPerSecond,
      writeKey: system.writeKey,
      customers: new Customers(seed),
      random: this.random.fork(),
      eventsMax: EVENTS_MAX[form],
      hasRoom: () => this.ledger.hasRoom,
    });
    this.ledger = new Ledger({ system, load: this.load, receiver, tally: this.tally, eventsMax: EVENTS_MAX[form] });
  }

  async run(): Promise<ChaosOutcome> {
    const { say } = this.options;
    let failure: string | undefined;
    try {
      this.load.start();
      this.loadStartedAt = performance.now();
      await pause(WARM_UP_MS);
      await this.ledger.settle();
      say(headline());
      for (const fault of this.chosen()) await this.runFault(fault);
      await this.end();
    } catch (error) {
      failure = (error as Error).stack ?? String(error);
    }
    const { tally, load, faults } = this;
    failure ??= load.fault;
    return {
      faults,
      counts: tally.counts,
      differences: tally.differences,
      failure,
      acknowledged: load.acknowledgedCount,
    };
  }

  async close(): Promise<void> {
    this.load.close();
    await this.ledger.close();
    await this.system.stop();
  }

  private chosen(): Fault[] {
    const { form, only } = this.options;
    return FAULTS.filter(
      ({ name, rounds }) => rounds[form] > 0 && (only.length === 0 || only.some((text) => name.includes(text))),
    );
  }

  private async runFault(fault: Fault): Promise<void> {
    const { form, say } = this.options;
    const { ledger, tally, load, system, receiver } = this;
    const marks: number[] = [];
    const notes: string[] = [];
    const scene: Scene = {
      ...{ system, load, receiver, ledger, random: this.random, tally },
      mark: () => void marks.push(Date.now()),
      note: (text) => void (notes.includes(text) || notes.push(text)),
    };
    const rounds = fault.rounds[form];
    const obstacle = fault.obstacle?.(scene);
    if (obstacle !== undefined) {
      say(`${fault.name}: left out, ${obstacle}`);
      return;
    }
    const failuresBefore = load.failureCount;
    const crashesBefore = system.crashes.length;
    const { deliveries } = ledger;
    const outOfOrderBefore = deliveries.outOfOrder;
    deliveries.isOrderPromised = fault.hasTwoSenders !== true;
    for (let round = 0; round < rounds; round++) await fault.run(scene);
    const settled = await ledger.settle();
    const [events, facts, webhooks] = settled;
    if (Math.max(...settled) >= SLOW_SECONDS) {
      notes.push(`all through after ${events} s events, ${facts} s facts, ${webhooks} s deliveries`);
    }
    deliveries.isOrderPromised = true;
    const outOfOrder = deliveries.outOfOrder - outOfOrderBefore;
    if (fault.hasTwoSenders === true) notes.push(`${outOfOrder} webhooks out of order`);
    this.faults += rounds;
    const outcome: FaultOutcome = {
      name: fault.name,
      rounds,
      counts: tally.takeCounts(),
      facts: Stalls.of(ledger.times[fault.log ?? 'firings'], marks, Date.now()),
      webhooks: Stalls.of(receiver.times, marks, Date.now()),
      retried: load.failureCount - failuresBefore,
      crashes: system.crashes.slice(crashesBefore),
      notes,
    };
    say(outcomeLine(outcome));
    for (; this.shown < tally.differences.length; this.shown++) say(tally.differences[this.shown]!);
  }

  /** Ends the load, waits for rest, compares what can be compared only then. */
  private async end(): Promise<void> {
    const { say } = this.options;
    const { ledger, load, tally, receiver } = this;
    await load.stop();
    const seconds = (performance.now() - this.loadStartedAt) / 1_000;
    await ledger.comeToRest();
    const { answers, rows } = await ledger.compareState(this.random);
    const { events, deliveries } = ledger;
    for (const name of await this.system.stopServices()) tally.lost(1, `${name} did not end in order`);
    const stored = await ledger.compareStores();
    say(
      [
        `events     ${load.count} sent (${Math.round(load.count / seconds)} a second), ${load.acknowledgedCount} acknowledged, ${load.leftCount} left without an answer, ` +
          `${load.repeatedBatches} batches sent again; ${events.resolvedCount} resolved`,
        `facts      ${ledger.facts} equal to the fold of their logs, with ${ledger.merges} records of merges; ` +
          `${ledger.deadLetters.length} dead letters`,
        `deliveries ${deliveries.firingCount} firings, ${receiver.arrivals.length} by webhook; of equal ids again: ` +
          `${deliveries.repeatedDeliveries} deliveries, ${receiver.repeated} webhooks`,
        `tables     ${rows} rows compared`,
        `answers    ${answers} compared`,
        `state      ${stored} stored rows compared with an offline fold from the first message`,
        `at rest    ${countsText(tally.takeCounts())}`,
      ].join('\n'),
    );
  }
}

export function lastLine({ faults, counts }: ChaosOutcome): string {
  return `chaos: ${faults} faults, ${countsText(counts)}`;
}

export function isGood({ counts, failure }: ChaosOutcome): boolean {
  return failure === undefined && isClean(counts);
}
