/** What Nest wires in identity: its API over the owners of the state. */
import { Access, ProfileLocator, type StageHandle } from '@attrium/host';
import { type DynamicModule, Module } from '@nestjs/common';
import { IdentityController } from './api/identity.controller.js';

@Module({})
class IdentityModule {}

export function identityModule({ access, locator }: Pick<StageHandle, 'access' | 'locator'>): DynamicModule {
  return {
    module: IdentityModule,
    controllers: [IdentityController],
    providers: [
      { provide: Access, useValue: access },
      { provide: ProfileLocator, useValue: locator },
    ],
  };
}
