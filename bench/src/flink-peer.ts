/** Builds and runs the Flink job of `bench/flink` beside a benchmark. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../flink', import.meta.url));
const JAVA_VERSION_MIN = 17;
const BUILD_LIMIT_MS = 600_000;
/** A run that takes longer is ended. */
export const RUN_LIMIT_MS = 1_200_000;
const ERRORS_SHOWN_MAX = 4_000;
const ERRORS_KEPT_MAX = 40_000;

/** What Flink's own start scripts give to Java 17 and later, and a heap that is never short. */
const JAVA_FLAGS = [
  '-Xmx6g',
  ...[
    'java.util',
    'java.lang',
    'java.lang.reflect',
    'java.text',
    'java.time',
    'java.net',
    'java.io',
    'java.nio',
  ].flatMap((name) => ['--add-opens', `java.base/${name}=ALL-UNNAMED`]),
  ...['--add-opens', 'java.base/java.util.concurrent=ALL-UNNAMED'],
  ...['--add-opens', 'java.base/sun.nio.ch=ALL-UNNAMED'],
];

/** A sentence when the job cannot be built here, else undefined. */
export function missingForFlink(): string | undefined {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const version = Number(/version "(\d+)/.exec(java.stderr ?? '')?.[1] ?? 0);
  if (version < JAVA_VERSION_MIN) {
    const found = version === 0 ? 'there is no java in PATH' : `java in PATH is version ${version}`;
    return `This benchmark needs Java ${JAVA_VERSION_MIN} or later, and ${found}.`;
  }
  if (spawnSync('javac', ['-version']).status !== 0) return 'This benchmark needs a JDK: there is no javac in PATH.';
  if (spawnSync('mvn', ['-v']).status !== 0) return 'This benchmark needs Maven: there is no mvn in PATH.';
  return undefined;
}

/** Maven asks its repository only for what it has not had before. */
export function buildFlinkPeer(): void {
  const built = spawnSync('mvn', ['-q', '-B', 'package'], {
    cwd: PROJECT,
    encoding: 'utf8',
    timeout: BUILD_LIMIT_MS,
  });
  if (built.status === 0) return;
  throw new Error(`the Flink job cannot be built:\n${`${built.stdout}${built.stderr}`.slice(0, ERRORS_SHOWN_MAX)}`);
}

export interface FlinkJob {
  readonly backend: 'rocksdb' | 'heap';
  readonly natsUrl: string;
  /** Where it keeps state and checkpoints. */
  readonly directory: string;
  /** The last sequence of each partition of the input. */
  readonly ends: readonly number[];
  readonly events: number;
  readonly windowMs: number;
  /** Events folded, at most each 200 ms. */
  readonly progress: (events: number) => void;
}

export interface FlinkOutcome {
  /** When the output acknowledged the last change, ms since 1970. */
  readonly finishedAt: number;
  readonly checkpoints: number;
  /** What is used of the Java heap after a full collection, bytes. */
  readonly heapBytes: number;
}

export class FlinkPeer {
  private readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;
  private errors = '';

  constructor(private readonly job: FlinkJob) {
    const { backend, natsUrl, directory, ends, events, windowMs } = job;
    mkdirSync(directory, { recursive: true });
    const classPath = [join(PROJECT, 'target/flink-peer-1.jar'), join(PROJECT, 'target/lib/*')].join(':');
    const parameters = [backend, natsUrl, directory, ends.join(','), String(events), String(windowMs)];
    this.child = spawn(
      'java',
      [...JAVA_FLAGS, `-Djava.io.tmpdir=${directory}`, '-cp', classPath, 'attrium.bench.FlinkPeer', ...parameters],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), RUN_LIMIT_MS);
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        clearTimeout(impatience);
        resolve(code);
      });
    });
    this.child.stderr!.on('data', (data: Buffer) => {
      this.errors = (this.errors + data.toString()).slice(-ERRORS_KEPT_MAX);
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Resolves when a checkpoint holds all of the input; the process still lives then. */
  async untilDone(): Promise<FlinkOutcome> {
    for await (const line of createInterface({ input: this.child.stdout! })) {
      const [word, ...numbers] = line.split(' ');
      if (word === 'progress') this.job.progress(Number(numbers[0]));
      else if (word === 'done') {
        const [finishedAt = 0, checkpoints = 0, heapBytes = 0] = numbers.map(Number);
        return { finishedAt, checkpoints, heapBytes };
      }
    }
    const code = await this.ended;
    throw new Error(`Flink ended with code ${code}:\n${reasonsIn(this.errors) || this.errors}`);
  }

  async stop(): Promise<void> {
    this.child.stdin!.end();
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    await this.ended;
    clearTimeout(impatience);
  }
}

/** What a stack trace says, without the stacks but for our own code. */
function reasonsIn(trace: string): string {
  return trace
    .split('\n')
    .filter((line) => /^Caused by|at attrium\./.test(line))
    .join('\n');
}
