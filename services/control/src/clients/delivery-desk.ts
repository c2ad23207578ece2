/** Asks journey-trigger's desk about deliveries and past firings; any of its instances answers. */
import { DELIVERY_DESK_SUBJECT } from '@attrium/event';
import { type FailureStatus, OperatingError } from '@attrium/host';
import { AskError, ask, type NatsLink } from '@attrium/nats';
import { ControlError } from '../errors.js';

interface DeskAnswer {
  readonly answer?: unknown;
  readonly refused?: {
    readonly code: string;
    readonly status: FailureStatus;
    readonly message: string;
    readonly retryable: boolean;
  };
}

/** Replays of thousands of firings take their time. */
const TIMEOUT_MS = 30_000;

export class DeliveryDeskClient {
  constructor(private readonly link: Pick<NatsLink, 'read'>) {}

  /** Throws what the desk refuses with, under its own code, and ATR-CONTROL-060 when nobody answers. */
  async ask(question: { readonly kind: string; readonly workspace: string; readonly [field: string]: unknown }) {
    let told: DeskAnswer;
    try {
      told = (await ask(this.link.read, DELIVERY_DESK_SUBJECT, question, TIMEOUT_MS)) as DeskAnswer;
    } catch (cause) {
      if (cause instanceof AskError && !cause.retryable) throw cause;
      throw new ControlError('deskSilent', { cause });
    }
    const { answer, refused } = told;
    if (refused !== undefined) throw new OperatingError(refused.message, refused);
    return withTimes(answer) as Record<string, unknown>;
  }
}

/** Over REST times are ISO 8601: every number whose name ends in At or From, or is at. */
function withTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTimes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) =>
      typeof member === 'number' && /(At|From|^at)$/.test(key)
        ? [key, new Date(member).toISOString()]
        : [key, withTimes(member)],
    ),
  );
}
