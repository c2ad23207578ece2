/** `npm run chaos`: the line under faults. Ends with 1 when anything was lost, doubled or reordered. */
import { parseArgs } from 'node:util';
import { isGood, lastLine, runChaos } from './chaos.js';
import type { Form } from './fault.js';

const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rate: { type: 'string', default: '2500' },
    only: { type: 'string', multiple: true, default: [] },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const form: Form = values.long ? 'long' : 'short';
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const startedAt = performance.now();
say(`chaos, ${form} form, seed ${values.seed}, ${values.rate} events/s; stalls as p50 / max`);
const outcome = await runChaos({
  form,
  seed: Number(values.seed),
  eventsPerSecond: Number(values.rate),
  only: values.only,
  say,
});
say(`took       ${Math.round((performance.now() - startedAt) / 1_000)} s`);
for (const difference of outcome.differences) say(difference);
if (outcome.failure !== undefined) say(`the run did not come to its end: ${outcome.failure}`);
say(lastLine(outcome));
process.exit(isGood(outcome) ? 0 : 1);
