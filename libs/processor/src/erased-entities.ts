/**
 * The entities of one partition that were erased: their ordinals and nothing else. Ordinals are never used again, so a tombstone stands for
 * ever: whatever still comes for such an entity (a transfer of a merge that was under way) is dropped.
 */
import type { StageEnvironment, Table } from './stage.js';

/** To the owner of a partition: whether these entities are erased here. */
export interface ErasureQuestion {
  readonly kind: 'erasure';
  readonly ordinals: readonly number[];
}

export interface ErasureProgress {
  /** All of them are. */
  readonly erased: boolean;
}

export function isErasureQuestion(question: unknown): question is ErasureQuestion {
  const { kind, ordinals } = (question ?? {}) as Record<string, unknown>;
  return kind === 'erasure' && Array.isArray(ordinals) && ordinals.every((ordinal) => typeof ordinal === 'number');
}

export class ErasedEntities {
  private readonly tombstones: Table<number, boolean>;

  constructor(environment: StageEnvironment) {
    this.tombstones = environment.table('erased-entities', undefined, { filtersKeys: true });
  }

  has(ordinal: number): boolean {
    return this.tombstones.get(ordinal) !== undefined;
  }

  add(ordinal: number): void {
    this.tombstones.put(ordinal, true);
  }

  answer({ ordinals }: ErasureQuestion): ErasureProgress {
    return { erased: ordinals.every((ordinal) => this.has(ordinal)) };
  }
}
