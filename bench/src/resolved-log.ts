/** Fills `resolved` with events as identity writes them, each new profile with its records, and knows how many events lie before a place. */
import { type LogRecord, partitionOf, partitionSubject } from '@attrium/event';
import { encodePack, NO_POSITION, PACK_SCHEMA_VERSION } from '@attrium/processor';
import { WORKSPACE } from './catalogue.js';
import type { BenchSystem } from './system.js';
import { Workload, type WorkloadEvent } from './workload.js';

const EVENTS_PER_PACK = 100;
const PACKS_IN_FLIGHT = 16;
const WRITER = 'identity-0';

/** One partition as it was filled. */
interface Filled {
  records: LogRecord[];
  events: number;
  /** Sequences of its messages, with the events up to and in each. */
  readonly sequences: number[];
  readonly counts: number[];
}

export class ResolvedLog {
  private readonly filled: readonly Filled[];
  private readonly ordinals = new Map<string, number>();
  private readonly underWay = new Set<Promise<void>>();
  private failure: Error | undefined;
  private packs = 0;
  events = 0;

  constructor(
    private readonly system: BenchSystem,
    readonly partitions: number,
  ) {
    this.filled = Array.from({ length: partitions }, () => ({ records: [], events: 0, sequences: [], counts: [] }));
  }

  get profiles(): number {
    return this.ordinals.size;
  }

  /** Of each partition, the sequence of its last message. */
  get ends(): number[] {
    return this.filled.map(({ sequences }) => sequences.at(-1)!);
  }

  /** Events of a partition in the messages before a sequence. */
  eventsBefore(partition: number, sequence: number): number {
    const { sequences, counts } = this.filled[partition]!;
    let low = 0;
    let high = sequences.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sequences[middle]! < sequence) low = middle + 1;
      else high = middle;
    }
    return counts[low - 1] ?? 0;
  }

  /** Appends the catalogue, the events, and the time at which all their short windows are over. */
  async fill(definitions: Record<string, unknown>, events: number, windowMs: number): Promise<void> {
    const catalogue = Buffer.from(JSON.stringify(definitions));
    const activated = { kind: 'catalogue-activated', workspace: WORKSPACE, revision: 1, author: 'bench' } as const;
    for (let partition = 0; partition < this.partitions; partition++) {
      this.filled[partition]!.records.push({ ...activated, id: 'catalogue', activatedAt: Date.now(), catalogue });
      await this.send(partition);
    }
    const workload = new Workload({ run: 'resolved', probeEvery: Number.POSITIVE_INFINITY });
    for (; this.events < events; this.events++) {
      const now = Date.now();
      const partition = this.add(workload.fresh(now), now);
      if (this.filled[partition]!.events % EVENTS_PER_PACK === 0) await this.send(partition);
    }
    for (let partition = 0; partition < this.partitions; partition++) await this.send(partition);
    await this.settled();
    const dueAt = Date.now() + windowMs + 1_000;
    for (let partition = 0; partition < this.partitions; partition++) {
      this.filled[partition]!.records.push({ kind: 'tick', id: `end-${partition}`, dueAt });
      await this.send(partition);
    }
    await this.settled();
  }

  /** Returns the partition. */
  private add(event: WorkloadEvent, now: number): number {
    const known = this.ordinals.get(event.profile);
    const ordinal = known ?? this.ordinals.size + 1;
    const entity = { workspace: WORKSPACE, kind: 'profile', id: profileIdOf(ordinal), ordinal } as const;
    const partition = partitionOf(entity.id, this.partitions);
    const filled = this.filled[partition]!;
    const identifiers = [
      { type: 'user_id', value: `user-${event.profile}` },
      { type: 'anonymous_id', value: `7c9e6679-7425-40de-944b-${event.profile}` },
    ];
    const id = `i0-${this.packs}-${this.events}`;
    if (known === undefined) {
      this.ordinals.set(event.profile, ordinal);
      const because = { entity, cause: event.id, occurredAt: now };
      filled.records.push({ kind: 'profile-created', id: `${id}-0`, ...because });
      for (const [index, identifier] of identifiers.entries()) {
        filled.records.push({ kind: 'identifier-linked', id: `${id}-${index + 1}`, identifier, ...because });
      }
    }
    filled.records.push({
      kind: 'event-resolved',
      id: `${id}-3`,
      entity,
      origin: entity.id,
      event: {
        kind: 'event',
        id: event.id,
        workspace: WORKSPACE,
        source: 'web',
        type: 'track',
        name: event.name,
        occurredAt: now,
        receivedAt: now,
        identifiers,
        payload: Buffer.from(event.json),
      },
    });
    filled.events++;
    return partition;
  }

  /** Appends what a partition has collected; waits only while too much is under way. */
  private async send(partition: number): Promise<void> {
    const filled = this.filled[partition]!;
    if (filled.records.length === 0) return;
    const header = {
      schemaVersion: PACK_SCHEMA_VERSION,
      logicVersion: 1,
      stage: 'identity',
      writer: WRITER,
      owner: 'bench',
      commit: ++this.packs,
      reached: NO_POSITION,
    };
    const { records, events } = filled;
    filled.records = [];
    const appended = this.append(partition, encodePack(header, records), events);
    this.underWay.add(appended);
    void appended.finally(() => this.underWay.delete(appended));
    while (this.underWay.size >= PACKS_IN_FLIGHT) await Promise.race(this.underWay);
    if (this.failure !== undefined) throw this.failure;
  }

  private async append(partition: number, pack: Uint8Array, events: number): Promise<void> {
    const outcome = await this.system.log.append(partitionSubject('resolved', partition, WRITER), pack);
    if (outcome.kind !== 'appended') {
      this.failure = new Error(`a pack of resolved is ${outcome.kind}`);
      return;
    }
    const { sequences, counts } = this.filled[partition]!;
    sequences.push(outcome.sequence);
    counts.push(events);
  }

  private async settled(): Promise<void> {
    await Promise.all(this.underWay);
    if (this.failure !== undefined) throw this.failure;
  }
}

/** As long as the ids that identity makes. */
function profileIdOf(ordinal: number): string {
  return `p_${String(ordinal).padStart(22, 'k')}`;
}
