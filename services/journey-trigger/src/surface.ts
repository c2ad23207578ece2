/** What journey-trigger shows to others: its API, and the deliveries that run beside the stage. */
import type { StageHandle, StageSurface } from '@attrium/host';
import { descriptorSet, packageDefinition } from '@attrium/proto';
import type { JourneyTriggerConfig } from './config.js';
import { startDeliveries } from './deliveries/start-deliveries.js';
import { journeyTriggerModule } from './journey-trigger.module.js';

export async function surface(handle: StageHandle, config: JourneyTriggerConfig): Promise<StageSurface> {
  const { access, link, log, logger } = handle;
  const fatal = (error: unknown): void => {
    logger.fatal({ err: error }, 'the deliverer cannot go on');
    process.exit(1);
  };
  const { streams, consuming, subscribers, desk, steps } = await startDeliveries({ config, link, log, logger, fatal });
  return {
    module: journeyTriggerModule({ access, streams, consuming, subscribers, desk }),
    grpc: { packages: ['attrium.trigger.v1'], packageDefinition, descriptorSet },
    onDrain: steps,
  };
}
