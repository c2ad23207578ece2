/** The shortest form of the chaos runs: each service and nats-server killed once under load, and one partition with two owners. */
import { expect, it } from '@jest/globals';
import { isGood, lastLine, runChaos } from './chaos.js';

it('nothing is lost, doubled or reordered when parts are killed and a partition has two owners', async () => {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const outcome = await runChaos({ form: 'ci', seed: 20_260_101, eventsPerSecond: 500, only: [], say });
  const report = [...lines, ...outcome.differences, outcome.failure ?? '', lastLine(outcome)].join('\n');
  if (!isGood(outcome)) throw new Error(report);
  expect(outcome.faults).toBe(8);
  expect(outcome.acknowledged).toBeGreaterThan(1_000);
}, 600_000);
