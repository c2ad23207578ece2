/** Draws conditions over profiles and over events, as users write them. */
import type { Random } from '@attrium/testing/simulation';
import type { AttributeText, ConditionText, SegmentText, StepText } from './definitions.js';
import { drawInOrder, drawRange } from './draw-order.js';

export const EVENT_NAMES = ['Order', 'Visit', 'Cart'] as const;
export const PLANS = ['free', 'pro', 'team'];
/** Most windows end within a run; those of an hour do not. */
export const WINDOWS = ['1s', '2s', '3s', '5s', '8s', '13s', '20s', '30s', '45s', '60s', '1h'];

/** A condition over the properties of an event. */
export function drawFilter(random: Random): ConditionText {
  switch (random.int(5)) {
    case 0:
      return { property: 'revenue', gt: random.pick([0, 5, 10.25]) };
    case 1:
      return { property: 'plan', equals: random.pick(PLANS) };
    case 2:
      return { not: { property: 'revenue', lte: 7 } };
    case 3:
      return {
        any: [
          { property: 'vip', equals: true },
          { property: 'plan', in: ['pro', 'team'] },
        ],
      };
    default:
      return { property: 'detail.size', exists: random.chance(0.7) };
  }
}

export function drawCondition(
  random: Random,
  attributes: readonly AttributeText[],
  segments: readonly SegmentText[],
  depth: number,
): ConditionText {
  const branch = (): ConditionText => drawCondition(random, attributes, segments, depth + 1);
  const kind = random.int(depth > 2 ? 5 : 9);
  if (kind >= 8) return { not: branch() };
  if (kind === 7) return { any: [branch(), branch()] };
  if (kind >= 5) return { all: Array.from({ length: 2 + random.int(2) }, branch) };
  if (kind === 0 && segments.length > 0) {
    const { name } = random.pick(segments);
    return random.chance(0.3) ? { segment: name, is: random.chance(0.5) } : { segment: name };
  }
  if (kind <= 2)
    return random.chance(0.4) ? drawInOrder(random, () => drawStep(random), WINDOWS) : drawBehaviour(random);
  return drawComparison(random, random.pick(attributes));
}

function drawStep(random: Random): StepText {
  return { event: random.pick(EVENT_NAMES), ...(random.chance(0.3) ? { where: drawFilter(random) } : {}) };
}

function drawBehaviour(random: Random): ConditionText {
  const window = random.chance(0.7) ? { within: random.pick(WINDOWS) } : random.chance(0.5) ? drawRange(random) : {};
  const where = random.chance(0.3) ? { where: drawFilter(random) } : {};
  const about = { event: random.pick(EVENT_NAMES), ...window, ...where };
  if (random.chance(0.25)) {
    return { ...about, sum: 'revenue', [random.pick(['gt', 'gte', 'lt', 'lte', 'equals'])]: random.pick([0, 5, 20.5]) };
  }
  const least = 1 + random.int(3);
  const times = random.pick<ConditionText>([
    {},
    {},
    { at_least: least },
    { at_most: random.int(3) },
    { exactly: random.int(3) },
    { at_least: least, at_most: least + random.int(2) },
  ]);
  return { ...about, ...times, ...(random.chance(0.6) ? { did: true as const } : { did_not: true as const }) };
}

function drawComparison(random: Random, { name: attribute, type, rollup }: AttributeText): ConditionText {
  if (random.chance(0.15)) return { attribute, exists: random.chance(0.7) };
  if (random.chance(0.1)) return { attribute, is_empty: random.chance(0.5) };
  switch (type) {
    case 'string':
      return random.pick<ConditionText>([
        { attribute, equals: random.pick(PLANS) },
        { attribute, not_equals: random.pick(PLANS) },
        { attribute, in: ['pro', 'team'] },
        { attribute, not_in: ['pro', '3'] },
        { attribute, starts_with: 't' },
        { attribute, ends_with: 'e' },
        { attribute, contains: 'r' },
        { attribute, contains_any: ['ee', 'am'] },
        { attribute, contains_all: ['e', 'r'] },
        { attribute, between: ['free', 'pro'] },
      ]);
    case 'string_list':
      return random.pick<ConditionText>([
        { attribute, contains: 'red' },
        { attribute, contains_any: ['green', 'pro'] },
        { attribute, contains_all: ['red', 'blue'] },
      ]);
    case 'boolean':
      return { attribute, equals: random.chance(0.5) };
    case 'timestamp': {
      const [earlier, later] = ['2026-01-01T00:00:12Z', '2026-01-01T00:00:25Z'];
      const compared = [
        { attribute, [random.pick(['gt', 'lte', 'before', 'after'])]: earlier },
        { attribute, between: [earlier, later] },
      ];
      const ages = [
        { attribute, older_than: random.pick(WINDOWS) },
        { attribute, newer_than: random.pick(WINDOWS) },
        { attribute, older_than: '2s', newer_than: '20s' },
      ];
      // Of a roll-up no age can be asked.
      return random.pick<ConditionText>(rollup === undefined ? [...compared, ...ages] : compared);
    }
    default:
      if (random.chance(0.2))
        return {
          attribute,
          between: random.pick([
            [0, 2],
            [1, 1],
            [2, 25.5],
          ]),
        };
      return { attribute, [random.pick(['gt', 'gte', 'lt', 'lte', 'equals'])]: random.pick([0, 1, 2, 3, 10, 25.5]) };
  }
}
