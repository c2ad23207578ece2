/** One reader of a log that fills tables whose last recorded range is the same. */
import { partitionOfSubject } from '@attrium/event';
import { decodePack, type LogReader, type StoredMessage } from '@attrium/processor';
import { Block, type TableWriter, tableWriter } from './block.js';
import { ClickHouseAdapterError } from './errors.js';
import type { Projection } from './projection.js';
import type { ProjectorOptions, ProjectorSettings, ProjectorState } from './projector-options.js';
import type { Range, RangeLedger } from './range-ledger.js';
import { type RetryObserver, retryForever } from './retry.js';

export interface LaneOptions extends ProjectorOptions {
  readonly settings: ProjectorSettings;
  readonly scope: string;
  readonly ledger: RangeLedger;
  /** The range to repeat: it was recorded, and perhaps its rows are missing. */
  readonly repeat: Range | undefined;
}

/** How long a stop waits for ClickHouse before it leaves the rest to the next start. */
const STOP_LIMIT_MS = 5_000;

export class ProjectionLane {
  state: ProjectorState = 'starting';
  lastProjectedSequence = 0;
  rowsInserted = 0;
  blocksInserted = 0;
  failures = 0;
  poisoned = 0;
  lastError: string | undefined;

  private readonly writers: readonly TableWriter[];
  private readonly tables: readonly string[];
  private readonly aborted = new AbortController();
  private reader: LogReader | undefined;
  /** First sequence of the growing block. */
  private first = 1;
  /** The last sequence that was read. */
  lastRead = 0;
  private growing: Block;
  private repeat: Range | undefined;
  private sending: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** The growing block has waited long enough. */
  private due = false;
  private pumping = false;
  /** A further slice is waiting for its turn of the event loop. */
  private scheduled = false;
  private held: StoredMessage | undefined;
  private stopping = false;

  constructor(
    private readonly options: LaneOptions,
    projections: readonly Projection[],
  ) {
    this.writers = projections.map(tableWriter);
    this.tables = projections.map((projection) => projection.table);
    this.growing = new Block(this.writers);
    this.repeat = options.repeat;
    if (this.repeat !== undefined) {
      this.first = this.repeat.first;
      this.lastRead = this.repeat.first - 1;
      this.lastProjectedSequence = this.repeat.first - 1;
    }
  }

  /** Nothing waits: neither in the reader nor on its way into the tables. */
  get idle(): boolean {
    const { reader } = this;
    return this.growing.rows === 0 && this.sending === undefined && reader?.buffered === 0 && this.repeat === undefined;
  }

  /** Opens the reader, trying for ever. Never rejects. */
  async open(): Promise<void> {
    let lost: ClickHouseAdapterError | undefined;
    const opened = await retryForever(
      async () => {
        lost = await this.checkBounds();
      },
      { signal: this.aborted.signal, observer: this.observer },
    );
    if (!opened || this.stopping) return;
    if (lost !== undefined) return this.fail(lost);
    this.state = 'running';
    this.reader = this.options.log.read(this.options.stream, {
      subjects: this.options.subjects,
      fromSequence: this.lastRead + 1,
      wake: () => this.pump(),
      failed: (error) => this.reopen(error),
    });
    this.pump();
  }

  /** Inserts what has been read, within 5 s; what does not go in is read again at the next start. Never rejects. */
  async stop(): Promise<void> {
    this.stopping = true;
    const timer = setTimeout(() => this.aborted.abort(), STOP_LIMIT_MS);
    const reader = this.reader;
    this.reader = undefined;
    await reader?.close().catch(() => undefined);
    await this.sending;
    // A range that is repeated goes in whole or not at all: half of it under its token would hide the other half for ever.
    if (this.repeat === undefined && this.lastRead >= this.first && !this.aborted.signal.aborted) {
      this.send(this.lastRead);
      await this.sending;
    }
    clearTimeout(timer);
    clearTimeout(this.timer);
    this.aborted.abort();
    if (this.state !== 'failed') this.state = 'stopped';
  }

  /** The error when the log no longer has what comes next. Throws when the log cannot be asked. */
  private async checkBounds(): Promise<ClickHouseAdapterError | undefined> {
    const { stream, log } = this.options;
    const { firstSequence, lastSequence } = await log.bounds(stream);
    const known = this.repeat?.last ?? this.lastRead;
    if (lastSequence < known) {
      const message = `${stream} ends at ${lastSequence}, but ${this.tables.join(', ')} hold rows up to ${known}. The log has lost its tail; restore it or rebuild the tables.`;
      return new ClickHouseAdapterError('log-tail-lost', message);
    }
    const next = this.lastRead + 1;
    if (next >= firstSequence) return undefined;
    if (this.lastRead === 0 && this.repeat === undefined) {
      // New tables on an old log: they start where the log starts.
      this.first = firstSequence;
      this.lastRead = firstSequence - 1;
      return undefined;
    }
    const message = `${stream} starts at ${firstSequence}, but ${this.tables.join(', ')} need it from ${next}. Rebuild the tables.`;
    return new ClickHouseAdapterError('log-gap', message);
  }

  /** Projects messages until none waits, the block must be sent first, or the slice of time is over. */
  private pump(): void {
    if (this.pumping || this.scheduled) return;
    this.pumping = true;
    try {
      const until = performance.now() + this.options.settings.sliceMsMax;
      while (this.reader !== undefined) {
        if (!this.sendIfDue()) return;
        const message = this.held ?? this.reader.next();
        this.held = undefined;
        if (message === undefined) return;
        if (this.endsRepeat(message)) continue;
        this.take(message);
        if (performance.now() > until) {
          this.scheduled = true;
          setImmediate(() => {
            this.scheduled = false;
            this.pump();
          });
          return;
        }
      }
    } finally {
      this.pumping = false;
    }
  }

  /** True when the message lies behind the range that is repeated: the range is closed first, the message kept. */
  private endsRepeat(message: StoredMessage): boolean {
    if (this.repeat === undefined || message.sequence <= this.repeat.last) return false;
    this.held = message;
    this.lastRead = this.repeat.last;
    this.due = true;
    return true;
  }

  private take(message: StoredMessage): void {
    const partition = partitionOfSubject(message.subject);
    const { sequence } = message;
    let index = 0;
    try {
      for (const record of decodePack(message.payload).records) {
        try {
          this.growing.add(record, { partition, sequence, index });
        } catch (error) {
          this.poison(`record ${index} (${record.kind}) of message ${sequence}`, error);
        }
        index++;
      }
    } catch (error) {
      this.poison(`message ${sequence}`, error);
    }
    this.lastRead = sequence;
    const { settings } = this.options;
    if (this.repeat !== undefined) this.due = sequence === this.repeat.last;
    else if (this.growing.size >= settings.blockBytesMax) this.due = true;
    else if (this.growing.rows === 0) this.due = sequence - this.first + 1 >= settings.emptyMessagesMax;
    if (this.growing.rows > 0 && !this.due && this.repeat === undefined) this.startTimer();
    if (this.growing.rows === 0 && this.sending === undefined && this.repeat === undefined) {
      this.lastProjectedSequence = this.lastRead;
    }
  }

  private startTimer(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.due = true;
      this.pump();
    }, this.options.settings.blockMsMax);
  }

  /** Sends a block that is due. False when reading must wait: a full block waits for the one before it. */
  private sendIfDue(): boolean {
    if (!this.due) return true;
    if (this.sending !== undefined) {
      return this.repeat === undefined && this.growing.size < this.options.settings.blockBytesMax;
    }
    this.send(this.lastRead);
    return true;
  }

  private send(last: number): void {
    const range = this.repeat ?? { first: this.first, last };
    const repeated = this.repeat !== undefined;
    const block = this.growing;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.due = false;
    this.repeat = undefined;
    this.growing = new Block(this.writers);
    this.first = range.last + 1;
    this.sending = this.deliver(block, range, repeated).finally(() => {
      this.sending = undefined;
      if (this.growing.rows === 0 && !this.aborted.signal.aborted) this.lastProjectedSequence = this.lastRead;
      this.pump();
    });
  }

  /** Records the range, then inserts its rows, each until it works or the lane stops. The order is what makes rows appear once. */
  private async deliver(block: Block, range: Range, repeated: boolean): Promise<void> {
    const { scope, ledger, clickhouse } = this.options;
    const retry = (action: () => Promise<void>): Promise<boolean> =>
      retryForever(action, { signal: this.aborted.signal, observer: this.observer });
    if (!repeated && !(await retry(() => ledger.record(this.tables, range)))) return;
    const done = await Promise.all(
      block.inserts(clickhouse).map(async ({ table, rows, insert }) => {
        const inserted = await retry(() => insert(`${table}:${scope}:${range.first}-${range.last}`));
        if (inserted) this.rowsInserted += rows;
        return inserted;
      }),
    );
    if (done.includes(false)) return;
    if (block.rows > 0) this.blocksInserted += 1;
    this.lastProjectedSequence = range.last;
  }

  private readonly observer: RetryObserver = {
    failed: (error, attempt) => {
      this.failures += 1;
      this.lastError = error.message;
      if (this.state === 'running') this.state = 'retrying';
      if (attempt === 1 || attempt % 30 === 0) {
        const where = `${this.options.scope} is projected up to ${this.lastProjectedSequence}`;
        this.options.report?.('warn', `${where}; attempt ${attempt} failed and is repeated: ${error.message}`);
      }
    },
    recovered: (attempts) => {
      if (this.state === 'retrying') this.state = 'running';
      this.options.report?.('info', `${this.options.scope} is projected again after ${attempts} attempts`);
    },
  };

  private poison(what: string, error: unknown): void {
    this.poisoned += 1;
    this.lastError = error instanceof Error ? error.message : String(error);
    this.options.report?.('error', `${what} of ${this.options.stream} could not be projected: ${this.lastError}`);
  }

  private reopen(error: Error): void {
    this.failures += 1;
    this.lastError = error.message;
    this.options.report?.('warn', `the reader of ${this.options.stream} failed and is opened again: ${error.message}`);
    const reader = this.reader;
    if (reader === undefined) return;
    this.reader = undefined;
    this.held = undefined;
    void reader
      .close()
      .catch(() => undefined)
      .then(() => this.open());
  }

  private fail(error: ClickHouseAdapterError): void {
    this.state = 'failed';
    this.lastError = error.message;
    this.options.report?.('error', error.message);
  }
}
