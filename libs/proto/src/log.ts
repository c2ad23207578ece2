/** The contracts that the stage loop needs to read and write logs: without services, and so without what serves them. */
export * as logV1 from './gen/index.attrium.log.v1.js';
export * as valueV1 from './gen/index.attrium.value.v1.js';
