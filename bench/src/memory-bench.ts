/** `bench -- memory`: what each process of the standalone system holds in memory, idle and after load. */
import { existsSync } from 'node:fs';
import { FiringWatch } from './firing-watch.js';
import { openLoop } from './load.js';
import type { BenchOptions } from './options.js';
import { PEER } from './peer.js';
import { memoryOf } from './process-costs.js';
import { type Figures, printTable, recordFigures } from './results.js';
import { BenchSystem, type ServiceName, STAGES } from './system.js';
import { Workload } from './workload.js';

const IDLE_MS = 15_000;
const RATE = 5_000;
const MIB = 1024 * 1024;

export async function benchMemory(options: BenchOptions): Promise<void> {
  const system = await BenchSystem.start({ options, windowSeconds: 10, clickhouse: options.clickhouse !== 'without' });
  try {
    const services: ServiceName[] = ['ingest', ...STAGES];
    if (existsSync(system.programOf('control'))) services.push('control');
    await Promise.all(services.map((service) => system.startService(service)));
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const idle = measure(system);
    const watch = new FiringWatch(system, { run: 'memory', probeEvery: 100, source: 'firings' });
    const workload = new Workload({ run: 'memory', probeEvery: 100 });
    const target = { url: system.httpUrl('ingest'), writeKey: system.writeKey };
    const { seconds } = options;
    await openLoop(target, workload, { eventsPerSecond: RATE, batchSize: 10, seconds, connectionsMax: 64, watch });
    const loaded = measure(system);
    const rows = [...idle].map(([process, { rss, pss }]) => ({
      process,
      'idle RSS MiB': rss,
      'idle PSS MiB': pss,
      [`RSS MiB after ${seconds} s of ${RATE}/s`]: loaded.get(process)!.rss,
      'PSS MiB': loaded.get(process)!.pss,
    }));
    const all = totalOf(rows);
    printTable([
      ...rows,
      all,
      { process: 'prototype', 'idle RSS MiB': PEER.memoryMb },
      { process: 'goal', 'idle RSS MiB': 1_229 },
    ]);
    recordFigures(options, [...rows, all]);
  } finally {
    await system.stop();
  }
}

function measure(system: BenchSystem): Map<string, { rss: number; pss: number }> {
  const pids = [...system.pids()].filter(([name]) => name !== 'generator');
  return new Map(
    pids.map(([name, pid]) => {
      const { rss, pss } = memoryOf(pid);
      return [name, { rss: rss / MIB, pss: pss / MIB }];
    }),
  );
}

function totalOf(rows: readonly Figures[]): Figures {
  const all: Record<string, string | number> = { process: 'all' };
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === 'number') all[name] = Number(all[name] ?? 0) + value;
    }
  }
  return all;
}
