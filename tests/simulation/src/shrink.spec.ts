import type { StageBinding } from '@attrium/processor';
import { describe, expect, it } from '@jest/globals';
import { dependingOnOrder, forgettingToSuppress } from './broken-bindings.js';
import { readRequest } from './command-line.js';
import { describeDifference } from './difference.js';
import { ALL_FAULTS, type FaultSelection, faultsText } from './fault-kinds.js';
import { eventsOf, runSeed, type SeedOptions, type SeedOutcome } from './seed.js';
import { describeFailure } from './seed-report.js';
import { eventsSent, replayCommand, shrinkSeed } from './shrink.js';

/** The first seed from one on that fails with these stages. */
async function firstFailure(bindings: readonly StageBinding[], from = 1): Promise<SeedOutcome> {
  for (let seed = from; seed <= from + 50; seed++) {
    const outcome = await runSeed(seed, { bindings });
    if (outcome.differences.length > 0) return outcome;
  }
  throw new Error('no seed shows the fault');
}

/** The smallest case of the first few failures: some need many events, because it takes several to make a profile or a session, and some a fault that makes events late. */
async function smallestCase(bindings: readonly StageBinding[], eventsMax: number): Promise<SeedOutcome> {
  let failed = await firstFailure(bindings);
  let smallest = await shrinkSeed(failed, { bindings });
  const excessOf = (outcome: SeedOutcome): number =>
    Math.max(0, eventsSent(outcome).length - eventsMax) + (faultsText(outcome.faults) === 'none' ? 0 : 1);
  for (let more = 0; more < 6 && excessOf(smallest) > 0; more++) {
    failed = await firstFailure(bindings, failed.seed + 1);
    const other = await shrinkSeed(failed, { bindings });
    if (excessOf(other) < excessOf(smallest)) smallest = other;
  }
  return smallest;
}

/** Runs the case that the printed command stands for. */
function replay(command: string, bindings: readonly StageBinding[]): Promise<SeedOutcome> {
  const request = readRequest(command.split(' ').slice(4));
  const { first, events = eventsOf(first!), only, faults = ALL_FAULTS } = request!;
  return runSeed(first!, { events, only, bindings, faults });
}

const faultsIn = ({ happened }: SeedOutcome): number => [...happened.values()].flat().length;
const caseOf = ({ events, only, faults }: SeedOutcome): SeedOptions => ({ events, only, faults });

/** The faults of a case, each time without one of them. */
function* withoutOne({ faults, happened }: SeedOutcome): Iterable<FaultSelection> {
  for (const [kind, numbers] of happened) {
    for (const number of numbers) {
      const left = numbers.filter((other) => other !== number);
      const fewer = new Map(faults);
      if (left.length === 0) fewer.delete(kind);
      else fewer.set(kind, new Set(left));
      yield fewer;
    }
  }
}

describe('a seed that fails', () => {
  it('is shrunk to a few events and no fault where the fault is in a reducer that depends on order', async () => {
    const bindings = dependingOnOrder();
    const smallest = await smallestCase(bindings, 3);
    expect(smallest.differences[0]).toMatchObject({ check: 'naive recomputation', stage: 'attribute-compute' });
    // One that counts, and one that is older and comes later.
    expect(eventsSent(smallest).length).toBeLessThanOrEqual(3);
    expect(faultsText(smallest.faults)).toBe('none');
    for (const left of eventsSent(smallest)) {
      const only = new Set(eventsSent(smallest).filter((number) => number !== left));
      const fewer = await runSeed(smallest.seed, { ...caseOf(smallest), only, bindings });
      expect(fewer.differences).toEqual([]);
    }
  }, 180_000);

  it('keeps the faults that it needs and no other, and prints the command that replays it', async () => {
    const bindings = forgettingToSuppress();
    const failed = await firstFailure(bindings);
    const smallest = await shrinkSeed(failed, { bindings });
    expect(smallest.differences[0]).toMatchObject({ stage: 'journey-trigger' });
    expect(eventsSent(smallest).length).toBeLessThan(failed.events);
    expect(faultsIn(smallest)).toBeGreaterThan(0);
    expect(faultsIn(smallest)).toBeLessThan(faultsIn(failed));
    for (const faults of withoutOne(smallest)) {
      const { differences } = await runSeed(smallest.seed, { ...caseOf(smallest), faults, bindings });
      expect(differences).toEqual([]);
    }

    const text = describeDifference(smallest.differences[0]!);
    const command = replayCommand(smallest);
    for (let times = 0; times < 2; times++) {
      const { differences } = await replay(command, bindings);
      expect(differences.map(describeDifference)).toEqual([text]);
    }
    const printed = await describeFailure(smallest, { bindings });
    expect(printed).toContain(text);
    expect(printed).toContain(command);
  }, 180_000);
});

describe('the command line', () => {
  it('reads a seed, a number of seeds, events and faults', () => {
    expect(readRequest(['17', '--events', '9', '--only', '0+4', '--faults', 'crash,lost-answer:2+5'])).toEqual({
      first: 17,
      count: 1,
      events: 9,
      only: new Set([0, 4]),
      faults: new Map<string, unknown>([
        ['crash', 'all'],
        ['lost-answer', new Set([2, 5])],
      ]),
      workers: undefined,
    });
    expect(readRequest(['1', '300'])).toMatchObject({ first: 1, count: 300, events: undefined, faults: undefined });
    expect(readRequest(['--minute', '--workers', '1'])).toMatchObject({
      first: undefined,
      count: undefined,
      workers: 1,
    });
  });

  it.each([
    [[]],
    [['x']],
    [['1', '0']],
    [['1', '2', '3']],
    [['--minute', '4']],
    [['1', '--faults', 'crashes']],
    [['1', '--events']],
  ])('refuses %j', (args: string[]) => {
    expect(readRequest(args)).toBeUndefined();
  });
});
