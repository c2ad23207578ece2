/** Says all that changed of an entity at one instant. */
import type { AttributeChange } from '@attrium/event';
import type { Context } from '@attrium/processor';
import type { EntityRow } from './domain/entity.js';
import type { Plan } from './domain/plan.js';
import type { Evaluation } from './seeding.js';

export function emitChanges(
  { entity }: EntityRow,
  { revision }: Plan,
  changes: readonly AttributeChange[],
  evaluation: Evaluation,
  context: Context,
): void {
  if (changes.length === 0) return;
  context.emit({ kind: 'attributes-changed', entity, recordedAt: context.now, revision, ...evaluation, changes });
}
