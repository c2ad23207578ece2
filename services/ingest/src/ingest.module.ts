/** What Nest wires: the gRPC side of ingest. The HTTP routes are raw on Fastify, for their speed. */
import { KeyRing } from '@attrium/host';
import { type DynamicModule, Module } from '@nestjs/common';
import { EVENT_LEVELS_MAX, EventController } from './api/event.controller.js';
import { EventIntake } from './event-intake.js';

@Module({})
class IngestModule {}

export function ingestModule(parts: { intake: EventIntake; keys: KeyRing; eventLevelsMax: number }): DynamicModule {
  return {
    module: IngestModule,
    controllers: [EventController],
    providers: [
      { provide: EventIntake, useValue: parts.intake },
      { provide: KeyRing, useValue: parts.keys },
      { provide: EVENT_LEVELS_MAX, useValue: parts.eventLevelsMax },
    ],
  };
}
