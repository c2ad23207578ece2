/** The values that a run has left in `attributes`, of a sample of the profiles, and whether another run left the same. */
import { type AttributeChange, equalValues, fnv1a32, streamOf, type Value } from '@attrium/event';
import { decodePack } from '@attrium/processor';
import type { BenchSystem } from './system.js';

/** One profile in so many is looked at. */
const SAMPLED_EVERY = 20;

export interface FinalValues {
  /** Changes of one profile at one instant, of all profiles. */
  readonly records: number;
  /** By `profile attribute`. */
  readonly values: ReadonlyMap<string, Value>;
}

export async function finalValues(system: BenchSystem): Promise<FinalValues> {
  const stream = streamOf('attributes');
  const { firstSequence, lastSequence } = await system.log.bounds(stream);
  const values = new Map<string, Value>();
  let records = 0;
  let reached = 0;
  let failure: Error | undefined;
  let wake = (): void => {};
  const reader = system.log.read(stream, {
    subjects: ['attrium.attributes.>'],
    fromSequence: firstSequence,
    wake: () => wake(),
    failed: (error) => {
      failure = error;
      wake();
    },
  });
  while (reached < lastSequence) {
    if (failure !== undefined) throw failure;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const message = reader.next();
    if (message === undefined) {
      await woken;
      continue;
    }
    reached = message.sequence;
    for (const record of decodePack(message.payload).records) {
      if (record.kind !== 'attributes-changed') continue;
      records++;
      if (fnv1a32(record.entity.id) % SAMPLED_EVERY === 0) apply(values, record.entity.id, record.changes);
    }
  }
  await reader.close();
  return { records, values };
}

function apply(values: Map<string, Value>, profile: string, changes: readonly AttributeChange[]): void {
  for (const { name, after } of changes) {
    const key = `${profile} ${name}`;
    if (after === undefined) values.delete(key);
    else values.set(key, after);
  }
}

/** A sentence for each value that is not the same, up to ten. */
export function differences(ours: FinalValues, theirs: FinalValues): string[] {
  const found: string[] = [];
  for (const key of new Set([...ours.values.keys(), ...theirs.values.keys()])) {
    const [mine, other] = [ours.values.get(key), theirs.values.get(key)];
    if (equalValues(mine, other)) continue;
    found.push(`${key}: attribute-compute ${JSON.stringify(mine)}, Flink ${JSON.stringify(other)}`);
    if (found.length === 10) break;
  }
  return found;
}
