/** What identity shows to others: its API. */
import type { StageHandle, StageSurface } from '@attrium/host';
import { descriptorSet, packageDefinitionOf } from '@attrium/proto';
import { identityModule } from './identity.module.js';

export function surface(handle: StageHandle): StageSurface {
  return {
    module: identityModule(handle),
    grpc: {
      packages: ['attrium.identity.v1'],
      packageDefinition: packageDefinitionOf(['attrium.identity.v1.IdentityService']),
      descriptorSet,
    },
  };
}
