/** How far the logs have come and how full they are, as JetStream tells. */
import { LOG_NAMES, streamOf } from '@attrium/event';
import type { NatsLink } from '@attrium/nats';
import { LOG_ERROR_CODES, LogError } from '@attrium/processor';

export interface LogSize {
  readonly log: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly messages: number;
  readonly bytes: number;
  /** Beyond it appends are refused. */
  readonly bytesMax: number;
}

interface StreamInfo {
  readonly error?: { readonly description?: string };
  readonly state?: {
    readonly messages: number;
    readonly bytes: number;
    readonly first_seq: number;
    readonly last_seq: number;
  };
  readonly config?: { readonly max_bytes: number };
}

const TIMEOUT_MS = 2_000;
const OTHER_STREAMS = ['deliveries', 'rejected', 'dead-letters'];

/** Of every stream of the installation. Throws LogError when JetStream does not answer. */
export function logSizes(link: Pick<NatsLink, 'read'>): Promise<LogSize[]> {
  const streams = [
    ...LOG_NAMES.map((log) => ({ log: log as string, stream: streamOf(log) })),
    ...OTHER_STREAMS.map((log) => ({ log, stream: `attrium-${log}` })),
  ];
  return Promise.all(streams.map(({ log, stream }) => sizeOf(link, log, stream)));
}

async function sizeOf(link: Pick<NatsLink, 'read'>, log: string, stream: string): Promise<LogSize> {
  const question = `STREAM.INFO.${stream}`;
  const info = await link.read
    .request(`$JS.API.${question}`, '', { timeout: TIMEOUT_MS })
    .then((message) => message.json<StreamInfo>())
    .catch((cause: Error) => {
      throw new LogError(LOG_ERROR_CODES.outOfReach, `JetStream does not answer ${question}: ${cause.message}`, {
        cause,
      });
    });
  const { state, config, error } = info;
  if (state === undefined || config === undefined) {
    throw new LogError(LOG_ERROR_CODES.outOfReach, `JetStream refuses ${question}: ${error?.description}`);
  }
  return {
    log,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    messages: state.messages,
    bytes: state.bytes,
    bytesMax: config.max_bytes,
  };
}
