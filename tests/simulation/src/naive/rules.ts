/** What a catalogue asks of events, recomputed from lists of events: no states, no reducers. */
import { compileCatalogue, isUnnamed, parseCatalogue } from '@attrium/catalogue';
import type { CatalogueActivated, Entity, Event } from '@attrium/event';
import type { AttributeText, CatalogueText, ConditionText, SegmentText, StepText } from '../definitions.js';
import { consentTexts } from './consent.js';
import { type NaiveFormula, naiveFormula } from './formulas.js';
import { isFound, timesSince } from './order.js';
import { type Contribution, REDUCE } from './reducing.js';
import type { NaiveRollup } from './rolling-up.js';
import { openUntil, sessionValue, visitOf } from './sessions.js';
import { isWithinRange, momentKeyOf, questionsIn } from './unnamed.js';
import {
  holds,
  type Json,
  member,
  millisecondsOf,
  type Plain,
  parseJson,
  scalar,
  textOfUnits,
  truth,
  unitsOfText,
} from './value.js';

export interface Rule {
  readonly name: string;
  readonly of: 'user' | 'account';
  /** Two rules of the same meaning share what they have counted. */
  readonly meaning: string;
  readonly withinMs: number | undefined;
  readonly visible: boolean;
  /** The value before anything came. */
  readonly initial: Plain | undefined;
  contribution(event: Event): Contribution | undefined;
  /** Of the contributions that are inside the window; `ever`: whether there was one at all. */
  value(inside: readonly Contribution[], ever: boolean, asOf: number): Plain | undefined;
  /** It counts what came since it is there without a gap, and no history. */
  readonly fromNowOn?: boolean;
  /** Set on formulas, which count nothing. */
  readonly formula?: NaiveFormula;
  /** Set on roll-ups, which count no events. */
  readonly rollup?: NaiveRollup;
  /** When the value may change by itself, besides when something leaves the window. */
  flipsAt?(contribution: Contribution): number;
}

/** Static lists have a condition here too. */
export type NaiveCatalogue = Omit<CatalogueText, 'segments'> & {
  readonly segments: readonly (SegmentText & { readonly where: ConditionText })[];
};

export interface Rules {
  readonly revision: number;
  /** Orders what has the same revision. */
  readonly step: number;
  readonly catalogue: NaiveCatalogue;
  readonly rules: readonly Rule[];
  /** The unnamed attribute that answers a question. */
  unnamed(question: ConditionText): string;
  /** Those of one kind of entity; of all of them nothing can be asked about events. */
  ofKind(kind: Entity['kind']): Rules;
}

/** By their text: every stage and partition reads the same few catalogues. */
const read = new Map<string, Rules>();

export function rulesOf({ catalogue: bytes, revision, step = revision }: CatalogueActivated): Rules {
  const text = new TextDecoder().decode(bytes);
  const key = `${revision} ${step} ${text}`;
  const known = read.get(key);
  if (known !== undefined) return known;
  if (read.size > 20) read.clear();
  const rules = readRules(text, { revision, step });
  read.set(key, rules);
  return rules;
}

function readRules(text: string, head: Pick<Rules, 'revision' | 'step'>): Rules {
  const written = JSON.parse(text) as CatalogueText;
  const segments = written.segments.map((segment) => ({ ...segment, where: segment.where ?? { list: segment.name } }));
  const catalogue = { ...written, segments };
  const user = readKind(catalogue, 'user', head);
  const account = readKind(catalogue, 'account', head);
  const ofKind = (kind: Entity['kind']): Rules => (kind === 'profile' ? user : account);
  const rules = [...user.rules, ...account.rules];
  return { ...user, catalogue, rules, ofKind };
}

/** A trigger is of the kind of what it watches, and those of events are of users. */
function readKind(whole: NaiveCatalogue, of: 'user' | 'account', head: Pick<Rules, 'revision' | 'step'>): Rules {
  const attributes = whole.attributes.filter(({ kind }) => kind === of);
  const segments = whole.segments.filter((segment) => segment.of === of);
  const own = (names: readonly { readonly name: string }[], asked?: string) => names.some(({ name }) => name === asked);
  const triggers = whole.triggers.filter(({ when }) =>
    when.event === undefined ? own(attributes, when.attribute) || own(segments, when.segment) : of === 'user',
  );
  const catalogue = { ...whole, attributes, segments, triggers };
  const conditions: readonly ConditionText[] = [
    ...segments.map(({ where }) => where),
    ...triggers.flatMap(({ if: condition }) => (condition === undefined ? [] : [condition])),
    ...triggers.flatMap(({ wait_for: wait }) => (wait?.condition === undefined ? [] : [wait.condition])),
  ];
  const names = new Map<string, string>();
  const rules = attributes.map((text) => (text.rollup === undefined ? attributeRule(text) : rollupRule(text, whole)));
  for (const question of conditions.flatMap(questionsIn)) {
    const name = unnamedOf(question, of, whole);
    names.set(JSON.stringify(question), name);
    if (!rules.some((rule) => rule.name === name)) rules.push(unnamedRule(question, of, name, catalogue));
  }
  // What was stated is not forgotten when it comes from elsewhere.
  if (of === 'user') {
    rules.push(
      ...consentTexts(catalogue).map((text) => ({
        ...attributeRule(text),
        ...{ meaning: text.name, visible: false, fromNowOn: true },
      })),
    );
  }
  const rulesOfKind: Rules = {
    ...head,
    catalogue,
    rules,
    unnamed: (question) => names.get(JSON.stringify(question))!,
    ofKind: () => rulesOfKind,
  };
  return rulesOfKind;
}

function rollupRule(text: AttributeText, { attributes }: CatalogueText): Rule {
  const { name, kind: of, rollup = {} } = text;
  const parsed = parseCatalogue({ attributes, segments: [], triggers: [] });
  if (parsed.kind === 'invalid') throw new Error(`a roll-up is invalid: ${JSON.stringify(parsed.faults)}`);
  const compiled = compileCatalogue({ workspace: 'w', revision: 1, catalogue: parsed.catalogue });
  const { key } = compiled.attributes.find((attribute) => attribute.name === name)!;
  const { where, count: _members, ...read } = rollup;
  const reads = [...Object.values(read), ...(where?.attribute === undefined ? [] : [where.attribute])];
  const head = { name, of, meaning: JSON.stringify(text), visible: true, initial: undefined, withinMs: undefined };
  return { ...head, rollup: { text: rollup, key, reads }, contribution: () => undefined, value: () => undefined };
}

function unnamedOf(question: ConditionText, of: 'user' | 'account', { attributes }: NaiveCatalogue): string {
  const { list } = question;
  const segments =
    list === undefined ? [{ name: 'only', of, where: question }] : [{ name: list, of, static: true as const }];
  const parsed = parseCatalogue({ attributes, segments, triggers: [] });
  if (parsed.kind === 'invalid') throw new Error(`a question is invalid: ${JSON.stringify(parsed.faults)}`);
  const compiled = compileCatalogue({ workspace: 'w', revision: 1, catalogue: parsed.catalogue });
  return compiled.attributes.find(({ name }) => isUnnamed(name))!.name;
}

function unnamedRule(
  question: ConditionText,
  of: 'user' | 'account',
  name: string,
  { attributes }: NaiveCatalogue,
): Rule {
  const head = { name, of, meaning: name, visible: false, initial: truth(false) };
  if (question.list !== undefined) {
    const compute = { last_value: `$list:${question.list}`, of: 'member' };
    return { ...attributeRule({ name, kind: of, type: 'boolean', compute }), ...head, fromNowOn: true };
  }
  if (question.attribute !== undefined) {
    const source = attributes.find((attribute) => attribute.name === question.attribute)!;
    return { ...attributeRule(source), ...head, ...ageRule(question, attributeRule(source)) };
  }
  const { event, within, where } = question;
  if (question.sequence !== undefined) {
    const { sequence } = question;
    const window = within === undefined ? undefined : millisecondsOf(within);
    return { ...head, ...orderedRule(sequence), withinMs: window, value: (inside) => truth(isFound(sequence, inside)) };
  }
  if (question.since !== undefined) {
    const { since } = question;
    const asked = { event: event!, ...(where === undefined ? {} : { where }) };
    const value = (all: readonly Contribution[]) => truth(timesSince(all) >= question.at_least!);
    return { ...head, ...orderedRule([asked, since]), value };
  }
  const moment = momentKeyOf(question);
  if (moment !== undefined) {
    const compute = { [moment]: event!, ...(where === undefined ? {} : { where }) };
    const time = attributeRule({ name, kind: of, type: 'timestamp', compute });
    const [[key, right]] = Object.entries(question[moment]!) as [[string, unknown]];
    if (!key.endsWith('_than')) return { ...time, ...head, initial: undefined };
    return { ...time, ...head, ...ageRule({ [key]: right }, time) };
  }
  if (question.sum !== undefined) {
    const compute = { sum: event!, of: question.sum, ...(within === undefined ? {} : { within }) };
    const sum = attributeRule({
      name,
      kind: of,
      type: 'number',
      compute: { ...compute, ...(where === undefined ? {} : { where }) },
    });
    const contribution = (each: Event) =>
      isWithinRange(question, each.occurredAt) ? sum.contribution(each) : undefined;
    return { ...sum, ...head, initial: undefined, contribution };
  }
  return {
    ...head,
    withinMs: within === undefined ? undefined : millisecondsOf(within),
    contribution: (each) =>
      isSuch(each, event!, where) && isWithinRange(question, each.occurredAt) ? bare(each) : undefined,
    value: (inside, ever) => (ever ? truth(inside.length >= question.at_least!) : undefined),
  };
}

/** Each event with the numbers of the steps that it is. */
function orderedRule(steps: readonly StepText[]): Pick<Rule, 'withinMs' | 'contribution'> {
  return {
    withinMs: undefined,
    contribution: (each) => {
      const texts = [...steps.keys()].filter((at) => isSuch(each, steps[at]!.event, steps[at]!.where)).map(String);
      return texts.length === 0 ? undefined : { ...bare(each), value: { is: 'list', texts } };
    },
  };
}

function ageRule(question: ConditionText, source: Rule): Pick<Rule, 'value' | 'flipsAt'> {
  const isNewer = question.newer_than !== undefined;
  const ageMs = millisecondsOf((question.newer_than ?? question.older_than) as string);
  return {
    value(inside, ever, asOf) {
      const value = source.value(inside, ever, asOf);
      if (!ever) return undefined;
      return truth(value?.is === 'time' && value.ms + ageMs > asOf === isNewer);
    },
    flipsAt: ({ at, value }) => (value?.is === 'time' ? value.ms : at) + ageMs,
  };
}

function attributeRule(text: AttributeText): Rule {
  const { name, type, compute } = text;
  const head = { name, of: text.kind, meaning: JSON.stringify(text), visible: true, initial: undefined };
  if (compute?.formula !== undefined) {
    const formula = naiveFormula(compute.formula);
    return { ...head, formula, withinMs: undefined, contribution: () => undefined, value: () => undefined };
  }
  if (compute === undefined) {
    const contribution = (event: Event): Contribution | undefined => {
      const value = declaredValue(text, event);
      return value === undefined ? undefined : { ...bare(event), value };
    };
    const reduce = REDUCE[text.merge ?? 'most_recent']!;
    return { ...head, withinMs: undefined, contribution, value: (all, ever) => (ever ? reduce(all) : undefined) };
  }
  if (compute.session !== undefined) return { ...head, ...sessionRule(text) };
  const { of, where, within, limit, formula: _none, ...rest } = compute;
  const [[reducer, asked]] = Object.entries(rest) as [[string, string]];
  const withinMs = within === undefined ? undefined : millisecondsOf(within);
  const contribution = (event: Event): Contribution | undefined => {
    if (!isSuch(event, asked, where)) return undefined;
    if (of === undefined) return bare(event);
    const value = typed(member(payloadOf(event), `properties.${of}`), reducer.startsWith('distinct') ? 'string' : type);
    return value === undefined ? undefined : { ...bare(event), value };
  };
  const reduce = REDUCE[reducer]!;
  return { ...head, withinMs, contribution, value: (inside, ever) => (ever ? reduce(inside, limit) : undefined) };
}

function sessionRule(text: AttributeText): Pick<Rule, 'withinMs' | 'contribution' | 'value' | 'flipsAt'> {
  const { session, where, within } = text.compute!;
  return {
    withinMs: within === undefined ? undefined : millisecondsOf(within),
    contribution: (event) => {
      const visit = visitOf(event, payloadOf(event), where);
      return visit === undefined ? undefined : { ...bare(event), visit };
    },
    value: (inside, ever, asOf) => (ever ? sessionValue(text, inside, asOf) : undefined),
    ...(session === 'current' ? { flipsAt: (step: Contribution) => openUntil(text, step) } : {}),
  };
}

const bare = ({ occurredAt: at, id: eventId }: Event): Contribution => ({ at, eventId, value: undefined });

export function isSuch(event: Event, name: string, where: ConditionText | undefined): boolean {
  if (event.type !== 'track' || event.name !== name) return false;
  const payload = payloadOf(event);
  return where === undefined || holds(where, { property: (path) => scalar(member(payload, `properties.${path}`)) });
}

export function payloadOf({ payload }: Event): Json | undefined {
  return parseJson(new TextDecoder().decode(payload));
}

function amountOf(value: Plain | undefined): Plain | undefined {
  if (value?.is === 'number') return value;
  const units = value?.is === 'text' ? unitsOfText(value.text.trim()) : undefined;
  return units === undefined ? undefined : { is: 'number', units };
}

/** The first source that has a value of the type. */
function declaredValue({ from = [], type, kind }: AttributeText, event: Event): Plain | undefined {
  const payload = payloadOf(event);
  for (const { trait, property, event: only } of from) {
    const hasProperties = event.type === 'track' || event.type === 'page';
    const found =
      trait === undefined
        ? hasProperties && (only === undefined || (event.type === 'track' && event.name === only))
          ? member(payload, `properties.${property}`)
          : undefined
        : ((event.type === (kind === 'user' ? 'identify' : 'group') ? member(payload, `traits.${trait}`) : undefined) ??
          (kind === 'user' ? member(payload, `context.traits.${trait}`) : undefined));
    const value = typed(found, type);
    if (value !== undefined) return value;
  }
  return undefined;
}

function typed(json: Json | undefined, type: string): Plain | undefined {
  if (Array.isArray(json)) return type === 'string_list' ? listOf(json) : undefined;
  const value = scalar(json);
  if (value === undefined || type === 'string_list') return undefined;
  if (type === 'number') return amountOf(value);
  if (type === 'boolean') return value.is === 'truth' ? value : undefined;
  if (type === 'timestamp') return timeOf(value);
  if (value.is === 'number') return { is: 'text', text: textOfUnits(value.units) };
  return value.is === 'text' ? value : undefined;
}

function listOf(entries: readonly Plain[]): Plain | undefined {
  const texts = entries.flatMap((entry) => (entry.is === 'text' ? [entry.text] : []));
  return texts.length === entries.length ? { is: 'list', texts } : undefined;
}

function timeOf(value: Plain): Plain | undefined {
  if (value.is === 'number') return { is: 'time', ms: Number(value.units / 10n ** 18n) };
  const ms = value.is === 'text' ? Date.parse(value.text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : { is: 'time', ms };
}
