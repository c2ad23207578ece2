/** The stages of the line with one fault in them: for showing that a run finds it, and makes the case small. */
import type { EventResolved } from '@attrium/event';
import { rowCodec, type StageBinding, type TableCodec } from '@attrium/processor';
import { lineBindings } from './line.js';

/** journey-trigger loses what it has fired when a row comes back from the store, so that it forgets to suppress. */
export function forgettingToSuppress(): readonly StageBinding[] {
  return withStage('journey-trigger', (binding) => ({
    ...binding,
    open: (environment) =>
      binding.open({
        ...environment,
        table: (name, codec = rowCodec as TableCodec<never>) =>
          environment.table(name, {
            encode: (value) => codec.encode(value),
            decode: (bytes) => {
              const row = codec.decode(bytes);
              (row as { readonly fired?: Map<string, unknown> }).fired?.clear?.();
              return row;
            },
          }),
      }),
  }));
}

/** attribute-compute leaves out what is older than the newest event of its profile: what it counts depends on the order of arrival. */
export function dependingOnOrder(): readonly StageBinding[] {
  return withStage('attribute-compute', (binding) => ({
    ...binding,
    open: (environment) => {
      const stage = binding.open(environment);
      const newest = environment.table<number, number>('newest');
      const isOld = ({ entity, event }: EventResolved): boolean => {
        const before = newest.get(entity.ordinal) ?? 0;
        newest.put(entity.ordinal, Math.max(before, event.occurredAt));
        return event.occurredAt < before;
      };
      return {
        timersBefore: (record) => stage.timersBefore(record),
        expire: (ordinal, dueAt, context) => stage.expire(ordinal, dueAt, context),
        answer: (question) => stage.answer!(question),
        decide: (record, context) => {
          if (record.kind !== 'event-resolved' || !isOld(record)) stage.decide(record, context);
        },
      };
    },
  }));
}

function withStage(name: StageBinding['name'], change: (binding: StageBinding) => StageBinding): StageBinding[] {
  return lineBindings().map((binding) => (binding.name === name ? change(binding) : binding));
}
