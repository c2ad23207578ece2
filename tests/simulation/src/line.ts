/** The whole line in one thread: four stages with their machines on one simulated clock and log. */
import { type BackfillsAnswer, bindingWith, newAttributeCounters, Seeder } from '@attrium/attribute-compute';
import { partitionFilters, type StageName, streamOf } from '@attrium/event';
import { createIdentityBinding } from '@attrium/identity';
import { createJourneyTriggerBinding } from '@attrium/journey-trigger';
import {
  DEFAULT_STAGE_SETTINGS,
  type Observe,
  type StageBinding,
  StageProcessor,
  type StageSettings,
  type StoredMessage,
} from '@attrium/processor';
import { createSegmentBinding } from '@attrium/segment';
import {
  type LogFaultKind,
  NO_FAULTS,
  type ProcessStep,
  type Random,
  runSimulation,
  SimulatedClock,
  SimulatedLog,
  type SimulatedProcess,
  SimulatedStore,
  startProcess,
} from '@attrium/testing/simulation';
import { SimulatedHistory } from './simulated-history.js';

const ASK_TIMEOUT_MS = 1_000;

export interface LineOptions {
  readonly random: Random;
  readonly startMs: number;
  readonly partitions: number;
  readonly shards: number;
  readonly settings?: Partial<StageSettings>;
  /** Machines that each stage can run on. */
  readonly machines?: number;
  /** Other bindings than those of the services: for showing that the checks see a fault. */
  readonly bindings?: readonly StageBinding[];
  /** Which of the drawn faults of the log happen. */
  readonly admits?: (fault: LogFaultKind) => boolean;
  /** Follows each process from its start on; it may kill it. */
  readonly watch?: (process: StartedProcess) => ProcessWatch;
}

export interface StartedProcess {
  readonly binding: StageBinding;
  readonly machine: number;
  readonly owned: readonly number[];
  /** Counts the starts of all stages. */
  readonly start: number;
}

export interface ProcessWatch {
  readonly step?: (step: ProcessStep) => void;
  readonly observe: Observe;
  /** The binding that the process runs: for a look into its rows. */
  readonly binding: StageBinding;
}

interface Machine {
  readonly store: SimulatedStore;
  /** The last start on it, counted over all stages. */
  start: number;
  process: SimulatedProcess | undefined;
  processor: StageProcessor | undefined;
}

export class Line {
  readonly clock: SimulatedClock;
  readonly log: SimulatedLog;
  readonly bindings: readonly StageBinding[];
  readonly partitions: number;
  readonly shards: number;
  /** What ended a stage for good: there should be none. */
  readonly fatal: string[] = [];
  private readonly machines = new Map<StageName, Machine[]>();
  private started = 0;

  constructor(private readonly options: LineOptions) {
    const { random, startMs, partitions, shards, machines = 1, admits } = options;
    this.partitions = partitions;
    this.shards = shards;
    this.clock = new SimulatedClock(startMs);
    this.log = new SimulatedLog({
      clock: this.clock,
      random: random.fork(),
      ...(admits === undefined ? {} : { admits }),
    });
    this.bindings = options.bindings ?? lineBindings();
    for (const { name } of this.bindings) {
      const store = () => new SimulatedStore({ clock: this.clock, random: random.fork(), commitDelayMsMax: 20 });
      const make = () => ({ store: store(), start: 0, process: undefined, processor: undefined });
      this.machines.set(name, Array.from({ length: machines }, make));
    }
  }

  /** The input partitions (identity: shards) of a stage. */
  inputs({ input }: StageBinding): number[] {
    return Array.from({ length: input === 'events' ? this.shards : this.partitions }, (_, index) => index);
  }

  /** `start`: only the process of that start. */
  isRunning(stage: StageName, machine: number, start?: number): boolean {
    const host = this.machineOf(stage, machine);
    return host.processor !== undefined && (start === undefined || host.start === start);
  }

  /** Starts a stage on a machine, for all of its inputs unless told otherwise. A start that fails is as good as a crash. */
  start(stage: StageName, machine: number, owned?: readonly number[]): void {
    const binding = this.bindings.find(({ name }) => name === stage)!;
    const host = this.machineOf(stage, machine);
    this.crash(stage, machine);
    const start = ++this.started;
    host.start = start;
    const inputs = owned ?? this.inputs(binding);
    const { watch = () => ({ observe: () => {}, binding }) } = this.options;
    const { step, observe, binding: watched }: ProcessWatch = watch({ binding, machine, owned: inputs, start });
    const parts = { clock: this.clock, log: this.log, store: host.store };
    const process = startProcess(step === undefined ? parts : { ...parts, step });
    const processor = new StageProcessor({
      binding: watched,
      log: process.log,
      store: process.store,
      clock: process.clock,
      partitions: this.partitions,
      shards: this.shards,
      owned: inputs,
      owner: `${stage}-${machine}-${start}`,
      settings: { ...DEFAULT_STAGE_SETTINGS, ...this.options.settings },
      observe,
      fatal: (error) => this.fatal.push(`${stage}: ${error.stack ?? error.message}`),
    });
    host.process = process;
    host.processor = processor;
    if (stage === 'attribute-compute') {
      new Seeder({
        ...{ log: process.log, clock: process.clock, partitions: this.partitions, shards: this.shards },
        ...{ owned: inputs, owner: `seeder-${machine}-${start}`, history: new SimulatedHistory(this.log) },
        ask: (partition, question) => this.askWithin(process, stage, partition, question) as Promise<BackfillsAnswer>,
      }).start();
    }
    processor.start().catch((error: Error & { retryable?: boolean }) => {
      if (error.retryable === false) this.fatal.push(`${stage}: ${error.message}`);
      if (host.process === process) this.crash(stage, machine);
    });
  }

  startAll(): void {
    for (const { name } of this.bindings) this.start(name, 0);
  }

  /** Kill -9. Returns what became of saves that were on their way to the disk. */
  crash(stage: StageName, machine: number): { reachedDisk: number; lost: number } {
    const host = this.machineOf(stage, machine);
    const saves = host.process?.crash() ?? { reachedDisk: 0, lost: 0 };
    host.processor?.halt();
    host.process = undefined;
    host.processor = undefined;
    return saves;
  }

  async wipe(stage: StageName, machine: number): Promise<void> {
    const binding = this.bindings.find(({ name }) => name === stage)!;
    this.crash(stage, machine);
    for (const partition of this.inputs(binding)) await this.machineOf(stage, machine).store.wipe(partition);
  }

  run(ms: number): Promise<number> {
    return runSimulation({ clock: this.clock, untilMs: this.clock.now() + ms });
  }

  /** Ends all faults, leaves each stage one owner of everything, and runs until nothing is said any more, and at least to `untilMs`. */
  async comeToRest(untilMs: number): Promise<void> {
    this.log.faults = NO_FAULTS;
    for (const { name } of this.bindings) {
      for (const machine of this.machines.get(name)!.keys()) if (machine > 0) this.crash(name, machine);
    }
    for (let size = -1, rounds = 0; size !== this.size() || this.clock.now() < untilMs; rounds++) {
      if (rounds === 50) throw new Error('the line does not come to rest');
      size = this.size();
      // A start fails while the log is still out of reach.
      for (const { name } of this.bindings) if (!this.isRunning(name, 0)) this.start(name, 0);
      await this.run(5_000);
    }
  }

  /** What is stored of the input of a stage's partition, in order. */
  stored(log: StageBinding['input'] | StageBinding['output'], partition: number): StoredMessage[] {
    return this.log.stored(streamOf(log), partitionFilters(log, partition));
  }

  storedAll(log: StageBinding['input'] | StageBinding['output']): StoredMessage[] {
    return this.log.stored(streamOf(log));
  }

  /** The answer of the owner on machine 0. */
  async ask(stage: StageName, partition: number, question: unknown): Promise<unknown> {
    const { processor } = this.machineOf(stage, 0);
    if (processor === undefined) throw new Error(`${stage} is down`);
    const answer = { done: false };
    const asked = processor.ask(partition, question).finally(() => {
      answer.done = true;
    });
    asked.catch(() => undefined);
    await runSimulation({ clock: this.clock, until: () => answer.done });
    return asked;
  }

  /** What a process asks another one, which may never answer. */
  private askWithin(
    asking: SimulatedProcess,
    stage: StageName,
    partition: number,
    question: unknown,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      asking.clock.after(ASK_TIMEOUT_MS, () => reject(new Error('no answer')));
      for (const { processor } of this.machines.get(stage)!) {
        processor?.ask(partition, question).then(resolve, () => undefined);
      }
    });
  }

  private size(): number {
    return this.bindings.reduce((size, { output }) => size + this.storedAll(output).length, 0);
  }

  private machineOf(stage: StageName, machine: number): Machine {
    return this.machines.get(stage)![machine]!;
  }
}

/** The four stages as the services run them. */
export function lineBindings(): readonly StageBinding[] {
  return [
    createIdentityBinding(),
    bindingWith(newAttributeCounters()),
    createSegmentBinding(),
    createJourneyTriggerBinding(),
  ];
}
