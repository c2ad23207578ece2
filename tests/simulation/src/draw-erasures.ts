/** Draws requests to erase people, from a stream of its own: by an identifier in any spelling, by an old id, of nobody, and again. */
import type { ErasureRequested, Identifier } from '@attrium/event';
import type { Random } from '@attrium/testing/simulation';

export interface Erasure {
  readonly at: number;
  readonly record: ErasureRequested;
  /** In place of the identifier, the id of a profile that was created by then, counted round; undefined: by the identifier. */
  readonly nth: number | undefined;
}

interface Erasable {
  readonly workspace: string;
  readonly identifiers: readonly Identifier[];
}

/** `moments`: when packs are sent; an erasure soon after one often meets the merges of it under way. */
export function drawErasures(
  random: Random,
  { people, moments }: { readonly people: readonly Erasable[]; readonly moments: readonly number[] },
  spelled: (random: Random, identifier: Identifier) => Identifier,
): Erasure[] {
  if (!random.chance(0.4)) return [];
  const erasures: Erasure[] = [];
  for (let count = 1 + random.int(4); count > 0; count--) {
    const person = random.pick(people);
    const at = random.pick(moments) + random.int(random.chance(0.7) ? 60 : 5_000);
    const nobody = { type: 'user_id', value: 'u-nobody' };
    const identifier = random.chance(0.1) ? nobody : spelled(random, random.pick(person.identifiers));
    const erasure: Erasure = {
      at,
      nth: random.chance(0.3) ? random.int(1_000) : undefined,
      record: {
        kind: 'erasure-requested',
        id: `r${erasures.length}`,
        workspace: person.workspace,
        identifier,
        author: 'simulation',
        requestedAt: at,
      },
    };
    erasures.push(erasure);
    // One that asks is not sure of the answer, and asks again.
    if (random.chance(0.3)) erasures.push({ ...erasure, at: at + random.int(3_000) });
  }
  return erasures;
}
