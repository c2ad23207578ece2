/** What attribute-compute shows to others: its API. */
import type { StageHandle, StageSurface } from '@attrium/host';
import { descriptorSet, packageDefinition } from '@attrium/proto';
import { attributeComputeModule } from './attribute-compute.module.js';

export function surface(handle: StageHandle): StageSurface {
  return {
    module: attributeComputeModule(handle),
    grpc: { packages: ['attrium.attribute.v1'], packageDefinition, descriptorSet },
  };
}
