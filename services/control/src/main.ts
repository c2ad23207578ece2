/** The program `control`. */
import { loadConfig, runMain } from '@attrium/host';
import { controlSettings } from './config.js';
import { startControl } from './control.js';

await runMain('control', () => startControl(loadConfig(controlSettings)));
