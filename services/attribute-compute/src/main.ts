/** The program `attribute-compute`. */
import { fileURLToPath } from 'node:url';
import { loadConfig, runMain, runStageService, stageSettings } from '@attrium/host/stage';
import { projections } from './projections/projections.js';
import { attributeComputeBinding, attributeCounters } from './stage.js';
import { exposeCounters } from './telemetry.js';

exposeCounters(attributeCounters);

await runMain('attribute-compute', () =>
  runStageService({
    binding: attributeComputeBinding,
    config: loadConfig(stageSettings),
    surface: async (handle) => (await import('./surface.js')).surface(handle),
    projections,
    migrationsDirectory: fileURLToPath(new URL('../migrations/', import.meta.url)),
  }),
);
