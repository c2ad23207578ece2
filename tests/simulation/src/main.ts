/** `npm run sim -- <seed> [count]` and `-- --minute`: replays one seed, or runs many on all cores; exit code 1 if one fails. */
import { randomInt } from 'node:crypto';
import { readRequest, type SimulationRequest, USAGE } from './command-line.js';
import { describeCoverage } from './coverage.js';
import { faultsText } from './fault-kinds.js';
import { reportSeeds, type SeedReport } from './seed-report.js';
import { spreadSeeds } from './workers.js';

const MINUTE_MS = 60_000;
/** Fewer are not worth the start of a process. */
const SEEDS_ALONE_MAX = 20;

const request = readRequest(process.argv.slice(2));
if (request === undefined) {
  console.error(USAGE);
  process.exit(2);
}
const report = await run(request);
console.log(`${report.seeds} seeds, ${report.failures.length} failed`);
process.exitCode = report.failures.length > 0 ? 1 : 0;

async function run({
  first = randomInt(2 ** 31),
  count,
  events,
  only,
  faults,
  workers,
}: SimulationRequest): Promise<SeedReport> {
  const startedAt = performance.now();
  if (count === undefined) console.log(`from seed ${first} on, for a minute`);
  if (count !== undefined && count <= SEEDS_ALONE_MAX) {
    const seeds = Array.from({ length: count }, (_, index) => first + index);
    const report = await reportSeeds(seeds, {
      ...(events === undefined ? {} : { events }),
      ...(only === undefined ? {} : { only }),
      ...(faults === undefined ? {} : { faults }),
    });
    for (const failure of report.failures) console.log(failure);
    return report;
  }
  const report = await spreadSeeds({
    first,
    count,
    events,
    faults: faults === undefined ? undefined : faultsText(faults),
    workers,
    isOver: () => count === undefined && performance.now() - startedAt >= MINUTE_MS,
    failed: (failure) => console.log(failure),
  });
  const minutes = (performance.now() - startedAt) / MINUTE_MS;
  console.log(describeCoverage(new Map(report.coverage), report.seeds));
  const { seeds, events: sent, cpuMs } = report;
  const pace = `${Math.round(seeds / minutes)} seeds in a minute, ${Math.round((seeds / cpuMs) * MINUTE_MS)} in a minute of one core`;
  console.log(`${pace}, ${Math.round(sent / seeds)} events a seed`);
  return report;
}
