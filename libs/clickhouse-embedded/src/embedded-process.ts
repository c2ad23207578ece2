/**
 * The child process that holds the engine: one call of libchdb's `chdb_query_cmdline` runs `clickhouse local`, which opens its own HTTP
 * port. It lives until SIGTERM, SIGINT or the end of its standard input, which comes when the parent dies.
 */
import { closeSync } from 'node:fs';
import { DataType, load, open } from 'ffi-rs';

/** The engine waits for open connections and running queries; killing it then is safe. */
const STOP_LIMIT_MS = 8_000;

interface Job {
  /** Path of libchdb.so. */
  readonly library: string;
  /** Path or name of the C library. */
  readonly libc: string;
  /** Command line of `clickhouse local`; the last `--queries-file`, which holds it open, is added here. */
  readonly arguments: readonly string[];
}

/** An anonymous pipe: [read end, write end]. The engine blocks reading it, without using the processor, until the write end is closed. */
function pipe(): [number, number] {
  const ends = Buffer.alloc(8);
  const failed = load({
    library: 'c',
    funcName: 'pipe',
    retType: DataType.I32,
    paramsType: [DataType.U8Array],
    paramsValue: [ends],
  });
  if (failed !== 0) throw new Error('pipe() failed');
  return [ends.readInt32LE(0), ends.readInt32LE(4)];
}

/** The error of a result, or undefined. ffi-rs crashes on a NULL string, so the address is looked at first. */
function errorOf(result: bigint): string | undefined {
  const call = { library: 'chdb', funcName: 'chdb_result_error', paramsType: [DataType.BigInt], paramsValue: [result] };
  if (BigInt(load({ ...call, retType: DataType.BigInt }) as unknown as bigint) === 0n) return undefined;
  return load({ ...call, retType: DataType.String });
}

async function run(job: Job): Promise<void> {
  open({ library: 'c', path: job.libc });
  open({ library: 'chdb', path: job.library });
  const [readEnd, writeEnd] = pipe();
  const argv = [...job.arguments, `--queries-file=/dev/fd/${readEnd}`];
  const keepAlive = setInterval(() => undefined, 60_000);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    closeSync(writeEnd);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_LIMIT_MS);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdin.on('end', stop).on('error', stop).resume();
  const result = await (load({
    library: 'chdb',
    funcName: 'chdb_query_cmdline',
    retType: DataType.BigInt,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [argv.length, argv],
    runInNewThread: true,
  }) as unknown as Promise<bigint>);
  clearInterval(keepAlive);
  const error = errorOf(BigInt(result));
  if (error !== undefined) process.stderr.write(`${error}\n`);
  process.exit(error === undefined && stopping ? 0 : 1);
}

run(JSON.parse(process.argv[2] ?? '{}') as Job).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
