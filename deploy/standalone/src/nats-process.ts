/** nats-server under the launcher: found or installed, started, and started again when it ends by itself. */
import { findNatsServer, type NatsServer, NatsServerError, startNatsServer } from '@attrium/nats';
import type { Say } from './console-lines.js';
import type { DataFolder } from './data-folder.js';

const RESTART_DELAY_MS_MIN = 100;
const RESTART_DELAY_MS_MAX = 10_000;

export interface NatsProcessOptions {
  readonly folder: DataFolder;
  readonly port: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What JetStream may store, bytes; the logs have their own, lower limits. */
  readonly fileBytesMax: number;
  readonly say: Say;
}

export class NatsProcess {
  private stopping = false;
  private watching: Promise<void> = Promise.resolve();
  private readonly wake = new AbortController();

  private constructor(
    private readonly server: NatsServer,
    private readonly options: NatsProcessOptions,
  ) {}

  /** Throws NatsServerError: none to be had, or it does not start. */
  static async start(options: NatsProcessOptions): Promise<NatsProcess> {
    const { folder, environment, port, fileBytesMax, say } = options;
    const binary = await findNatsServer({ dataDirectory: folder.directory, environment, say });
    const server = await startNatsServer({
      binary,
      directory: folder.path('nats'),
      port,
      fileBytesMax,
      detached: true,
    });
    const running = new NatsProcess(server, options);
    folder.note('nats-server', server.pid);
    running.watching = running.watch();
    return running;
  }

  get url(): string {
    return this.server.url;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake.abort();
    await this.server.stop();
    await this.watching;
  }

  async kill(): Promise<void> {
    this.stopping = true;
    this.wake.abort();
    await this.server.kill();
  }

  private async watch(): Promise<void> {
    const { say, folder } = this.options;
    let delayMs = RESTART_DELAY_MS_MIN;
    for (;;) {
      const { code, signal } = await this.server.exited;
      if (this.stopping) return;
      say(
        `nats-server ended ${signal === null ? `with code ${code}` : `by ${signal}`}; starting it again in ${delayMs} ms.`,
      );
      await this.pause(delayMs);
      if (this.stopping) return;
      try {
        await this.server.restart();
        folder.note('nats-server', this.server.pid);
        delayMs = RESTART_DELAY_MS_MIN;
      } catch (error) {
        if (!(error instanceof NatsServerError)) throw error;
        say(error.message);
        delayMs = Math.min(delayMs * 2, RESTART_DELAY_MS_MAX);
      }
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.wake.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        done();
      });
    });
  }
}
