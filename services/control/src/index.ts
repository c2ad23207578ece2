/** Control, as programs and tests use it. */
export { CliError } from './cli/cli-error.js';
export { attriumCommand, type Terminal } from './cli/commands.js';
export { type ControlConfig, controlSettings } from './config.js';
export { startControl } from './control.js';
export { FAILURE_KINDS } from './errors.js';
