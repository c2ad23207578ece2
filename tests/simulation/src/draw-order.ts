/** Draws conditions about first and last times, about events since others, and about events one after the other. */
import type { Random } from '@attrium/testing/simulation';
import type { ConditionText, StepText } from './definitions.js';

/** `drawStep` draws which events; `windows` are durations to choose among. */
export function drawInOrder(random: Random, drawStep: () => StepText, windows: readonly string[]): ConditionText {
  const kind = random.int(4);
  if (kind === 0) return { ...drawStep(), [random.pick(['first_time', 'last_time'])]: drawTest(random, windows) };
  if (kind === 1) {
    const least = 1 + random.int(3);
    const times = random.pick<ConditionText>([{}, { at_least: least }, { at_most: random.int(3) }, { exactly: least }]);
    const did = random.chance(0.6) ? { did: true as const } : { did_not: true as const };
    return { ...drawStep(), ...times, ...did, since: drawStep() };
  }
  const sequence = Array.from({ length: 2 + random.int(random.chance(0.3) ? 3 : 1) }, (_, index) => ({
    ...drawStep(),
    ...(index > 0 && random.chance(0.6) ? { within: random.pick(windows) } : {}),
  }));
  return { sequence, ...(random.chance(0.5) ? { within: random.pick(windows) } : {}) };
}

function drawTest(random: Random, windows: readonly string[]): Record<string, unknown> {
  const second = random.int(40);
  const instant = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();
  return random.pick<Record<string, unknown>>([
    { older_than: random.pick(windows) },
    { newer_than: random.pick(windows) },
    { older_than: '2s', newer_than: '20s' },
    { [random.pick(['before', 'after'])]: instant(second) },
    { between: [instant(second), instant(second + random.int(20))] },
  ]);
}

/** Of event times, within a run. */
export function drawRange(random: Random): ConditionText {
  const instant = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();
  const second = random.int(40);
  return random.pick<ConditionText>([
    { after: instant(second) },
    { before: instant(second) },
    { between: [instant(second), instant(second + random.int(20))] },
  ]);
}
