/** What Nest wires: the gRPC side of journey-trigger. */
import { Access } from '@attrium/host';
import { type DynamicModule, Module } from '@nestjs/common';
import { FiringStreams } from './api/firing-streams.js';
import { TriggerController } from './api/trigger.controller.js';

@Module({})
class JourneyTriggerModule {}

export function journeyTriggerModule(parts: { access: Access; streams: FiringStreams }): DynamicModule {
  return {
    module: JourneyTriggerModule,
    controllers: [TriggerController],
    providers: [
      { provide: Access, useValue: parts.access },
      { provide: FiringStreams, useValue: parts.streams },
    ],
  };
}
