/** What Nest wires: the gRPC side of journey-trigger. */
import { Access } from '@attrium/host';
import { type DynamicModule, Module } from '@nestjs/common';
import { DeliveryController } from './api/delivery.controller.js';
import { FiringStreams } from './api/firing-streams.js';
import { SubscriberStreams } from './api/subscriber-streams.js';
import { TriggerController } from './api/trigger.controller.js';
import { Subscribers } from './deliveries/subscriber.js';
import { DeliveryDesk } from './desk/delivery-desk.js';

@Module({})
class JourneyTriggerModule {}

export function journeyTriggerModule(parts: {
  access: Access;
  streams: FiringStreams;
  consuming: SubscriberStreams;
  subscribers: Subscribers;
  desk: DeliveryDesk;
}): DynamicModule {
  return {
    module: JourneyTriggerModule,
    controllers: [TriggerController, DeliveryController],
    providers: [
      { provide: Access, useValue: parts.access },
      { provide: FiringStreams, useValue: parts.streams },
      { provide: SubscriberStreams, useValue: parts.consuming },
      { provide: Subscribers, useValue: parts.subscribers },
      { provide: DeliveryDesk, useValue: parts.desk },
    ],
  };
}
