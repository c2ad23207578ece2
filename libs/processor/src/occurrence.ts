/** What happens in the stage loop, for metrics and logs: named occurrences, once a batch. */
import type { ProcessorError } from './errors.js';

export type StageOccurrence =
  | { readonly kind: 'recovered'; readonly partition: number; readonly rebuilt: boolean; readonly fromSequence: number }
  | { readonly kind: 'caught-up'; readonly partition: number; readonly sequence: number }
  | {
      readonly kind: 'committed';
      readonly partition: number;
      readonly packs: number;
      readonly bytes: number;
      readonly facts: number;
      readonly roundTripMs: number;
      /** Log time of the newest record that is now committed, ms. */
      readonly appendedAt: number;
    }
  | { readonly kind: 'checkpointed'; readonly partition: number; readonly rows: number; readonly encodeMs: number }
  | { readonly kind: 'append-unknown'; readonly partition: number; readonly subject: string; readonly reason: string }
  | { readonly kind: 'fenced'; readonly partition: number; readonly subject: string }
  | {
      readonly kind: 'dead-lettered';
      readonly partition: number;
      readonly sequence: number;
      readonly record: number;
      readonly reason: string;
    }
  | { readonly kind: 'ticked'; readonly partition: number; readonly dueAt: number }
  | { readonly kind: 'stopped'; readonly partition: number; readonly error: ProcessorError | Error };

export type Observe = (occurrence: StageOccurrence) => void;
