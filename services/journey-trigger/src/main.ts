/** The program `journey-trigger`. */
import { fileURLToPath } from 'node:url';
import { ATTEMPTS_STREAM } from '@attrium/event';
import { loadConfig, runMain, runStageService } from '@attrium/host';
import { descriptorSet, packageDefinition } from '@attrium/proto';
import { journeyTriggerSettings } from './config.js';
import { type Deliveries, startDeliveries } from './deliveries/start-deliveries.js';
import { journeyTriggerModule } from './journey-trigger.module.js';
import { attemptProjections, projections } from './projections/projections.js';
import { createJourneyTriggerBinding } from './stage.js';
import { telemetry } from './telemetry.js';

await runMain('journey-trigger', () => {
  const config = loadConfig(journeyTriggerSettings);
  let deliveries: Deliveries | undefined;
  return runStageService({
    binding: createJourneyTriggerBinding({ observe: telemetry.stage }),
    config,
    grpc: { packages: ['attrium.trigger.v1'], packageDefinition, descriptorSet },
    projections,
    otherProjections: [{ stream: ATTEMPTS_STREAM, subjects: ['attrium.attempts.>'], projections: attemptProjections }],
    migrationsDirectory: fileURLToPath(new URL('../migrations/', import.meta.url)),
    beside: async ({ link, log, logger }) => {
      const fatal = (error: unknown): void => {
        logger.fatal({ err: error }, 'the deliverer cannot go on');
        process.exit(1);
      };
      deliveries = await startDeliveries({ config, link, log, logger, fatal });
      return deliveries.steps;
    },
    module: ({ access }) => {
      if (deliveries === undefined) throw new Error('assertion: the deliveries start before the module is made');
      const { streams, desk } = deliveries;
      return journeyTriggerModule({ access, streams, desk });
    },
  });
});
