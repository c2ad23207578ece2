/** The program `attribute-compute`. */
import { fileURLToPath } from 'node:url';
import { loadConfig, runMain, runStageService, stageSettings } from '@attrium/host';
import { descriptorSet, packageDefinition } from '@attrium/proto';
import { attributeComputeModule } from './attribute-compute.module.js';
import { projections } from './projections/projections.js';
import { attributeComputeBinding, attributeCounters } from './stage.js';
import { exposeCounters } from './telemetry.js';

exposeCounters(attributeCounters);

await runMain('attribute-compute', () =>
  runStageService({
    binding: attributeComputeBinding,
    config: loadConfig(stageSettings),
    grpc: { packages: ['attrium.attribute.v1'], packageDefinition, descriptorSet },
    module: attributeComputeModule,
    projections,
    migrationsDirectory: fileURLToPath(new URL('../migrations/', import.meta.url)),
  }),
);
