/** `npm run sim -- <seed> [count] [events]`: replays one seed, or as many as asked for from it on; exit code 1 if one fails. */
import { describeDifference } from './difference.js';
import { runSeed, shrinkSeed } from './seed.js';

const [first = '1', count = '1', events] = process.argv.slice(2);
const seeds = Array.from({ length: Number(count) }, (_, index) => Number(first) + index);
if (!seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0) || seeds.length === 0) {
  console.error('usage: npm run sim -- <seed> [count] [events]');
  process.exit(2);
}
let failed = 0;
for (const seed of seeds) {
  const outcome = await runSeed(seed, events === undefined ? {} : { events: Number(events) });
  if (outcome.differences.length === 0) continue;
  failed++;
  const smallest = await shrinkSeed(outcome);
  console.log(`seed ${seed} fails with ${outcome.events} events, and with as few as ${smallest.events}:`);
  console.log(describeDifference(smallest.differences[0]!));
}
console.log(`${seeds.length} seeds, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
