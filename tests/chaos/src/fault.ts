/** What a fault is: something done to the running system, some times in each form of the run. */
import type { LogName } from '@attrium/event';
import type { Random } from '@attrium/testing/simulation';
import type { Ledger } from './ledger/ledger.js';
import type { Load } from './load.js';
import type { ChaosSystem } from './system.js';
import type { Tally } from './tally.js';
import type { WebhookReceiver } from './webhook-receiver.js';

/** short: less than five minutes, run by CI; long: about half an hour. */
export type Form = 'short' | 'long';

export interface Scene {
  readonly system: ChaosSystem;
  readonly load: Load;
  readonly receiver: WebhookReceiver;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly tally: Tally;
  /** Something is done to the system now: the next stall is its. */
  mark(): void;
  /** A remark that is printed with the fault. */
  note(text: string): void;
}

export interface Fault {
  readonly name: string;
  /** How often it is done; 0 where it is left out. */
  readonly rounds: Readonly<Record<Form, number>>;
  /** Where its stall is seen first; windows that end let the logs behind it go on. By default the end of the line. */
  readonly log?: LogName;
  /** Two instances send webhooks at the same time: each comes, but not in one order. */
  readonly hasTwoSenders?: boolean;
  /** Undefined, or why it cannot be done here. */
  readonly obstacle?: (scene: Scene) => string | undefined;
  /** Once; it ends when the system is whole again. */
  readonly run: (scene: Scene) => Promise<void>;
}
