/** `npm run replay:record`: records a log of this release's versions; refuses when there is one. */
import { lineBindings } from '@attrium/simulation';
import { recordLine } from './record-line.js';
import { LOG_BYTES_MAX, logNameOf, recordedLogs, textOfLog, writeLog } from './recorded-log.js';

/** Lines that are drawn until one has everything. */
const SEEDS_MAX = 2_000;

const name = logNameOf(lineBindings());
if (recordedLogs().includes(name)) {
  console.error(`${name} is recorded already: a log is never overwritten (tests/replay/README.md)`);
  process.exit(1);
}
process.exitCode = (await record(name)) ? 0 : 1;

async function record(name: string): Promise<boolean> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const { log, lacks } = await recordLine(seed);
    const text = textOfLog(log);
    if (lacks.length < fewest) {
      fewest = lacks.length;
      console.log(`seed ${seed}: ${text.length} bytes${lacks.length === 0 ? '' : `, lacks ${lacks.join('; ')}`}`);
    }
    if (lacks.length > 0 || text.length > LOG_BYTES_MAX) continue;
    console.log(`wrote ${writeLog(name, text)}`);
    return true;
  }
  console.error(`no line of ${SEEDS_MAX} has everything within ${LOG_BYTES_MAX} bytes`);
  return false;
}
