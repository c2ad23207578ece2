/** The question that the owner of a partition answers from its state: what fired for an entity. */
import { type Entity, isHeld } from '@attrium/event';
import type { Row } from './domain/entity.js';
import { type Fired, firedByTrigger } from './domain/fired-book.js';
import { InvalidQuestionError } from './errors.js';

/** `workspace`: an entity of another one is as good as none. */
export interface FiringsQuestion {
  readonly kind: 'firings';
  readonly ordinal: number;
  readonly workspace?: string | undefined;
}

/** `mergedInto`: ask for that entity instead. `merging`: a merge is open, so the answer is that from before it. */
export interface FiringsAnswer {
  readonly merging: boolean;
  readonly mergedInto?: Entity | undefined;
  /** By trigger: its last firing, and how many there were. */
  readonly triggers: Readonly<Record<string, Fired>>;
  /** Firings that wait, the earliest due first; absent for none. */
  readonly waiting?: readonly { readonly trigger: string; readonly dueAt: number; readonly cause: string }[];
}

/** Throws InvalidQuestionError for what is no question. */
export function answer(rowOf: (ordinal: number) => Row | undefined, asked: unknown): FiringsAnswer {
  const { ordinal, workspace } = parseQuestion(asked);
  const row = rowOf(ordinal);
  if (row === undefined) return { merging: false, triggers: {} };
  const entity = row.kind === 'pointer' ? row.mergedInto : row.entity;
  if (workspace !== undefined && workspace !== entity.workspace) return { merging: false, triggers: {} };
  if (row.kind === 'pointer') return { merging: false, triggers: {}, mergedInto: entity };
  const waiting = row.waiting.map(({ trigger, dueAt, cause }) => ({ trigger, dueAt, cause }));
  return {
    ...(waiting.length === 0 ? {} : { waiting }),
    merging: row.merges !== undefined && isHeld(row.merges),
    triggers: Object.fromEntries(firedByTrigger(row.fired)),
  };
}

function parseQuestion(question: unknown): FiringsQuestion {
  const { kind, ordinal, workspace } = (question ?? {}) as Record<string, unknown>;
  if (typeof ordinal !== 'number') throw new InvalidQuestionError('no ordinal');
  if (workspace !== undefined && typeof workspace !== 'string') throw new InvalidQuestionError('workspace is no text');
  if (kind !== 'firings') throw new InvalidQuestionError('it is no { kind: firings }');
  return { kind, ordinal, workspace };
}
