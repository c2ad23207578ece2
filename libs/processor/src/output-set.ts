/** All that the owner of one input partition appends to: its own outputs, and the inputs of other partitions that it relays to. */
import { type Event, type FactBody, partitionSubject, writerOf } from '@attrium/event';
import type { PackHeader } from './codec/index.js';
import { ProcessorError } from './errors.js';
import { Output } from './output.js';
import { comparePositions, type Position } from './position.js';
import type { StageOptions } from './stage-options.js';

interface TakenPack {
  readonly output: Output;
  readonly pack: ReturnType<Output['take']>;
}

export class OutputSet {
  private readonly mains = new Map<number, Output>();
  private readonly relays = new Map<number, Output>();
  private waitingFacts = 0;
  private full = false;

  constructor(
    private readonly options: StageOptions,
    private readonly partition: number,
  ) {
    const { binding, partitions, log, clock, observe } = options;
    const writer = writerOf(binding.name, partition);
    const make = (name: Exclude<typeof binding.input, 'events'>, target: number): Output =>
      new Output({ log, clock, observe, partition, subject: partitionSubject(name, target, writer) });
    if (binding.input === 'events') {
      for (let target = 0; target < partitions; target++) this.mains.set(target, make(binding.output, target));
      return;
    }
    this.mains.set(partition, make(binding.output, partition));
    for (let target = 0; target < partitions; target++) this.relays.set(target, make(binding.input, target));
  }

  /** Reads from the leader how far the last owner came, for each of them. */
  async recover(): Promise<void> {
    await Promise.all([...this.all()].map((output) => output.recover()));
  }

  /** Throws ATR-LOG-012 when an output ends before what its owner knows to have written. */
  check(saved: Readonly<Record<string, number>>): void {
    for (const output of this.all()) {
      const sequence = saved[output.subject] ?? 0;
      if (sequence <= output.lastSequence) continue;
      throw new ProcessorError(
        'ATR-LOG-012',
        `${output.subject} ends at ${output.lastSequence}, but its owner had written ${sequence}`,
        false,
      );
    }
  }

  /** The last own sequence of each output that has one, by subject. */
  get lastSequences(): Record<string, number> {
    const sequences: Record<string, number> = {};
    for (const output of this.all()) if (output.lastSequence > 0) sequences[output.subject] = output.lastSequence;
    return sequences;
  }

  /** How far the own outputs say that the input has been read. */
  get reached(): Position {
    let furthest: Position | undefined;
    for (const { reached } of this.mains.values()) {
      if (furthest === undefined || comparePositions(reached, furthest) > 0) furthest = reached;
    }
    return furthest as Position;
  }

  /** Facts wait for the next commit. */
  get hasFacts(): boolean {
    return this.waitingFacts > 0;
  }

  /** A pack has reached its size: commit before more is decided. */
  get isFull(): boolean {
    return this.full;
  }

  /** A fact decided at this place of the input, for one partition of the output. */
  emit(fact: Event | FactBody, id: string, place: Position, partition: number): void {
    this.add(fact, id, place, this.mains.get(partition));
  }

  /** A fact of the own output that also goes into partition `partition` of the input, once it is committed. */
  relay(fact: Event | FactBody, id: string, place: Position, partition: number): void {
    this.add(fact, id, place, this.mains.get(this.partition));
    this.add(fact, id, place, this.relays.get(partition));
  }

  /** Publishes all that waits: own outputs first, what is relayed after that. `header` is that of every pack. */
  async commit(
    header: PackHeader,
    stopped: () => boolean,
  ): Promise<{ readonly packs: number; readonly bytes: number; readonly facts: number }> {
    const mains = takePacks(this.mains, header);
    const relays = takePacks(this.relays, header);
    this.waitingFacts = 0;
    this.full = false;
    let bytes = 0;
    let facts = 0;
    for (const packs of [mains, relays]) {
      if (packs.length === 0) continue;
      await Promise.all(packs.map(({ output, pack }) => output.publish(pack, stopped)));
      for (const { pack } of packs) {
        bytes += pack.bytes.byteLength;
        facts += pack.facts;
      }
    }
    return { packs: mains.length + relays.length, bytes, facts };
  }

  /** Says how far the input has been read, without a fact. */
  async commitEmpty(header: PackHeader, stopped: () => boolean): Promise<void> {
    const output = this.mains.values().next().value as Output;
    await output.publish(output.take(header), stopped);
  }

  private add(fact: Event | FactBody, id: string, place: Position, output: Output | undefined): void {
    if (output === undefined) throw new Error(`${this.options.binding.name} has no such output partition`);
    if (output.has(place)) return;
    output.add(fact, id);
    this.waitingFacts++;
    if (output.bytes >= this.options.settings.packBytesMax) this.full = true;
  }

  private *all(): Iterable<Output> {
    yield* this.mains.values();
    yield* this.relays.values();
  }
}

/** The packs of the outputs that have something to say. */
function takePacks(outputs: ReadonlyMap<number, Output>, header: PackHeader): TakenPack[] {
  const packs: TakenPack[] = [];
  for (const output of outputs.values()) if (!output.isEmpty) packs.push({ output, pack: output.take(header) });
  return packs;
}
