/** What Nest wires in segment: its API over the owners of the state. */
import { Access, ProfileLocator, type StageHandle } from '@attrium/host';
import { type DynamicModule, Module } from '@nestjs/common';
import { SegmentController } from './api/segment.controller.js';

@Module({})
class SegmentModule {}

export function segmentModule({ access, locator }: Pick<StageHandle, 'access' | 'locator'>): DynamicModule {
  return {
    module: SegmentModule,
    controllers: [SegmentController],
    providers: [
      { provide: Access, useValue: access },
      { provide: ProfileLocator, useValue: locator },
    ],
  };
}
