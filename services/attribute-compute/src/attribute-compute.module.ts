/** What Nest wires in attribute-compute: its API over the owners of the state. */
import { Access, ProfileLocator, type StageHandle } from '@attrium/host';
import { type DynamicModule, Module } from '@nestjs/common';
import { AttributeController } from './api/attribute.controller.js';

@Module({})
class AttributeComputeModule {}

export function attributeComputeModule({ access, locator }: Pick<StageHandle, 'access' | 'locator'>): DynamicModule {
  return {
    module: AttributeComputeModule,
    controllers: [AttributeController],
    providers: [
      { provide: Access, useValue: access },
      { provide: ProfileLocator, useValue: locator },
    ],
  };
}
