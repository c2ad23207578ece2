/** The program `ingest`. */
import { loadConfig, runMain } from '@attrium/host';
import { ingestSettings } from './config.js';
import { startIngest } from './ingest.js';

await runMain('ingest', () => startIngest(loadConfig(ingestSettings)));
