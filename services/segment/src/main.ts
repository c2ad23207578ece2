/** The program `segment`. */
import { fileURLToPath } from 'node:url';
import { loadConfig, runMain, runStageService, stageSettings } from '@attrium/host';
import { descriptorSet, packageDefinitionOf } from '@attrium/proto';
import { projections } from './projections/projections.js';
import { segmentModule } from './segment.module.js';
import { createSegmentBinding } from './stage.js';
import { observe } from './telemetry.js';

await runMain('segment', () =>
  runStageService({
    binding: createSegmentBinding({ observe }),
    config: loadConfig(stageSettings),
    grpc: {
      packages: ['attrium.segment.v1'],
      packageDefinition: packageDefinitionOf(['attrium.segment.v1.SegmentService']),
      descriptorSet,
    },
    module: segmentModule,
    projections,
    migrationsDirectory: fileURLToPath(new URL('../migrations/', import.meta.url)),
  }),
);
