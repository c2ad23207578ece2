/** Runs a service's main function. */
import { flushCompileCache } from 'node:module';
import { createLogger } from './logger.js';
import { requireNode } from './node-version.js';

/** What it throws is logged and ends the process with 1. */
export async function runMain(service: string, main: () => Promise<unknown>): Promise<void> {
  try {
    requireNode();
    await main();
    // Where NODE_COMPILE_CACHE names a folder: Node itself writes it at an orderly end only, and the next start may follow a crash.
    flushCompileCache();
  } catch (error) {
    createLogger({ service, level: 'info' }).fatal({ err: error }, 'the service did not start');
    process.exit(1);
  }
}
