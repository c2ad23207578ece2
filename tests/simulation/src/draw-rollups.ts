/** Draws roll-ups over the members of accounts, and what reads them. */
import type { Random } from '@attrium/testing/simulation';
import type { AttributeText, CatalogueText, RollupText } from './definitions.js';

/** How the names of roll-ups, and of what reads them, begin: as those of all definitions of accounts. */
const PREFIX = 'cm';

/**
 * The same catalogue with roll-ups over its attributes of users: mostly those of one of the revisions before, as far as what they read is
 * still there, and some that are new.
 */
export function withRollups(random: Random, catalogue: CatalogueText, before: readonly CatalogueText[]): CatalogueText {
  if (random.chance(0.25)) return catalogue;
  const users = catalogue.attributes.filter(({ kind }) => kind === 'user');
  const known = before.length === 0 || random.chance(0.2) ? [] : rollupsIn(random.pick(before));
  const kept = known.filter((rollup) => isValid(rollup, users) && random.chance(0.85));
  const drawn = Array.from({ length: 1 + random.int(4) }, () => drawRollup(random, users));
  const added = drawn.flatMap((rollup, index) => {
    // A name keeps its type over all revisions.
    const name = `${PREFIX}${before.length}${index}`;
    return rollup === undefined ? [] : [{ name, kind: 'account' as const, ...rollup }];
  });
  return withReaders(random, catalogue, random.shuffle([...kept, ...added]));
}

function rollupsIn({ attributes }: CatalogueText): AttributeText[] {
  return attributes.filter(({ rollup }) => rollup !== undefined);
}

/** A formula, a segment and a trigger over the first that is a number. */
function withReaders(random: Random, rest: CatalogueText, rollups: readonly AttributeText[]): CatalogueText {
  const number = rollups.find(({ type }) => type === 'number')?.name;
  const attributes = random.shuffle([...rest.attributes, ...rollups]);
  if (number === undefined) return { ...rest, attributes };
  const formula = {
    name: `${PREFIX}f`,
    kind: 'account' as const,
    type: 'number',
    compute: { formula: `${number} + ${number}` },
  };
  const where = {
    any: [
      { attribute: number, gt: random.int(3) },
      { attribute: `${PREFIX}f`, gt: 20 },
    ],
  };
  const when = { segment: `${PREFIX}s`, enters: true, exits: true } as const;
  return {
    ...rest,
    attributes: [...attributes, formula],
    segments: [...rest.segments, { name: `${PREFIX}s`, of: 'account', where }],
    triggers: [...rest.triggers, { name: `${PREFIX}t`, when, frequency: 'every', deliver: [{ stream: true }] }],
  };
}

function drawRollup(
  random: Random,
  users: readonly AttributeText[],
): Pick<AttributeText, 'type' | 'rollup'> | undefined {
  const where = drawWhere(random, users);
  const asked = random.pick(['count', 'sum', 'min', 'max', 'average', 'any', 'all'] as const);
  if (asked === 'count') return { type: 'number', rollup: { count: 'members', ...where } };
  const types = asked === 'any' || asked === 'all' ? ['boolean'] : ['number'];
  if (asked === 'min' || asked === 'max') types.push('timestamp');
  const sources = users.filter(({ type }) => types.includes(type));
  if (sources.length === 0) return undefined;
  const { name, type } = random.pick(sources);
  return { type, rollup: { [asked]: name, ...where } };
}

function drawWhere(random: Random, users: readonly AttributeText[]): Pick<RollupText, 'where'> {
  if (users.length === 0 || random.chance(0.6)) return {};
  const { name, type } = random.pick(users);
  if (type === 'number') return { where: { attribute: name, gt: random.int(4) } };
  if (type === 'boolean') return { where: { attribute: name, equals: random.chance(0.7) } };
  return { where: { attribute: name, exists: random.chance(0.7) } };
}

/** Whether all that it reads is still there, in the types that it was drawn with. */
function isValid({ type, rollup = {} }: AttributeText, users: readonly AttributeText[]): boolean {
  const typeOf = (name: string): string | undefined => users.find((each) => each.name === name)?.type;
  const { where, count: _members, ...read } = rollup;
  const isRead = Object.values(read).every((name) => typeOf(name) === type);
  if (where?.attribute === undefined) return isRead;
  const asked = typeOf(where.attribute);
  const fits = 'gt' in where ? asked === 'number' : 'equals' in where ? asked === 'boolean' : asked !== undefined;
  return isRead && fits;
}
