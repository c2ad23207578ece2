/** Draws identity sections of catalogues: which identifiers count, in which order, how many, and where they are found. */
import type { Random } from '@attrium/testing/simulation';
import type { IdentifierTypeText, IdentityText } from './definitions.js';
import { drawQuarantine } from './draw-quarantine.js';

const TYPES = ['user_id', 'email', 'phone', 'anonymous_id', 'device_id'];

/** The form of a type stays the same in all revisions: what was linked in one form is not found in another. */
const LOYALTY: IdentifierTypeText = {
  name: 'loyalty_no',
  normalise: 'lower_case',
  from: [{ external_id: 'LoyaltyNo' }, { trait: 'card' }, { property: 'card', event: 'Order' }],
};

export function drawIdentity(random: Random): IdentityText | undefined {
  if (random.chance(0.4)) return random.chance(0.5) ? drawQuarantine(random) : undefined;
  const rest = {
    ...(random.chance(0.3) ? { dedup: random.pick(['24h', '2d', '7d']) } : {}),
    ...drawQuarantine(random),
  };
  if (random.chance(0.25)) return { ignore: random.shuffle(TYPES).slice(0, random.int(3)), ...rest };
  const names = random.chance(0.5) ? TYPES : random.shuffle(TYPES).slice(random.int(3));
  const listed: IdentifierTypeText[] = names.map((name) => ({ name }));
  const types = [...listed, ...(random.chance(0.7) ? [LOYALTY] : [])].map((type) => drawType(random, type));
  const ignore = TYPES.filter((name) => !names.includes(name) && random.chance(0.5));
  return { types: random.chance(0.5) ? random.shuffle(types) : types, ignore, ...rest };
}

/** A later revision in which some profiles hold more than they may from then on. */
export function lowerLimits(random: Random, before: IdentityText | undefined): IdentityText {
  const ignored = before?.ignore ?? [];
  const types = before?.types ?? TYPES.filter((name) => !ignored.includes(name)).map((name) => ({ name }));
  return { ...before, types: types.map((type) => (random.chance(0.6) ? { ...type, limit: 1 } : type)) };
}

function drawType(random: Random, type: IdentifierTypeText): IdentifierTypeText {
  const limit = random.chance(0.4) ? { limit: drawLimit(random) } : {};
  const block = random.chance(0.25) ? { block: drawBlock(random) } : {};
  return { ...type, ...limit, ...block };
}

/** For ever, or in a window that mostly ends within the run. */
function drawLimit(random: Random): NonNullable<IdentifierTypeText['limit']> {
  if (random.chance(0.5)) return 1 + random.int(4);
  return { values: 1 + random.int(2), per: random.pick(['ever', 'day', '2s', '5s', '15s']) };
}

/** Some of what the people of a load really have. */
function drawBlock(random: Random): NonNullable<IdentifierTypeText['block']> {
  return random.pick([
    { values: ['A-0-0', 'u-1', 'p2@example.com'] },
    { patterns: ['*-1*', 'p3@*'] },
    { values: ['c-0'], patterns: ['+4930*2'] },
  ]);
}
