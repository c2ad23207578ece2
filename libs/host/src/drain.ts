/** The end of a process: not ready, then the drain steps in order, then exit; never longer than the drain timeout. */
import type { Logger } from './logger.js';

/** One step of going down. A step that fails is logged, and the next one still runs. */
export interface DrainStep {
  readonly name: string;
  run(): Promise<unknown> | unknown;
}

export interface DrainResult {
  readonly failed: readonly string[];
  /** The step during which the time ran out; undefined when all ran. */
  readonly unfinished?: string | undefined;
}

/** Runs the steps one after another, at most `timeoutMs` in all. */
export async function runDrain(steps: readonly DrainStep[], timeoutMs: number, logger: Logger): Promise<DrainResult> {
  const failed: string[] = [];
  let current: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<'expired'>((resolve) => {
    timer = setTimeout(() => resolve('expired'), timeoutMs);
  });
  const work = (async (): Promise<'done'> => {
    for (const step of steps) {
      current = step.name;
      try {
        await step.run();
      } catch (error) {
        failed.push(step.name);
        logger.error({ err: error, step: step.name }, 'a drain step failed');
      }
    }
    return 'done';
  })();
  const end = await Promise.race([work, expired]);
  clearTimeout(timer);
  return end === 'done' ? { failed } : { failed, unfinished: current };
}

/** Calls `onSignal` on SIGTERM or SIGINT, once; makes the process stop with 1 on what nobody caught. Returns the removal of all that. */
export function watchProcess(logger: Logger, onSignal: (signal: string) => void): () => void {
  const terminate = (): void => onSignal('SIGTERM');
  const interrupt = (): void => onSignal('SIGINT');
  const crash = (error: unknown): void => {
    logger.fatal({ err: error }, 'a bug: the process stops');
    process.exit(1);
  };
  process.on('SIGTERM', terminate);
  process.on('SIGINT', interrupt);
  process.on('unhandledRejection', crash);
  process.on('uncaughtException', crash);
  return () => {
    process.off('SIGTERM', terminate);
    process.off('SIGINT', interrupt);
    process.off('unhandledRejection', crash);
    process.off('uncaughtException', crash);
  };
}
