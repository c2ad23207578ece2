/** What segment shows to others: its API. */
import type { StageHandle, StageSurface } from '@attrium/host';
import { descriptorSet, packageDefinitionOf } from '@attrium/proto';
import { segmentModule } from './segment.module.js';

export function surface(handle: StageHandle): StageSurface {
  return {
    module: segmentModule(handle),
    grpc: {
      packages: ['attrium.segment.v1'],
      packageDefinition: packageDefinitionOf(['attrium.segment.v1.SegmentService']),
      descriptorSet,
    },
  };
}
