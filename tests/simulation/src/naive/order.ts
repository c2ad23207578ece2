/** Events one after the other, and since another: by trying every choice. */
import type { StepText } from '../definitions.js';
import type { Contribution } from './reducing.js';
import { millisecondsOf } from './value.js';

const isStep = ({ value }: Contribution, step: number): boolean =>
  value?.is === 'list' && value.texts.includes(String(step));

const isAfter = (a: Contribution, b: Contribution): boolean => a.at > b.at || (a.at === b.at && a.eventId > b.eventId);

/** Whether there is one event for each step, each after the one before it and near enough to it. */
export function isFound(steps: readonly StepText[], all: readonly Contribution[]): boolean {
  const follows = (step: number, before: Contribution | undefined): boolean =>
    step === steps.length ||
    all.some((each) => {
      if (!isStep(each, step)) return false;
      const { within } = steps[step]!;
      if (before !== undefined && !isAfter(each, before)) return false;
      if (before !== undefined && within !== undefined && each.at - before.at >= millisecondsOf(within)) return false;
      return follows(step + 1, each);
    });
  return follows(0, undefined);
}

/** How many events of the first step came after all of the second, of which there is one. */
export function timesSince(all: readonly Contribution[]): number {
  const others = all.filter((each) => isStep(each, 1));
  if (others.length === 0) return 0;
  return all.filter((each) => isStep(each, 0) && others.every((other) => isAfter(each, other))).length;
}
