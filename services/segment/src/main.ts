/** The program `segment`. */
import { fileURLToPath } from 'node:url';
import { loadConfig, runMain, runStageService, stageSettings } from '@attrium/host/stage';
import { projections } from './projections/projections.js';
import { createSegmentBinding } from './stage.js';
import { observe } from './telemetry.js';

await runMain('segment', () =>
  runStageService({
    binding: createSegmentBinding({ observe }),
    config: loadConfig(stageSettings),
    surface: async (handle) => (await import('./surface.js')).surface(handle),
    projections,
    migrationsDirectory: fileURLToPath(new URL('../migrations/', import.meta.url)),
  }),
);
