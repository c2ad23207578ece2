/** Owners of that small stage on a simulated log, clock and disk, and what the log must hold after it. */
import { type LogRecord, partitionFilters, partitionSubject } from '@attrium/event';
import {
  type LogFaults,
  Random,
  runSimulation,
  SimulatedClock,
  SimulatedLog,
  SimulatedStore,
  startProcess,
} from '@attrium/testing';
import { expect } from '@jest/globals';
import { decodePack, encodePack, NO_POSITION } from '../src/codec/index.js';
import type { StageOccurrence } from '../src/occurrence.js';
import { DEFAULT_STAGE_SETTINGS } from '../src/stage-options.js';
import { StageProcessor } from '../src/stage-processor.js';
import { binding, PARTITIONS, type Row, WINDOW_MS } from './window-counter.js';

const header = {
  schemaVersion: 1,
  logicVersion: 1,
  stage: 'identity',
  writer: 'identity-0',
  owner: 'test',
  commit: 1,
  reached: NO_POSITION,
};

export class World {
  readonly clock = new SimulatedClock(1_000_000);
  readonly random: Random;
  readonly log: SimulatedLog;
  readonly occurrences: StageOccurrence[] = [];
  readonly fatal: Error[] = [];

  constructor(seed: number, faults: Partial<LogFaults> = {}) {
    this.random = new Random(seed);
    this.log = new SimulatedLog({ clock: this.clock, random: this.random.fork(), faults });
  }

  write(partition: number, records: LogRecord[]): void {
    this.log.store(partitionSubject('resolved', partition, 'identity-0'), encodePack(header, records));
  }

  owner(
    name: string,
    store: SimulatedStore,
    owned = [0, 1],
  ): { stage: StageProcessor; process: ReturnType<typeof startProcess> } {
    const process = startProcess({ clock: this.clock, log: this.log, store });
    const stage = new StageProcessor({
      binding,
      log: process.log,
      store: process.store,
      clock: process.clock,
      partitions: PARTITIONS,
      shards: 1,
      owned,
      owner: name,
      settings: { ...DEFAULT_STAGE_SETTINGS, checkpointIntervalMs: 300, packBytesMax: 600 },
      observe: (occurrence) => this.occurrences.push(occurrence),
      fatal: (error) => this.fatal.push(error),
    });
    return { stage, process };
  }

  store(): SimulatedStore {
    return new SimulatedStore({ clock: this.clock, random: this.random.fork(), commitDelayMsMax: 20 });
  }

  run(ms: number): Promise<number> {
    return runSimulation({ clock: this.clock, untilMs: this.clock.now() + ms });
  }

  /** The facts of a partition's output, in order. */
  facts(partition: number): LogRecord[] {
    return this.log
      .stored('attrium-attributes', partitionFilters('attributes', partition))
      .flatMap((message) => decodePack(message.payload).records);
  }

  /** What the log must hold: each input message folded once, in order, written without the stage loop. */
  expected(partition: number): unknown[] {
    const rows = new Map<number, Row>();
    const facts: unknown[] = [];
    const row = (ordinal: number): Row => {
      if (!rows.has(ordinal)) rows.set(ordinal, { times: [], moved: 0 });
      return rows.get(ordinal)!;
    };
    let now = 0;
    const say = (ordinal: number, effectiveAt: number): number =>
      facts.push([ordinal, effectiveAt, row(ordinal).times.length, row(ordinal).moved]);
    const expire = (until: number, only?: number): void => {
      for (;;) {
        const due = [...rows]
          .filter(([ordinal, { times }]) => times.length > 0 && (only === undefined || ordinal === only))
          .map(([ordinal, { times }]) => ({ ordinal, at: times[0]! + WINDOW_MS }))
          .filter(({ at }) => at <= until)
          .sort((a, b) => a.at - b.at || a.ordinal - b.ordinal)[0];
        if (due === undefined) return;
        row(due.ordinal).times = row(due.ordinal).times.filter((time) => time + WINDOW_MS > due.at);
        say(due.ordinal, due.at);
      }
    };
    const sent = new Set<string>();
    for (const message of this.log.stored('attrium-resolved', partitionFilters('resolved', partition))) {
      now = Math.max(now, message.appendedAt);
      for (const record of decodePack(message.payload).records) {
        if (record.kind === 'tick') {
          now = Math.max(now, record.dueAt);
          expire(record.dueAt);
        } else if (record.kind === 'state-transferred') {
          expect(sent.has(record.id)).toBe(false);
          sent.add(record.id);
          row(record.to.ordinal).moved++;
          say(record.to.ordinal, now);
        } else if (record.kind === 'event-resolved' && record.event.name !== 'poison') {
          expire(now, record.entity.ordinal);
          row(record.entity.ordinal).times.push(now);
          say(record.entity.ordinal, now);
          if (row(record.entity.ordinal).times.length % 5 === 0) facts.push(['relayed', record.entity.ordinal]);
        }
      }
    }
    return facts;
  }

  check(): void {
    let relayed = 0;
    let received = 0;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const facts = this.facts(partition);
      expect(new Set(facts.map((fact) => fact.id)).size).toBe(facts.length);
      const seen = facts.map((fact) => {
        if (fact.kind === 'state-transferred') return ['relayed', fact.to.ordinal];
        if (fact.kind !== 'attributes-changed') throw new Error(fact.kind);
        return [fact.entity.ordinal, fact.effectiveAt, fact.changes[0]!.after, fact.changes[1]!.after];
      });
      expect(seen).toEqual(this.expected(partition));
      relayed += facts.filter((fact) => fact.kind === 'state-transferred').length;
      received += this.log
        .stored('attrium-resolved', partitionFilters('resolved', partition))
        .flatMap((message) => decodePack(message.payload).records)
        .filter((record) => record.kind === 'state-transferred').length;
    }
    expect(received).toBe(relayed);
  }
}
