/** The program `identity`. */
import { fileURLToPath } from 'node:url';
import { loadConfig, runMain, runStageService, stageSettings } from '@attrium/host';
import { descriptorSet, packageDefinition } from '@attrium/proto';
import { identityModule } from './identity.module.js';
import { projections } from './projections/projections.js';
import { createIdentityBinding } from './stage.js';
import { observe } from './telemetry.js';

await runMain('identity', () =>
  runStageService({
    binding: createIdentityBinding({ observe }),
    config: loadConfig(stageSettings),
    grpc: { packages: ['attrium.identity.v1'], packageDefinition, descriptorSet },
    module: identityModule,
    projections,
    migrationsDirectory: fileURLToPath(new URL('../migrations/', import.meta.url)),
  }),
);
