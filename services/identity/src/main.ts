/** The program `identity`. */
import { fileURLToPath } from 'node:url';
import { loadConfig, runMain, runStageService } from '@attrium/host/stage';
import { identitySettings } from './config.js';
import { projections } from './projections/projections.js';
import { createIdentityBinding } from './stage.js';
import { observe } from './telemetry.js';

await runMain('identity', () => {
  const config = loadConfig(identitySettings);
  return runStageService({
    binding: createIdentityBinding({ observe }),
    config,
    surface: async (handle) => (await import('./surface.js')).surface(handle),
    projections,
    migrationsDirectory: fileURLToPath(new URL('../migrations/', import.meta.url)),
    retention: { table: 'events', column: 'received_at', period: config.eventsRetention },
  });
});
