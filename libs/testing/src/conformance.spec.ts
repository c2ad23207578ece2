import { MemoryStore } from '@attrium/processor';
import { logConformance } from './log-conformance.js';
import { Random } from './random.js';
import { keepRunning } from './run-simulation.js';
import { SimulatedClock } from './simulated-clock.js';
import { type LogFaults, SimulatedLog } from './simulated-log.js';
import { SimulatedStore } from './simulated-store.js';
import { storeConformance } from './store-conformance.js';

function simulated(faults: Partial<LogFaults>) {
  return async () => {
    const clock = new SimulatedClock(1_700_000_000_000);
    const log = new SimulatedLog({ clock, random: new Random(7), faults });
    const pump = keepRunning(clock);
    return {
      log,
      close: async () => pump.stop(),
      restart: async () => log.addOutage(clock.now(), clock.now() + 3_000),
      purge: async (stream: string, upTo: number) => log.purge(stream, upTo),
    };
  };
}

logConformance('simulated', simulated({}));
logConformance('simulated, slow readers', simulated({ deliveryDelayMsMax: 50 }));

storeConformance('memory', async () => {
  const store = new MemoryStore();
  return { store, reopen: async () => store, close: () => store.close() };
});

storeConformance('simulated', async () => {
  const clock = new SimulatedClock();
  const pump = keepRunning(clock);
  const store = new SimulatedStore({ clock, commitDelayMsMax: 20 });
  return { store, reopen: async () => store, close: async () => pump.stop() };
});
