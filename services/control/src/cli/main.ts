#!/usr/bin/env node
/** The program `attrium`. Exit code 0: done. 1: it could not be done, and the reason is on stderr. 2: wrong usage. */
import { ConfigError } from '@attrium/host';
import { CommanderError } from 'commander';
import { CliError } from './cli-error.js';
import { attriumCommand } from './commands.js';

const out = (line: string): void => console.log(line);
const err = (line: string): void => console.error(line);

try {
  await attriumCommand({ out, err }).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said why already; help is no fault.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof CliError || error instanceof ConfigError) {
    err(error.message);
    process.exitCode = 1;
  } else throw error;
}
