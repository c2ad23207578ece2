/** Draws valid catalogues: every kind of attribute, nested segments, triggers of every frequency; and later revisions of them. */
import { parseCatalogue, SESSION_MEASURES, TYPE_OF_SESSION_MEASURE } from '@attrium/catalogue';
import type { Random } from '@attrium/testing/simulation';
import type { AttributeText, CatalogueText, IdentityText, SegmentText } from './definitions.js';
import { drawCondition, drawFilter, EVENT_NAMES, WINDOWS } from './draw-condition.js';
import { drawIdentity, lowerLimits } from './draw-identity.js';
import { drawMemberTrigger, drawState, drawTrigger } from './draw-trigger.js';
import { FORMULA_SHAPES } from './naive/formulas.js';

export function drawCatalogue(random: Random): CatalogueText {
  const drawn = Array.from({ length: 3 + random.int(6) }, (_, index) => drawAttribute(random, `a${index}`));
  const attributes = random.shuffle([...drawn, ...drawFormulas(random, drawn)]);
  const segments: SegmentText[] = [];
  for (let index = 1 + random.int(4); index > 0; index--) {
    segments.push({ name: `s${segments.length}`, of: 'user', where: drawCondition(random, attributes, segments, 0) });
  }
  const triggers = Array.from({ length: 1 + random.int(5) }, (_, index) =>
    drawTrigger(random, `t${index}`, attributes, segments),
  );
  // Segments are put into reading order by the compiler.
  const shuffled = random.shuffle(segments);
  return checked({ ...identityOf(drawIdentity(random)), attributes, segments: shuffled, triggers });
}

function identityOf(identity: IdentityText | undefined): { identity?: IdentityText } {
  return identity === undefined ? {} : { identity };
}

/** The next revision: some definitions go, some get another meaning, some come. What others read stays. */
export function redrawCatalogue(random: Random, before: CatalogueText, revision: number): CatalogueText {
  const triggers = before.triggers
    .filter(() => !random.chance(0.3))
    .map((trigger) => {
      if (random.chance(0.15)) return { ...trigger, payload: [random.pick(before.attributes).name] };
      const { state: _state, ...same } = trigger;
      return random.chance(0.1) ? { ...same, ...drawState(random) } : trigger;
    });
  const isRead = (name: string): boolean => JSON.stringify([before.segments, triggers]).includes(`"segment":"${name}"`);
  const segments = before.segments.filter(({ name }) => isRead(name) || !random.chance(0.35));
  const readers = JSON.stringify([segments, triggers]);
  const isReadBy = (formulas: readonly AttributeText[], name: string): boolean =>
    formulas.some(({ compute }) => new RegExp(`\\b${name}\\b`).test(compute?.formula ?? ''));
  const formulas = before.attributes.filter(({ compute }) => compute?.formula !== undefined);
  const attributes = before.attributes
    .filter(({ name }) => readers.includes(`"${name}"`) || isReadBy(formulas, name) || !random.chance(0.35))
    .map((attribute) => {
      if (!random.chance(0.2)) return attribute;
      if (attribute.compute?.formula !== undefined) return redrawFormula(random, attribute, before.attributes);
      const drawn = drawAttribute(random, attribute.name);
      return drawn.type === attribute.type ? drawn : attribute;
    });
  // Conditions and triggers need something to be about.
  if (attributes.length === 0 || random.chance(0.6)) attributes.push(drawAttribute(random, `b${revision}`));
  if (random.chance(0.5)) {
    const where = drawCondition(random, attributes, segments, 0);
    segments.push({ name: `r${revision}`, of: 'user', where });
  }
  if (random.chance(0.6)) triggers.push(drawTrigger(random, `u${revision}`, attributes, segments));
  if (segments.length > 0 && random.chance(0.5)) {
    triggers.push(drawMemberTrigger(random, `m${revision}`, attributes, segments));
  }
  const identity = random.chance(0.4)
    ? lowerLimits(random, before.identity)
    : random.chance(0.5)
      ? drawIdentity(random)
      : before.identity;
  return checked({ ...identityOf(identity), attributes, segments, triggers });
}

/** A later revision that brings back what had gone since the first, or had got another meaning, before it is drawn on. */
export function returnCatalogue(
  random: Random,
  first: CatalogueText,
  second: CatalogueText,
  revision: number,
): CatalogueText {
  const attributes = united(random, first.attributes, second.attributes);
  const segments = united(random, first.segments, second.segments);
  const triggers = united(random, first.triggers, second.triggers);
  const identity = random.chance(0.5) ? first.identity : second.identity;
  return redrawCatalogue(random, { ...identityOf(identity), attributes, segments, triggers }, revision);
}

/** All that had gone is back, and with it whatever it reads. */
function united<T extends { readonly name: string }>(random: Random, first: readonly T[], second: readonly T[]): T[] {
  const later = second.map((each) => {
    const before = first.find(({ name }) => name === each.name);
    return before !== undefined && random.chance(0.6) ? before : each;
  });
  return [...later, ...first.filter(({ name }) => !second.some((each) => each.name === name))];
}

function drawAttribute(random: Random, name: string): AttributeText {
  const merge = random.pick(['most_recent', 'first_stored', 'most_frequent']);
  const event = random.pick(EVENT_NAMES);
  const where = random.chance(0.4) ? { where: drawFilter(random) } : {};
  const within = random.chance(0.6) ? { within: random.pick(WINDOWS) } : {};
  switch (random.int(16)) {
    case 0:
      return { name, kind: 'user', type: 'string', merge, from: [{ trait: 'plan' }, { property: 'plan' }] };
    case 1:
      return { name, kind: 'user', type: 'number', merge, from: [{ trait: 'age' }] };
    case 2:
      return { name, kind: 'user', type: 'boolean', merge, from: [{ property: 'vip', event }, { trait: 'vip' }] };
    case 3:
    case 4:
      return { name, kind: 'user', type: 'number', compute: { count: event, ...where, ...within } };
    case 5:
    case 6:
      return { name, kind: 'user', type: 'number', compute: { sum: event, of: 'revenue', ...where, ...within } };
    case 7:
    case 8: {
      const time = random.chance(0.5) ? { first_time: event } : { last_time: event };
      return { name, kind: 'user', type: 'timestamp', compute: { ...time, ...where, ...within } };
    }
    case 9:
      return drawMerged(random, name);
    case 10:
    case 11:
      return drawSession(random, name);
    default:
      return drawOfProperty(random, name, { ...where, ...within });
  }
}

/** Up to three formulas; the later ones may read the first. */
function drawFormulas(random: Random, attributes: readonly AttributeText[]): AttributeText[] {
  const numbers = attributes.filter(({ type }) => type === 'number').map(({ name }) => name);
  if (numbers.length === 0 || random.chance(0.3)) return [];
  const first = drawFormula(random, 'f0', numbers);
  const read = first.type === 'number' ? [...numbers, 'f0', 'f0'] : numbers;
  return [first, ...Array.from({ length: random.int(3) }, (_, index) => drawFormula(random, `f${index + 1}`, read))];
}

function drawFormula(random: Random, name: string, numbers: readonly string[]): AttributeText {
  const { text, type } = random.pick(FORMULA_SHAPES);
  const [a, b] = [random.pick(numbers), random.pick(numbers)];
  const formula = text.replaceAll(/\b[AB]\b/g, (place) => (place === 'A' ? a : b));
  return { name, kind: 'user', type, compute: { formula } };
}

/** Of the same type, over numbers that are no formulas. What it read stays. */
function redrawFormula(random: Random, before: AttributeText, attributes: readonly AttributeText[]): AttributeText {
  const isNumber = ({ type, compute }: AttributeText): boolean => type === 'number' && compute?.formula === undefined;
  const read = attributes.filter((each) => isNumber(each) && before.compute!.formula!.includes(each.name));
  if (read.length === 0) return before;
  const drawn = drawFormula(
    random,
    before.name,
    read.map(({ name }) => name),
  );
  return drawn.type === before.type ? drawn : before;
}

/** Most gaps end within a run; those of the default do not. */
function drawSession(random: Random, name: string): AttributeText {
  const session = random.pick(SESSION_MEASURES);
  const within = session === 'count' && random.chance(0.4) ? { within: random.pick(WINDOWS) } : {};
  const gap = random.pick([{}, { gap: random.pick(WINDOWS) }, { gap: { web: '5s', mobile: random.pick(WINDOWS) } }]);
  const where = random.chance(0.15) ? { where: drawFilter(random) } : {};
  return {
    name,
    kind: 'user',
    type: TYPE_OF_SESSION_MEASURE[session],
    compute: { session, ...gap, ...where, ...within },
  };
}

/** A declared attribute whose strategy is of its type. */
function drawMerged(random: Random, name: string): AttributeText {
  const merge = random.pick(['min', 'max']);
  switch (random.int(4)) {
    case 0:
      return { name, kind: 'user', type: 'number', merge: random.pick([merge, 'sum']), from: [{ trait: 'age' }] };
    case 1:
      return { name, kind: 'user', type: 'timestamp', merge, from: [{ trait: 'since' }] };
    default:
      return {
        name,
        kind: 'user',
        type: 'string_list',
        merge: 'union',
        from: [{ property: 'tags' }, { trait: 'tags' }],
      };
  }
}

/** A reducer over the property of its type. */
function drawOfProperty(random: Random, name: string, rest: object): AttributeText {
  const event = random.pick(EVENT_NAMES);
  const kind = 'user';
  const limit = random.chance(0.5) ? { limit: 1 + random.int(3) } : {};
  switch (random.int(9)) {
    case 0:
      return { name, kind, type: 'number', compute: { min: event, of: 'revenue', ...rest } };
    case 1:
      return { name, kind, type: 'number', compute: { max: event, of: 'revenue', ...rest } };
    case 2:
      return { name, kind, type: 'number', compute: { average: event, of: 'revenue', ...rest } };
    case 3:
      return { name, kind, type: 'string', compute: { first_value: event, of: 'plan', ...rest } };
    case 4:
      return { name, kind, type: 'string', compute: { last_value: event, of: 'plan', ...rest } };
    case 5:
      return { name, kind, type: 'number', compute: { distinct_count: event, of: 'plan', ...rest } };
    case 6:
      return { name, kind, type: 'string_list', compute: { distinct_list: event, of: 'plan', ...limit, ...rest } };
    case 7:
      return { name, kind, type: 'number', compute: { most_frequent: event, of: 'revenue', ...rest } };
    default:
      return { name, kind, type: 'boolean', compute: { exists: event, ...rest } };
  }
}

/** Throws for a catalogue that is not valid: nobody draws one on purpose. */
export function checked(catalogue: CatalogueText): CatalogueText {
  const outcome = parseCatalogue(JSON.parse(JSON.stringify(catalogue)));
  if (outcome.kind === 'valid') return catalogue;
  throw new Error(`drew an invalid catalogue: ${JSON.stringify(outcome.faults)}`);
}
