/** The contracts of Attrium as TypeScript: messages and services generated from /proto, and what Nest and reflection need of them. */
export { descriptorSet } from './descriptor-set.js';
export * as accountV1 from './gen/index.attrium.account.v1.js';
export * as attributeV1 from './gen/index.attrium.attribute.v1.js';
export * as catalogueV1 from './gen/index.attrium.catalogue.v1.js';
export * as eventV1 from './gen/index.attrium.event.v1.js';
export * as identityV1 from './gen/index.attrium.identity.v1.js';
export * as logV1 from './gen/index.attrium.log.v1.js';
export * as profileV1 from './gen/index.attrium.profile.v1.js';
export * as segmentV1 from './gen/index.attrium.segment.v1.js';
export * as triggerV1 from './gen/index.attrium.trigger.v1.js';
export * as valueV1 from './gen/index.attrium.value.v1.js';
export { packageDefinition, packageDefinitionOf, SERVICE_NAMES, type ServiceName } from './package-definition.js';
