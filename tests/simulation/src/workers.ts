/** Spreads seeds over processes, one a core: each takes the next few when it is done with the last. */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { NO_SEEDS, type SeedReport, united } from './seed-report.js';

const SEEDS_A_PART = 20;
/** Most of what a run makes is gone with it: a large young generation is collected once in a few seeds. */
const YOUNG_MIB = 64;
/** Runs the sources as they stand, whatever the parent runs. */
const SOURCES = ['--conditions=@attrium/source', '--import', '@oxc-node/core/register'];

export interface SeedPart {
  readonly first: number;
  readonly count: number;
  readonly events: number | undefined;
  /** As `parseFaults` reads it. */
  readonly faults: string | undefined;
}

export interface SpreadOptions {
  readonly first: number;
  /** Undefined: until `isOver`. */
  readonly count: number | undefined;
  readonly events: number | undefined;
  readonly faults: string | undefined;
  readonly workers: number | undefined;
  /** No further seeds begin once it answers true. */
  readonly isOver: () => boolean;
  /** Called with each seed that failed. */
  readonly failed: (failure: string) => void;
}

/** The seeds ahead of all workers. */
class SeedQueue {
  private given = 0;

  constructor(private readonly options: SpreadOptions) {}

  next(): SeedPart | undefined {
    const { first, count = Number.POSITIVE_INFINITY, events, faults, isOver } = this.options;
    const size = Math.min(SEEDS_A_PART, count - this.given);
    if (size <= 0 || isOver()) return undefined;
    const part = { first: first + this.given, count: size, events, faults };
    this.given += size;
    return part;
  }
}

export async function spreadSeeds(options: SpreadOptions): Promise<SeedReport> {
  const { count = Number.POSITIVE_INFINITY, workers = availableParallelism() } = options;
  const queue = new SeedQueue(options);
  const processes = Math.min(workers, Math.ceil(count / SEEDS_A_PART));
  const reports = await Promise.all(Array.from({ length: processes }, () => work(queue, options)));
  return reports.reduce(united, NO_SEEDS);
}

function work(queue: SeedQueue, { failed }: SpreadOptions): Promise<SeedReport> {
  const path = fileURLToPath(new URL('./worker.ts', import.meta.url));
  const execArgv = [...SOURCES, `--max-semi-space-size=${YOUNG_MIB}`];
  const worker: ChildProcess = fork(path, [], { execArgv });
  return new Promise((resolve, reject) => {
    let report = NO_SEEDS;
    let part: SeedPart | undefined;
    const give = (): void => {
      part = queue.next();
      if (part === undefined) worker.disconnect();
      else worker.send(part);
    };
    worker.on('message', (done: SeedReport) => {
      for (const failure of done.failures) failed(failure);
      report = united(report, done);
      give();
    });
    worker.on('error', reject);
    worker.on('exit', (code, signal) => {
      if (part === undefined) resolve(report);
      else
        reject(
          new Error(`a worker ended with ${code ?? signal} on seeds ${part.first} to ${part.first + part.count - 1}`),
        );
    });
    give();
  });
}
