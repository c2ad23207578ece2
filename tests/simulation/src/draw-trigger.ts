/** Draws triggers: on segments, attributes and events, at once, delayed or waiting, of every frequency. */
import type { Random } from '@attrium/testing/simulation';
import type { AttributeText, SegmentText, SideText, TriggerText } from './definitions.js';
import { drawCondition, drawFilter, EVENT_NAMES, PLANS, WINDOWS } from './draw-condition.js';

export function drawTrigger(
  random: Random,
  name: string,
  attributes: readonly AttributeText[],
  segments: readonly SegmentText[],
): TriggerText {
  const flips = random.pick([
    { enters: true as const },
    { exits: true as const },
    { enters: true, exits: true } as const,
    { in: drawPace(random) },
    { enters: true as const, in: drawPace(random) },
  ]);
  const isOnEvent = random.chance(0.35);
  const when = isOnEvent
    ? { event: random.pick(EVENT_NAMES), ...(random.chance(0.5) ? { where: drawFilter(random) } : {}) }
    : segments.length > 0 && random.chance(0.65)
      ? { segment: random.pick(segments).name, ...flips }
      : drawMove(random, random.pick(attributes));
  const once = { once_per: random.pick(['1s', '5s', '15s', '1h']) };
  const key = isOnEvent && random.chance(0.6) ? { property: 'plan' } : random.pick(attributes).name;
  return {
    name,
    ...drawState(random),
    when,
    ...(random.chance(0.5) ? { if: drawCondition(random, attributes, segments, 1) } : {}),
    frequency: random.pick<TriggerText['frequency']>([
      ...['every' as const, 'every' as const, 'once' as const],
      ...[once, once, { ...once, key }, { once: true as const, key }],
    ]),
    ...(random.chance(0.5) ? { payload: [random.pick(attributes).name] } : {}),
    ...(isOnEvent && random.chance(0.6)
      ? { properties: [random.pick(['revenue', 'vip', 'tags', 'detail.size'])] }
      : {}),
    ...drawWait(random, attributes, segments),
    deliver: [{ stream: true }],
  };
}

/** For those who are in a segment when it comes: with a later revision, so that there is somebody. */
export function drawMemberTrigger(
  random: Random,
  name: string,
  attributes: readonly AttributeText[],
  segments: readonly SegmentText[],
): TriggerText {
  const enters = random.chance(0.4) ? { enters: true as const } : {};
  return {
    name,
    when: { segment: random.pick(segments).name, in: drawPace(random), ...enters },
    ...(random.chance(0.4) ? { if: drawCondition(random, attributes, segments, 1) } : {}),
    frequency: random.pick<TriggerText['frequency']>(['every', 'once', { once_per: '5s' }]),
    ...(random.chance(0.5) ? { payload: [random.pick(attributes).name] } : {}),
    ...(random.chance(0.4) ? drawWait(random, attributes, segments) : {}),
    deliver: [{ stream: true }],
  };
}

/** Most get through all within a run. */
function drawPace(random: Random): true | { per_second: number } {
  return random.pick([true, { per_second: 20 }, { per_second: 1 }]);
}

export function drawState(random: Random): Pick<TriggerText, 'state'> {
  if (random.chance(0.06)) return { state: 'paused' };
  return random.chance(0.03) ? { state: 'archived' } : {};
}

/** Most end within a run. */
function drawWait(
  random: Random,
  attributes: readonly AttributeText[],
  segments: readonly SegmentText[],
): Pick<TriggerText, 'delay' | 'wait_for' | 'recheck'> {
  const recheck = random.chance(0.25) ? { recheck: false } : {};
  const timeout = random.pick(WINDOWS);
  if (random.chance(0.5)) return {};
  if (random.chance(0.4)) return { delay: timeout, ...recheck };
  const outcomes = random.pick<object>([{}, {}, { outcomes: ['happened'] }, { outcomes: ['timed_out'] }]);
  const event = { event: random.pick(EVENT_NAMES), ...(random.chance(0.3) ? { where: drawFilter(random) } : {}) };
  const what = random.chance(0.6) ? event : { condition: drawCondition(random, attributes, segments, 1) };
  return { wait_for: { ...what, timeout, ...outcomes }, ...recheck };
}

/** Any change of an attribute, or one in a certain way. */
function drawMove(random: Random, { name: attribute, type }: AttributeText): TriggerText['when'] {
  const number = () => random.pick([0, 1, 2, 3, 10, 25.5]);
  const directions = () => random.pick([number() + 0.5, { up: number() + 0.5 }, { down: number() + 0.5 }]);
  const side = (): SideText => {
    if (random.chance(0.25)) return random.pick([null, { exists: true }]);
    if (type === 'boolean') return random.chance(0.5);
    if (type === 'string_list') return { contains: 'red' };
    if (type === 'timestamp') return { lte: '2026-01-01T00:00:12Z' };
    if (type === 'string') return random.pick<SideText>([random.pick(PLANS), { in: ['pro', 'team'] }]);
    return random.pick<SideText>([number(), { gte: number() }, { lt: number() }]);
  };
  switch (random.int(type === 'number' ? 6 : 4)) {
    case 0:
      return { attribute, changes: true };
    case 1:
      return { attribute, from: side(), ...(random.chance(0.5) ? { to: side() } : {}) };
    case 2:
    case 3:
      return { attribute, to: side() };
    case 4:
      return { attribute, crosses: directions() };
    default:
      return { attribute, by: directions(), ...(random.chance(0.3) ? { to: side() } : {}) };
  }
}
