export { canonicalJson } from './canonical-json.js';
export { type LogUnderTest, logConformance } from './log-conformance.js';
export { Random } from './random.js';
export { keepRunning, runSimulation, type SimulationOptions, settle } from './run-simulation.js';
export { SimulatedClock } from './simulated-clock.js';
export {
  type LogFaultKind,
  type LogFaults,
  NO_FAULTS,
  type PublishTrace,
  SimulatedLog,
  type SimulatedLogOptions,
} from './simulated-log.js';
export { type ProcessStep, type SimulatedProcess, startProcess } from './simulated-process.js';
export { SimulatedStore, type SimulatedStoreOptions } from './simulated-store.js';
export { type Emitted, type StageHarness, type StageHarnessOptions, stageHarness } from './stage-harness.js';
export { type StoreUnderTest, storeConformance } from './store-conformance.js';
export { matchesSubject, streamOfSubject } from './subject-filter.js';
