/**
 * `bench -- flink`: attribute-compute alone, from the `resolved` log to the `attributes` log, beside Apache Flink with the same definitions,
 * the same stream and the same sink. Each reads all there is as fast as it can; the first fifth, in which programs warm up, is not looked at.
 * Ends with the two ratios, and with code 1 if the two do not leave the same values.
 */
import { join } from 'node:path';
import { partitionSubject, streamOf, writerOf } from '@attrium/event';
import { decodeHeader } from '@attrium/processor';
import { jetstreamManager } from '@nats-io/jetstream';
import { printProfile } from './cpu-profile.js';
import { bytesOnDisk } from './disk.js';
import { differences, type FinalValues, finalValues } from './final-values.js';
import { buildFlinkPeer, FlinkPeer, missingForFlink, RUN_LIMIT_MS } from './flink-peer.js';
import type { BenchOptions } from './options.js';
import { peerCatalogue } from './peer-catalogue.js';
import { CpuMeter, cpuMicros, memoryOf } from './process-costs.js';
import { ResolvedLog } from './resolved-log.js';
import { type Figures, printTable, recordFigures } from './results.js';
import { BenchSystem } from './system.js';

const PARTITIONS = 4;
const CART_SECONDS = 10;
/** The part of the events after which the measurement begins. */
const FROM = 0.2;
const SAMPLE_MS = 200;
const MIB = 1024 * 1024;

interface Sample {
  /** ms since 1970. */
  readonly at: number;
  /** Dealt with so far. */
  readonly events: number;
  /** CPU time so far, µs. */
  readonly micros: number;
}

interface Speed {
  readonly 'events/s': number;
  /** CPU time. */
  readonly 'µs/event': number;
}

interface Run {
  readonly figures: Figures & Speed & { readonly what: string };
  readonly values: FinalValues;
}

export async function benchFlink(options: BenchOptions): Promise<void> {
  const missing = missingForFlink();
  if (missing !== undefined) {
    console.error(missing);
    process.exit(1);
  }
  buildFlinkPeer();
  const system = await BenchSystem.start({ options, windowSeconds: CART_SECONDS });
  let faults: string[];
  try {
    const log = new ResolvedLog(system, PARTITIONS);
    await log.fill(peerCatalogue(CART_SECONDS), options.eventsMax, CART_SECONDS * 1_000);
    console.log(`${log.events} events of ${log.profiles} profiles`);
    // Flink first: nobody has written ticks into its input yet.
    const rocksdb = await runFlink(system, log, 'rocksdb');
    const heap = await runFlink(system, log, 'heap');
    const one = await runOurs(system, log, 1, options);
    const two = await runOurs(system, log, 2, options);
    const rows = [two, one, rocksdb, heap].map(({ figures }) => besides(two.figures, figures));
    printTable(rows);
    recordFigures(options, { events: log.events, profiles: log.profiles, runs: rows });
    faults = [one, rocksdb, heap].flatMap(({ values }) => differences(two.values, values));
    console.log(`${two.values.values.size} final values compared, ${faults.length} differ`);
    for (const fault of faults) console.error(fault);
    for (const [name, theirs] of Object.entries({ rocksdb, heap })) {
      console.log(`ratio ${name} ${(two.figures['events/s'] / theirs.figures['events/s']).toFixed(2)}`);
    }
  } finally {
    await system.stop();
  }
  if (faults.length > 0) process.exit(1);
}

/** With how many times as many events a second `ours` does, and how many times as much CPU time this run took for an event. */
function besides(ours: Speed, { what, 'events/s': perSecond, 'µs/event': micros, ...more }: Run['figures']): Figures {
  return {
    what,
    'events/s': perSecond,
    ratio: ours['events/s'] / perSecond,
    'µs/event': micros,
    'CPU ratio': micros / ours['µs/event'],
    ...more,
  };
}

async function runFlink(system: BenchSystem, log: ResolvedLog, backend: 'rocksdb' | 'heap'): Promise<Run> {
  await purgeOutput(system);
  const directory = join(system.directory, `flink-${backend}`);
  const samples: Sample[] = [];
  const peer = new FlinkPeer({
    backend,
    natsUrl: system.nats.url,
    directory,
    ends: log.ends,
    events: log.events,
    windowMs: CART_SECONDS * 1_000,
    progress: (events) => void samples.push({ at: Date.now(), events, micros: cpuMicros(peer.pid) }),
  });
  const others = new CpuMeter(pidsOf(system, [peer.pid]));
  try {
    const { finishedAt, checkpoints, heapBytes } = await peer.untilDone();
    const figures = {
      what: `Flink, ${backend}, 2 slots`,
      ...speed(log, samples, finishedAt),
      ...costs(log, [peer.pid], others),
      'MiB/1M profiles': aMillion(log, heapBytes),
      'state on disk': aMillion(log, bytesOnDisk(join(directory, 'rocksdb'))),
      'of checkpoints': aMillion(log, bytesOnDisk(join(directory, 'checkpoints'))),
      checkpoints,
    };
    await peer.stop();
    return finished(system, log, figures);
  } finally {
    await peer.stop();
  }
}

async function runOurs(system: BenchSystem, log: ResolvedLog, owners: 1 | 2, options: BenchOptions): Promise<Run> {
  await purgeOutput(system);
  const names = Array.from({ length: owners }, (_, index) => `attribute-compute@${index + 1}` as const);
  const share = PARTITIONS / owners;
  for (const name of names) {
    system.forgetState(name);
    system.forgetProfile(name);
  }
  const begun = performance.now();
  const starting = names.map((name, index) =>
    system.startService(name, {
      readyLimitMs: RUN_LIMIT_MS,
      environment: {
        ATTRIUM_PARTITIONS: String(PARTITIONS),
        ATTRIUM_OWNED_PARTITIONS: `${index * share}-${(index + 1) * share - 1}`,
      },
    }),
  );
  const failed = Promise.all(starting).then(() => new Promise<never>(() => {}));
  const pause = (ms: number) => Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), failed]);
  while (!names.every((name) => system.services.has(name))) await pause(1);
  const pids = names.map((name) => system.pid(name));
  const others = new CpuMeter(pidsOf(system, pids));
  const samples: Sample[] = [];
  let isFinished = false;
  let finishedAt = 0;
  while (!isFinished) {
    if (performance.now() - begun > RUN_LIMIT_MS) throw new Error('attribute-compute has not read all in 20 minutes');
    await pause(SAMPLE_MS);
    const places = await Promise.all(log.ends.map((end, partition) => placeOf(system, log, partition, end)));
    isFinished = places.every((place) => place.isAtEnd);
    const events = places.reduce((sum, place) => sum + place.events, 0);
    samples.push({ at: Date.now(), events, micros: microsOf(pids) });
    finishedAt = Math.max(...places.map(({ appendedAt }) => appendedAt));
  }
  const costsOfRun = costs(log, pids, others);
  const memory = pids.reduce((sum, pid) => sum + memoryOf(pid).pss, 0);
  await Promise.all(starting);
  // Going down, a stage saves what it has.
  for (const name of names) await system.stopService(name);
  if (options.profile) for (const name of names) printProfile(name, system.profileDirectory(name), log.events / owners);
  const state = names.reduce((sum, name) => sum + bytesOnDisk(system.stateDirectory(name)), 0);
  const figures = {
    what: `attribute-compute, ${owners === 1 ? '1 owner' : '2 owners'}`,
    ...speed(log, samples, finishedAt),
    ...costsOfRun,
    'MiB/1M profiles': aMillion(log, memory),
    'state on disk': aMillion(log, state),
  };
  return finished(system, log, figures);
}

/** How far the output says that a partition of the input is dealt with. */
interface Place {
  readonly events: number;
  readonly isAtEnd: boolean;
  /** The log's time of the message that says it, ms. */
  readonly appendedAt: number;
}

async function placeOf(system: BenchSystem, log: ResolvedLog, partition: number, end: number): Promise<Place> {
  const subject = partitionSubject('attributes', partition, writerOf('attribute-compute', partition));
  const last = await system.log.last(subject);
  if (last === undefined) return { events: 0, isAtEnd: false, appendedAt: 0 };
  const { sequence, record } = decodeHeader(last.payload).reached;
  const isAtEnd = sequence > end || (sequence === end && record > 0);
  return { events: log.eventsBefore(partition, sequence), isAtEnd, appendedAt: last.appendedAt };
}

async function finished(system: BenchSystem, log: ResolvedLog, figures: Run['figures']): Promise<Run> {
  const values = await finalValues(system);
  return { figures: { ...figures, 'records/event': values.records / log.events }, values };
}

async function purgeOutput(system: BenchSystem): Promise<void> {
  const manager = await jetstreamManager(system.link.publish);
  await manager.streams.purge(streamOf('attributes'));
}

/** From the first sample of the measurement until the output had all. */
function speed(log: ResolvedLog, samples: readonly Sample[], finishedAt: number): Speed {
  const first = samples.find(({ events }) => events >= log.events * FROM)!;
  const last = samples.find(({ events }) => events >= log.events)!;
  const events = log.events - first.events;
  return {
    'events/s': events / ((finishedAt - first.at) / 1_000),
    'µs/event': (last.micros - first.micros) / events,
  };
}

function pidsOf(system: BenchSystem, measured: readonly number[]): Map<string, number> {
  const pids = measured.map((pid, index): [string, number] => [`measured ${index}`, pid]);
  return new Map([...pids, ['nats', system.nats.pid], ['generator', process.pid]]);
}

function microsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuMicros(pid), 0);
}

/** Of the whole run, its start included. */
function costs(log: ResolvedLog, pids: readonly number[], meter: CpuMeter): Figures {
  return {
    'with its start': microsOf(pids) / log.events,
    'NATS µs/event': (meter.read().get('nats') ?? 0) / log.events,
    'other work %': meter.others(),
    'PSS MiB': pids.reduce((sum, pid) => sum + memoryOf(pid).pss, 0) / MIB,
  };
}

/** MiB of a million profiles, if each takes as much as those of the run. */
function aMillion(log: ResolvedLog, bytes: number): number {
  return (bytes / MIB / log.profiles) * 1e6;
}
