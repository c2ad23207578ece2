/** The benchmarks: `npm run bench -- <ingest|identity|line|latency|replay|stages|flink|memory|soak|outage|segments>`. They print figures and ratios, and judge nothing. */
import { benchFlink } from './flink-bench.js';
import { benchIdentity } from './identity-bench.js';
import { benchIngest } from './ingest-bench.js';
import { benchLatency } from './latency-bench.js';
import { benchLine } from './line-bench.js';
import { benchMemory } from './memory-bench.js';
import { type BenchOptions, readOptions } from './options.js';
import { benchOutage } from './outage-bench.js';
import { benchSegments } from './segments-bench.js';
import { benchSoak } from './soak-bench.js';
import { benchReplay, benchStages } from './stages-bench.js';

const BENCHMARKS: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  ingest: benchIngest,
  identity: benchIdentity,
  line: benchLine,
  latency: benchLatency,
  replay: benchReplay,
  stages: benchStages,
  flink: benchFlink,
  memory: benchMemory,
  soak: benchSoak,
  outage: benchOutage,
  segments: benchSegments,
};

const options = readOptions(process.argv.slice(2));
const bench = BENCHMARKS[options.name];
if (bench === undefined) {
  console.error(`npm run bench -- <${Object.keys(BENCHMARKS).join('|')}> [--seconds n] [--events n] [--profile] …`);
  process.exit(2);
}
await bench(options);
process.exit(0);
