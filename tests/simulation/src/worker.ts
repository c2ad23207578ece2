/** A process that runs the seeds it is sent, and ends when its parent lets go. */
import { parseFaults } from './fault-kinds.js';
import { reportSeeds } from './seed-report.js';
import type { SeedPart } from './workers.js';

// Each start and each end of a simulated process makes an error that nobody reads; its stack is the dear part of it.
Error.stackTraceLimit = 0;

process.on('message', ({ first, count, events, faults }: SeedPart) => {
  const seeds = Array.from({ length: count }, (_, index) => first + index);
  const selection = faults === undefined ? undefined : parseFaults(faults);
  const options = {
    ...(events === undefined ? {} : { events }),
    ...(selection === undefined ? {} : { faults: selection }),
  };
  void reportSeeds(seeds, options).then((report) => process.send?.(report));
});
