/** The parts that need no test runner: for programs that run a simulation by themselves. */
export { canonicalJson } from './canonical-json.js';
export { Random } from './random.js';
export { runSimulation, type SimulationOptions } from './run-simulation.js';
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
