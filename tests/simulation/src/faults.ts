/** What goes wrong during a run, by seed: crashes, wiped stores, second owners, long outages, a slow and forgetful log. */
import { fnv1a32, STAGE_NAMES, type StageName } from '@attrium/event';
import type { StageSettings } from '@attrium/processor';
import { type LogFaults, Random } from '@attrium/testing/simulation';
import { CommitWatch, planCrash, watchRows } from './commit-steps.js';
import type { Path } from './coverage.js';
import type { FaultGate } from './fault-kinds.js';
import type { Line, ProcessWatch, StartedProcess } from './line.js';

export const MACHINES = 2;

export function drawLogFaults(random: Random, gate: FaultGate): Partial<LogFaults> {
  const often = random.pick([0, 0.01, 0.04]);
  const chances = {
    answerLostChance: often,
    requestLostChance: often,
    requestStalledChance: often / 2,
    answerTimeoutMs: 400,
    clockStepChance: random.pick([0, 0.01]),
    clockStepMsMax: 50,
  };
  const slow = {
    // The longest leave merges open while the next ones come.
    appendDelayMsMax: random.pick([0, 3, 20, 300]),
    answerDelayMsMax: random.pick([0, 3, 20]),
    deliveryDelayMsMax: random.pick([0, 10, 60, 500]),
  };
  const isSlow = Object.values(slow).some((delayMs) => delayMs > 0);
  return isSlow && gate.admits('slow-log') ? { ...chances, ...slow } : chances;
}

/** Small packs and caches, so that cycles end, rows leave the cache and states are saved at many different places. */
export function drawSettings(random: Random, gate: FaultGate): Partial<StageSettings> {
  const settings = {
    lingerMs: random.pick([0, 2, 5]),
    packBytesMax: random.pick([500, 2_000, 262_144]),
    checkpointIntervalMs: random.pick([200, 700, 2_500]),
    dirtyRowsMax: random.pick([3, 50_000]),
    saveSliceRows: random.pick([1, 512]),
    cacheRowsMax: random.pick([2, 10, 100_000]),
    pendingMessagesMax: random.pick([2, 64]),
  };
  return gate.admits('small-limits') ? settings : {};
}

interface Restart {
  readonly at: number;
  readonly stage: StageName;
  readonly machine: number;
}

/** Breaks and mends one line, step by step. */
export class Faults {
  readonly covered = new Set<Path>();
  private line!: Line;
  /** When a machine that is down starts again. */
  private readonly restarts: Restart[] = [];
  private readonly crashChance: number;
  private readonly crashInCommitChance: number;
  private over = false;
  /** When attribute-compute had no owner, ms. */
  private readonly unowned: { readonly from: number; to: number }[] = [];

  constructor(
    private readonly random: Random,
    private readonly gate: FaultGate,
  ) {
    this.crashChance = random.pick([0, 0.05, 0.2]);
    this.crashInCommitChance = random.pick([0, 0.5, 0.8]);
  }

  /** To be given the line before it starts. */
  attach(line: Line): void {
    this.line = line;
  }

  /** From here on nothing goes wrong any more. */
  end(): void {
    this.over = true;
    this.noteOwners();
  }

  /** The machine sleeps, for so long if this happens at all. Returns how long it did, ms. */
  sleep(ms: number): number {
    if (!this.gate.admits('sleep')) return 0;
    this.line.clock.sleep(ms);
    return ms;
  }

  wasUnowned(at: number): boolean {
    return this.unowned.some(({ from, to }) => from <= at && at < to);
  }

  /** Follows a process, and kills it at the step of a commit that its start draws. */
  watch({ binding, machine, owned, start }: StartedProcess): ProcessWatch {
    const stage = binding.name;
    const random = new Random(fnv1a32(`${this.random.seed}/${stage}/${start}`));
    const planned = random.chance(this.crashInCommitChance) ? planCrash(random) : undefined;
    if (owned.length > 1) this.covered.add('several partitions in one process');
    const watch = new CommitWatch(binding, (step, time) => {
      if (planned?.step !== step || planned.time !== time || this.over || !this.gate.admits('crash-in-commit')) return;
      const kill = (): void => {
        if (this.over || !this.line.isRunning(stage, machine, start)) return;
        this.covered.add(`killed ${step}`);
        this.kill(stage, machine);
      };
      if (step === 'during a save') this.line.clock.after(planned.delayMs, kill);
      else kill();
    });
    return {
      step: (step) => watch.step(step),
      observe: (occurrence) => {
        watch.occurred(occurrence);
        if (occurrence.kind === 'fenced') this.covered.add('a fenced owner');
        if (occurrence.kind === 'append-unknown') this.covered.add('a publish of unknown fate');
        if (occurrence.kind === 'recovered' && occurrence.rebuilt && start > STAGE_NAMES.length) {
          this.covered.add('state rebuilt from the log');
        }
      },
      binding: watchRows(binding, () => watch.encoded()),
    };
  }

  /** To be called a few times a second. */
  async step(): Promise<void> {
    const { line, random } = this;
    const now = line.clock.now();
    for (const restart of this.restarts.splice(0)) {
      if (restart.at > now) this.restarts.push(restart);
      else this.start(restart.stage, restart.machine);
    }
    for (const stage of STAGE_NAMES) {
      // Drawn whether it is needed or not, so that a fault that is left out does not change the others.
      const draws = random.fork();
      if (!line.isRunning(stage, 0) && !this.isPlanned(stage, 0)) this.plan(draws, stage, 0);
      if (draws.chance(this.crashChance)) await this.strike(draws, stage);
    }
    this.noteOwners();
    const draws = random.fork();
    if (draws.chance(this.crashChance / 20) && this.gate.admits('outage')) {
      line.log.addOutage(now, now + draws.int(3_000));
    }
    if (draws.chance(0.1)) this.repeatTransfer(draws);
  }

  /** Transfers are written once, by compare-and-set; a stage must drop one that comes again all the same. */
  private repeatTransfer(draws: Random): void {
    const { line } = this;
    const { name, input } = draws.pick(line.bindings.filter((binding) => binding.input !== 'events'));
    const own = new RegExp(`\\.${name}-(\\d+|seed)$`);
    const relayed = line.storedAll(input).filter(({ subject }) => own.test(subject));
    if (relayed.length === 0 || !this.gate.admits('repeated-transfer')) return;
    const { subject, payload } = draws.pick(relayed);
    line.log.store(`${subject}-again`, payload);
  }

  private async strike(draws: Random, stage: StageName): Promise<void> {
    const { line, gate } = this;
    const machine = draws.int(MACHINES);
    if (line.isRunning(stage, machine)) {
      const isWiped = draws.chance(0.1);
      if (!gate.admits(isWiped ? 'wipe' : 'crash')) return;
      if (isWiped) await line.wipe(stage, machine);
      else this.kill(stage, machine);
      if (machine === 0) this.plan(draws, stage, machine);
    } else if (machine > 0 && gate.admits('second-owner')) {
      // A second owner of partitions that the first still believes to own.
      if (line.isRunning(stage, 0)) this.covered.add('two owners of a partition at once');
      this.start(stage, machine, draws);
    }
  }

  private kill(stage: StageName, machine: number): void {
    const { lost, reachedDisk } = this.line.crash(stage, machine);
    if (lost > 0) this.covered.add('a save that a crash took away');
    if (reachedDisk > 0) this.covered.add('a save that reached the disk as its process died');
    this.noteOwners();
  }

  private start(stage: StageName, machine: number, draws?: Random): void {
    const { line } = this;
    const all = line.inputs(line.bindings.find(({ name }) => name === stage)!);
    const some = all.filter(() => draws?.chance(0.5) === true);
    line.start(stage, machine, some.length > 0 ? some : all);
    this.noteOwners();
  }

  /** Mostly soon; sometimes so late that windows end while nobody is there. */
  private plan(draws: Random, stage: StageName, machine: number): void {
    const downMs = draws.chance(0.2) ? draws.int(20_000) : draws.int(600);
    this.restarts.push({ at: this.line.clock.now() + downMs, stage, machine });
  }

  private isPlanned(stage: StageName, machine: number): boolean {
    return this.restarts.some((restart) => restart.stage === stage && restart.machine === machine);
  }

  private noteOwners(): void {
    const { line, unowned } = this;
    const now = line.clock.now();
    const isOwned = Array.from({ length: MACHINES }, (_, machine) => machine).some((machine) =>
      line.isRunning('attribute-compute', machine),
    );
    const open = unowned.at(-1);
    if (!isOwned && (open === undefined || open.to !== Number.POSITIVE_INFINITY)) {
      unowned.push({ from: now, to: Number.POSITIVE_INFINITY });
    } else if (isOwned && open?.to === Number.POSITIVE_INFINITY) {
      open.to = now;
    }
  }
}
