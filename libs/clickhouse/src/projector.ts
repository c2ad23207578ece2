/** Fills the tables of one service from its log, each row once, beside the stage and without ever disturbing it. */
import { ClickHouseAdapterError } from './errors.js';
import { migrate } from './migrate.js';
import type { Projection } from './projection.js';
import { ProjectionLane } from './projection-lane.js';
import {
  PROJECTOR_DEFAULTS,
  type ProjectorOptions,
  type ProjectorState,
  type ProjectorStatus,
} from './projector-options.js';
import { type Range, RangeLedger } from './range-ledger.js';
import { type RetryObserver, retryForever } from './retry.js';

/** How often the end of the log is looked up for the lag. */
const LOOK_MS = 3_000;
/** The state of a projector is that of its lane that is worst off. */
const STATES: readonly ProjectorState[] = ['failed', 'starting', 'retrying', 'running', 'stopped'];

export class Projector {
  private lanes: readonly ProjectionLane[] = [];
  private state: ProjectorState = 'starting';
  private failures = 0;
  private lastError: string | undefined;
  private lastSequence = 0;
  private lookTimer: NodeJS.Timeout | undefined;
  private readonly aborted = new AbortController();
  private opening: Promise<void> = Promise.resolve();

  constructor(private readonly options: ProjectorOptions) {}

  /** Starts in the background: makes the tables, repeats the last recorded ranges and goes on, however long ClickHouse is away. */
  start(): void {
    this.opening = this.open();
  }

  /** Inserts what has been read, within about 5 s; what does not go in is projected at the next start. */
  async stop(): Promise<void> {
    clearInterval(this.lookTimer);
    this.aborted.abort();
    await this.opening;
    await Promise.all(this.lanes.map((lane) => lane.stop()));
    if (this.state !== 'failed') this.state = 'stopped';
  }

  get status(): ProjectorStatus {
    const { lanes } = this;
    const sum = (pick: (lane: ProjectionLane) => number): number =>
      lanes.reduce((total, lane) => total + pick(lane), 0);
    const states = [this.state, ...lanes.map((lane) => lane.state)];
    const lastProjectedSequence = lanes.length === 0 ? 0 : Math.min(...lanes.map((lane) => lane.lastProjectedSequence));
    const idle = lanes.length > 0 && lanes.every((lane) => lane.idle);
    return {
      state: STATES.find((state) => states.includes(state)) ?? 'starting',
      lastProjectedSequence,
      // What has been read since the last look is known to be there as well.
      lagMessages: idle
        ? 0
        : Math.max(this.lastSequence, ...lanes.map((lane) => lane.lastRead)) - lastProjectedSequence,
      rowsInserted: sum((lane) => lane.rowsInserted),
      blocksInserted: sum((lane) => lane.blocksInserted),
      failures: this.failures + sum((lane) => lane.failures),
      poisoned: sum((lane) => lane.poisoned),
      lastError: lanes.find((lane) => lane.lastError !== undefined)?.lastError ?? this.lastError,
    };
  }

  private async open(): Promise<void> {
    const { options } = this;
    const scope = options.scope ?? options.stream;
    const ledger = new RangeLedger(options.clickhouse, scope);
    let ranges = new Map<string, Range>();
    let refused: ClickHouseAdapterError | undefined;
    const prepared = await retryForever(
      async () => {
        try {
          if (options.migrations !== undefined) await migrate(options.clickhouse, options.migrations);
          ranges = await ledger.read();
          await options.opened?.(ranges);
        } catch (error) {
          if (!(error instanceof ClickHouseAdapterError) || error.retryable) throw error;
          refused = error;
        }
      },
      { signal: this.aborted.signal, observer: this.observer },
    );
    if (!prepared) return;
    if (refused !== undefined) {
      this.state = 'failed';
      this.lastError = refused.message;
      options.report?.('error', refused.message);
      return;
    }
    const settings = { ...PROJECTOR_DEFAULTS, ...options.settings };
    this.lanes = [...byRange(options.projections, ranges)].map(
      ([, { repeat, projections }]) => new ProjectionLane({ ...options, settings, scope, ledger, repeat }, projections),
    );
    this.state = 'running';
    await this.look();
    this.lookTimer = setInterval(() => void this.look(), LOOK_MS);
    this.lookTimer.unref();
    for (const lane of this.lanes) lane.open();
  }

  private async look(): Promise<void> {
    const bounds = await this.options.log.bounds(this.options.stream).catch(() => undefined);
    if (bounds !== undefined) this.lastSequence = bounds.lastSequence;
  }

  private readonly observer: RetryObserver = {
    failed: (error, attempt) => {
      this.failures += 1;
      this.lastError = error.message;
      if (attempt !== 1 && attempt % 30 !== 0) return;
      this.options.report?.(
        'warn',
        `${this.options.stream} is not projected yet; attempt ${attempt}: ${error.message}`,
      );
    },
    recovered: () => undefined,
  };
}

/** Tables with the same last range share a lane; a new table gets its own and starts where the log starts. */
function byRange(
  projections: readonly Projection[],
  ranges: ReadonlyMap<string, Range>,
): Map<string, { repeat: Range | undefined; projections: Projection[] }> {
  const lanes = new Map<string, { repeat: Range | undefined; projections: Projection[] }>();
  for (const projection of projections) {
    const repeat = ranges.get(projection.table);
    const key = repeat === undefined ? '' : `${repeat.first}-${repeat.last}`;
    const lane = lanes.get(key);
    if (lane === undefined) lanes.set(key, { repeat, projections: [projection] });
    else lane.projections.push(projection);
  }
  return lanes;
}
