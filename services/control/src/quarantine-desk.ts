/** What can be done with identifiers by which merges are held: list them, and decide about them. */
import { type Identifier, partitionOf, type QuarantineDecision } from '@attrium/event';
import type { AskStage } from '@attrium/host';
import type { Clock } from '@attrium/processor';
import type { QuarantineLog } from './clients/quarantine-log.js';
import { ControlError } from './errors.js';

export const QUARANTINE_STATUSES = ['held', 'released', 'refused'] as const;
export type QuarantineStatus = (typeof QUARANTINE_STATUSES)[number];

/** As identity tells of it; times in ms. */
export interface QuarantinedIdentifier {
  readonly identifier: Identifier;
  readonly status: QuarantineStatus;
  readonly profileId: string;
  readonly heldAt: number;
  readonly lastAt: number;
  readonly events: number;
  readonly profileIds: readonly string[];
  readonly unremembered: number;
  readonly decidedBy?: string | undefined;
  readonly decidedAt?: number | undefined;
}

export interface QuarantinePage {
  readonly entries: readonly QuarantinedIdentifier[];
  readonly next?: number | undefined;
  readonly held: number;
  readonly decided: number;
  readonly unlisted: number;
}

export interface Decided {
  readonly identifier: QuarantinedIdentifier;
  /** Identity has come to the decision; false: it is in the log, and identity will. */
  readonly applied: boolean;
}

/** How often, and for how long in all, identity is asked whether it has come to a decision. */
const ASK_EVERY_MS = 50;
const ASKS_MAX = 40;

export class QuarantineDesk {
  constructor(
    private readonly options: {
      readonly ask: AskStage;
      readonly log: QuarantineLog;
      readonly clock: Pick<Clock, 'after'>;
      readonly shards: number;
    },
  ) {}

  /** Throws OwnerSilentError. */
  list(
    workspace: string,
    page: { readonly status: QuarantineStatus; readonly after: number; readonly limit: number },
  ): Promise<QuarantinePage> {
    return this.identity<QuarantinePage>(workspace, { kind: 'quarantine', ...page });
  }

  /** Throws ATR-CONTROL-032, -014 and -033, and OwnerSilentError before anything was decided. */
  async decide(
    workspace: string,
    { identifier, decision, author }: { identifier: Identifier; decision: QuarantineDecision; author: string },
  ): Promise<Decided> {
    const before = await this.find(workspace, identifier);
    if (before === null) throw new ControlError('notQuarantined');
    const status = decision === 'release' ? 'released' : 'refused';
    if (before.status === status) return { identifier: before, applied: true };
    if (!before.decidable)
      throw new ControlError('tooMany', { message: 'The workspace has decided as often as it may.' });
    const reason = await this.options.log.append(workspace, { identifier, decision, author });
    if (reason !== undefined) throw new ControlError('decisionUnknown', { cause: new Error(reason) });
    for (let asks = 0; asks < ASKS_MAX; asks++) {
      // It is in the log whoever answers now.
      const { decidable: _decidable, ...after } = (await this.find(workspace, identifier).catch(() => null)) ?? before;
      if (after.status === status) return { identifier: after, applied: true };
      await new Promise<void>((resolve) => this.options.clock.after(ASK_EVERY_MS, resolve));
    }
    return { identifier: before, applied: false };
  }

  private find(
    workspace: string,
    identifier: Identifier,
  ): Promise<(QuarantinedIdentifier & { readonly decidable: boolean }) | null> {
    return this.identity(workspace, { kind: 'quarantined', identifier });
  }

  private identity<T>(workspace: string, question: object): Promise<T> {
    const { ask, shards } = this.options;
    return ask<T>('identity', partitionOf(workspace, shards), { ...question, workspace });
  }
}
