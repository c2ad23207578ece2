/** A small stage that uses all of the loop: state, timers, facts and relays. It counts in a rolling window. */
import type { LogRecord } from '@attrium/event';
import type { Context, PartitionStage, StageBinding, StageEnvironment } from '../src/stage.js';

export const PARTITIONS = 2;
export const WINDOW_MS = 700;

export interface Row {
  times: number[];
  moved: number;
}

/** Counts the events of an entity in a rolling window; every fifth event sends the count to the other partition. */
class WindowCounter implements PartitionStage {
  private readonly rows;

  constructor(private readonly environment: StageEnvironment) {
    this.rows = environment.table<number, Row>('rows');
  }

  timersBefore(record: LogRecord): number | undefined {
    return record.kind === 'event-resolved' ? record.entity.ordinal : undefined;
  }

  decide(record: LogRecord, context: Context): void {
    if (record.kind === 'state-transferred') {
      const row = this.row(record.to.ordinal);
      row.moved++;
      this.emit(record.to.ordinal, row, context.now, context);
    }
    if (record.kind !== 'event-resolved') return;
    if (record.event.name === 'poison') throw new Error('poisoned');
    const { ordinal } = record.entity;
    const row = this.row(ordinal);
    row.times.push(context.now);
    context.setTimer(ordinal, row.times[0]! + WINDOW_MS);
    this.emit(ordinal, row, context.now, context);
    if (row.times.length % 5 === 0) {
      const entity = { workspace: 'w', kind: 'profile' as const, id: `p${ordinal}`, ordinal };
      const other = 1 - this.environment.partition;
      const state = Uint8Array.of(row.times.length);
      context.relay(
        {
          kind: 'state-transferred',
          stage: 'segment',
          mergeId: 'm',
          from: entity,
          to: entity,
          state,
          stateVersion: 1,
          published: [],
        },
        other,
      );
    }
  }

  expire(ordinal: number, dueAt: number, context: Context): void {
    const row = this.row(ordinal);
    row.times = row.times.filter((time) => time + WINDOW_MS > dueAt);
    if (row.times[0] !== undefined) context.setTimer(ordinal, row.times[0] + WINDOW_MS);
    this.emit(ordinal, row, dueAt, context);
  }

  answer(question: unknown): unknown {
    return this.rows.get(question as number)?.times.length ?? 0;
  }

  private row(ordinal: number): Row {
    let row = this.rows.edit(ordinal);
    if (row === undefined) {
      row = { times: [], moved: 0 };
      this.rows.put(ordinal, row);
    }
    return row;
  }

  private emit(ordinal: number, row: Row, effectiveAt: number, context: Context): void {
    const entity = { workspace: 'w', kind: 'profile' as const, id: `p${ordinal}`, ordinal };
    const changes = [
      { name: 'count', after: row.times.length },
      { name: 'moved', after: row.moved },
    ];
    context.emit({
      kind: 'attributes-changed',
      entity,
      effectiveAt,
      recordedAt: context.now,
      reason: 'event',
      cause: '',
      revision: 1,
      changes,
    });
  }
}

export const binding: StageBinding = {
  name: 'attribute-compute',
  input: 'resolved',
  output: 'attributes',
  logicVersion: 1,
  stateVersion: 1,
  open: (environment) => new WindowCounter(environment),
};

export function event(id: number, ordinal: number, name = 'tick-tock'): LogRecord {
  return {
    kind: 'event-resolved',
    id: `i${id}`,
    entity: { workspace: 'w', kind: 'profile', id: `p${ordinal}`, ordinal },
    origin: `p${ordinal}`,
    event: {
      kind: 'event',
      id: `e${id}`,
      workspace: 'w',
      source: 's',
      type: 'track',
      name,
      occurredAt: 1,
      receivedAt: 1,
      identifiers: [],
      payload: new Uint8Array(0),
    },
  };
}
