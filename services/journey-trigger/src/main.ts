/** The program `journey-trigger`. */
import { fileURLToPath } from 'node:url';
import { ATTEMPTS_STREAM } from '@attrium/event';
import { loadConfig, runMain, runStageService } from '@attrium/host/stage';
import { journeyTriggerSettings } from './config.js';
import { attemptProjections, projections } from './projections/projections.js';
import { createJourneyTriggerBinding } from './stage.js';
import { telemetry } from './telemetry.js';

await runMain('journey-trigger', () => {
  const config = loadConfig(journeyTriggerSettings);
  return runStageService({
    binding: createJourneyTriggerBinding({ observe: telemetry.stage }),
    config,
    surface: async (handle) => (await import('./surface.js')).surface(handle, config),
    projections,
    otherProjections: [{ stream: ATTEMPTS_STREAM, subjects: ['attrium.attempts.>'], projections: attemptProjections }],
    migrationsDirectory: fileURLToPath(new URL('../migrations/', import.meta.url)),
  });
});
