/** A catalogue as this stage uses it: for each kind of event the attributes that it concerns. Derived, never stored. */
import {
  type AttributeSource,
  CONSENT_EVENT,
  type CompiledAttribute,
  type CompiledCatalogue,
  type ComputedAttribute,
  type DeclaredAttribute,
  isUnnamed,
  type SessionAttribute,
  stableHash,
} from '@attrium/catalogue';
import { type ConditionSubject, compileCondition, type EventAttribute, type Occurrence } from '@attrium/condition';
import { type Entity, EVENT_TYPES, type Event, type EventType, type ValueType } from '@attrium/event';
import { aged } from './age.js';
import type { AttributeReducer } from './attribute-reducer.js';
import { LIST_ENTRY_LENGTH_MAX, TEXT_LENGTH_MAX } from './limits.js';
import { type MatchPlan, matchPlanOf } from './match.js';
import type { Parsing } from './parsed-payload.js';
import type { PlannedAttribute } from './planned-attribute.js';
import { NO_REDUCER, type PlannedFormula, plannedFormulas } from './planned-formula.js';
import { type RollupPlan, rollupPlanOf } from './planned-rollup.js';
import { type FoldedAttribute, reducerOf } from './reducer.js';

export type { PlannedAttribute } from './planned-attribute.js';

/** A declared attribute and those of its sources that an event may hold, in the order of their precedence. */
export interface DeclaredFeed {
  readonly attribute: PlannedAttribute;
  readonly type: ValueType;
  /** Code units of a text. */
  readonly textLengthMax: number;
  readonly sources: readonly AttributeSource[];
}

export interface ComputedFeed {
  readonly attribute: PlannedAttribute;
  readonly accepts: ((subject: ConditionSubject) => boolean) | undefined;
  /** The property that it reads; undefined for none. */
  readonly property: readonly string[] | undefined;
  /** In place of the property. */
  readonly eventAttribute: EventAttribute | undefined;
  /** As what it is read: an amount that is added up, or a value of a type. */
  readonly reads: 'amount' | ValueType;
  /** Code units of a text. */
  readonly textLengthMax: number;
  /** First and last event time that counts, ms. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Of a pattern: the steps that the event may be. */
  readonly steps: readonly StepFeed[] | undefined;
}

export interface StepFeed {
  /** What stands for the step among those that an event is. */
  readonly bit: number;
  readonly accepts: ((subject: ConditionSubject) => boolean) | undefined;
}

/** An attribute of sessions: every event that belongs to one feeds it. */
export interface SessionFeed {
  readonly attribute: PlannedAttribute;
  readonly accepts: ((subject: ConditionSubject) => boolean) | undefined;
  /** Whether it keeps what the page is. */
  readonly readsPage: boolean;
}

/**
 * What one sort of event (type, and name of a track event) feeds. `parse`: whether its payload has to be read: never, always, or only
 * where it speaks of traits.
 */
export interface Feed {
  readonly declared: readonly DeclaredFeed[];
  readonly computed: readonly ComputedFeed[];
  readonly sessions: readonly SessionFeed[];
  readonly parse: Parsing;
  /** Of the events that state consent: whether some attribute holds what is stated. */
  readonly takesStatement?: ((attribute: string) => boolean) | undefined;
}

/** The attributes of one kind of entity. */
export interface KindPlan {
  /** In the order of their slots. */
  readonly attributes: readonly PlannedAttribute[];
  readonly windowed: readonly PlannedAttribute[];
  /** Each after those that it reads. */
  readonly formulas: readonly PlannedFormula[];
  /** Names of what some formula reads. */
  readonly readByFormulas: ReadonlySet<string>;
  readonly byKeyTag: ReadonlyMap<string, PlannedAttribute>;
  /** Of what is published. */
  readonly byNameTag: ReadonlyMap<string, PlannedAttribute>;
  readonly switches: boolean;
  readonly byName: ReadonlyMap<string, PlannedAttribute>;
  readonly track: ReadonlyMap<string, Feed>;
  readonly byType: Readonly<Record<EventType, Feed | undefined>>;
  /** Events that triggers ask for. */
  readonly matches: MatchPlan;
}

export interface Plan {
  readonly workspace: string;
  readonly revision: number;
  /** Rises with each catalogue and each switch: what rows are brought in line with. */
  readonly step: number;
  /** The last switch: what has been brought in line with an earlier step is to publish what it changed. */
  readonly switched: Switch | undefined;
  readonly profile: KindPlan;
  readonly account: KindPlan;
  readonly rollups: RollupPlan;
}

/** Definitions that were in preparation took effect. */
export interface Switch {
  readonly step: number;
  /** Log time, ms. */
  readonly at: number;
  /** Id of the record. */
  readonly id: string;
}

export interface PlanOptions {
  readonly step?: number;
  readonly switched?: Switch | undefined;
  /** Attributes in preparation: folded beside those of the catalogue. */
  readonly shadows?: readonly CompiledAttribute[];
  /** Whom these concern (`kind name`), a switch concerns. */
  readonly switching?: ReadonlySet<string>;
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** `catalogue`: what serves. */
export function planOf(catalogue: CompiledCatalogue, options: PlanOptions = {}): Plan {
  const { workspace, revision } = catalogue;
  const { step = revision, switched, shadows = [], switching = NO_NAMES } = options;
  const account = kindPlanOf(catalogue, shadows, switching, 'account');
  return {
    ...{ workspace, revision, step, switched },
    profile: kindPlanOf(catalogue, shadows, switching, 'user'),
    account,
    rollups: rollupPlanOf(catalogue.attributes, account),
  };
}

/** Identity of a state over all revisions of a catalogue. */
export function stateKeyOf(kind: Entity['kind'], key: string): string {
  return `state ${kind} ${key}`;
}

/** Identity of a published value over all revisions of a catalogue. */
export function valueKeyOf(kind: Entity['kind'], name: string): string {
  return `value ${kind} ${name}`;
}

/** Of all that rows keep by this plan. */
export function keysOf(plan: Plan): string[] {
  return (['profile', 'account'] as const).flatMap((kind) =>
    plan[kind].attributes.flatMap(({ key, name, shadow }) =>
      shadow ? [stateKeyOf(kind, key)] : [stateKeyOf(kind, key), valueKeyOf(kind, name)],
    ),
  );
}

/** What an event feeds in entities of a kind; undefined when it concerns no attribute. */
export function feedOf(plan: Plan, kind: Entity['kind'], event: Event): Feed | undefined {
  const { track, byType } = plan[kind];
  return (event.type === 'track' ? track.get(event.name) : undefined) ?? byType[event.type];
}

function kindPlanOf(
  { attributes: serving, triggers }: CompiledCatalogue,
  shadows: readonly CompiledAttribute[],
  switching: ReadonlySet<string>,
  of: 'user' | 'account',
): KindPlan {
  const prepared = new Set(shadows.filter((attribute) => attribute.of === of));
  const definitions = [...serving.filter((attribute) => attribute.of === of), ...prepared];
  const planned = new Map(
    definitions.map((definition, slot) => {
      const shadow = prepared.has(definition);
      return [definition, plannedOf(definition, { slot, shadow, switches: switching.has(`${of} ${definition.name}`) })];
    }),
  );
  const attributes = [...planned.values()];
  const published = attributes.filter(({ shadow }) => !shadow);
  const feed = (type: EventType, name: string | undefined): Feed | undefined => feedFor(planned, of, type, name);
  const track = new Map<string, Feed>();
  for (const name of eventNames(definitions)) {
    const found = feed('track', name);
    if (found !== undefined) track.set(name, found);
  }
  const formulas = plannedFormulas(new Map([...planned].filter(([, { shadow }]) => !shadow)));
  return {
    attributes,
    formulas,
    readByFormulas: new Set(formulas.flatMap(({ slots }) => [...slots.keys()])),
    windowed: attributes.filter(({ reducer }) => reducer.nextDue !== undefined),
    byKeyTag: indexOf(attributes, ({ keyTag }) => keyTag),
    byNameTag: indexOf(published, ({ nameTag }) => nameTag),
    byName: indexOf(published, ({ name }) => name),
    switches: attributes.some(({ switches }) => switches),
    track,
    byType: Object.fromEntries(EVENT_TYPES.map((type) => [type, feed(type, undefined)])) as KindPlan['byType'],
    matches: matchPlanOf(triggers.filter((trigger) => trigger.of === of)),
  };
}

/** Throws when two have the same text: for tags, hashes of 64 bits, that is as good as impossible. */
function indexOf(
  attributes: readonly PlannedAttribute[],
  textOf: (attribute: PlannedAttribute) => string,
): ReadonlyMap<string, PlannedAttribute> {
  const index = new Map(attributes.map((attribute) => [textOf(attribute), attribute]));
  if (index.size !== attributes.length) throw new Error('two attributes of one catalogue cannot be told apart');
  return index;
}

function tagOf(text: string): string {
  const hash = stableHash(text);
  let tag = '';
  for (let at = 0; at < hash.length; at += 2) tag += String.fromCharCode(Number.parseInt(hash.slice(at, at + 2), 16));
  return tag;
}

function plannedOf(
  definition: CompiledAttribute,
  place: { readonly slot: number; readonly shadow: boolean; readonly switches: boolean },
): PlannedAttribute {
  return {
    name: definition.name,
    key: definition.key,
    ...place,
    // What is not published keeps away from the value that the name has meanwhile.
    nameTag: tagOf(place.shadow ? `shadow ${definition.key}` : definition.name),
    keyTag: tagOf(definition.key),
    visible: definition.visible,
    reducer: plannedReducer(definition),
    initial: isUnnamed(definition.name) && definition.type === 'boolean' ? false : undefined,
  };
}

function plannedReducer(definition: CompiledAttribute): AttributeReducer {
  if (definition.kind === 'formula' || definition.kind === 'rollup') return NO_REDUCER;
  return definition.age === undefined ? reducerOf(definition) : aged(reducerOf(definition), definition.age);
}

/** The names of track events that some attribute asks for. */
export function eventNames(definitions: Iterable<CompiledAttribute>): Set<string> {
  const names = new Set<string>();
  for (const definition of definitions) {
    if (definition.kind === 'computed') for (const { event } of stepsOf(definition)) names.add(event);
    else if (definition.kind === 'declared')
      for (const { event } of definition.from) if (event !== undefined) names.add(event);
  }
  return names;
}

/** `name` undefined: events of the type whose name nobody asks for. */
function feedFor(
  planned: ReadonlyMap<CompiledAttribute, PlannedAttribute>,
  of: 'user' | 'account',
  type: EventType,
  name: string | undefined,
): Feed | undefined {
  const declared: DeclaredFeed[] = [];
  const computed: ComputedFeed[] = [];
  const sessions: SessionFeed[] = [];
  for (const [definition, attribute] of planned) {
    if (definition.kind === 'declared') {
      const sources = definition.from.filter((source) => feeds(source, of, type, name));
      if (sources.length > 0) {
        const textLengthMax = textLengthMaxOf(definition);
        declared.push({ attribute, type: foldedTypeOf(definition), textLengthMax, sources });
      }
    } else if (definition.kind === 'session') {
      sessions.push(sessionFeed(definition, attribute));
    } else if (
      definition.kind === 'computed' &&
      type === 'track' &&
      stepsOf(definition).some(({ event }) => event === name)
    ) {
      computed.push(computedFeed(definition, attribute, name));
    }
  }
  if (declared.length === 0 && computed.length === 0 && sessions.length === 0) return undefined;
  // The id of a session is in the payload.
  const parse = sessions.length > 0 ? 'always' : parsing(declared, computed, type);
  const feed = { declared, computed, sessions, parse };
  if (type !== 'track' || name !== CONSENT_EVENT) return feed;
  const names = new Set(Array.from(planned.values(), (attribute) => attribute.name));
  return { ...feed, takesStatement: (attribute) => names.has(attribute) };
}

/** The events that it is computed from. */
function stepsOf({ event, where, pattern }: ComputedAttribute): readonly Occurrence[] {
  return pattern?.steps ?? [{ event, where }];
}

/** Of the steps of a pattern, those that an event of a name may be. */
function stepFeedsOf({ pattern }: ComputedAttribute, name: string | undefined): readonly StepFeed[] | undefined {
  return pattern?.steps.flatMap(({ event, where }, step) => {
    const accepts = where === undefined ? undefined : compileCondition(where);
    return event === name ? [{ bit: 1 << step, accepts }] : [];
  });
}

function computedFeed(
  definition: ComputedAttribute,
  attribute: PlannedAttribute,
  name: string | undefined,
): ComputedFeed {
  const { reducer, where, property, eventAttribute } = definition;
  const { fromMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = definition;
  const adds = reducer === 'sum' || reducer === 'average';
  // What is only told apart is told apart by its text.
  const isTold = reducer === 'distinct_count' || reducer === 'distinct_list';
  return {
    attribute,
    accepts: where === undefined ? undefined : compileCondition(where),
    property,
    eventAttribute,
    reads: adds ? 'amount' : isTold ? 'string' : foldedTypeOf(definition),
    textLengthMax: textLengthMaxOf(definition),
    ...{ fromMs, untilMs, steps: stepFeedsOf(definition, name) },
  };
}

function sessionFeed({ where, measure }: SessionAttribute, attribute: PlannedAttribute): SessionFeed {
  return {
    attribute,
    accepts: where === undefined ? undefined : compileCondition(where),
    readsPage: measure === 'entry_page' || measure === 'exit_page',
  };
}

/** What is folded: of an age, the timestamps. */
function foldedTypeOf({ age, type }: FoldedAttribute): ValueType {
  return age === undefined ? type : 'timestamp';
}

/** States that keep many values keep no long texts. */
function textLengthMaxOf(definition: DeclaredAttribute | ComputedAttribute): number {
  const keepsMany =
    definition.kind === 'declared'
      ? definition.merge === 'most_frequent'
      : definition.kind === 'computed' &&
        (definition.reducer === 'most_frequent' ||
          definition.reducer === 'distinct_list' ||
          (definition.reducer === 'first_value' && definition.withinMs !== undefined));
  return keepsMany ? LIST_ENTRY_LENGTH_MAX : TEXT_LENGTH_MAX;
}

/** Properties are of track, page and screen; the traits of a group are those of the account, so only `context.traits` there name the user. */
function feeds(source: AttributeSource, of: 'user' | 'account', type: EventType, name: string | undefined): boolean {
  if (source.event !== undefined && source.event !== name) return false;
  if (source.kind === 'property') return type === 'track' || type === 'page' || type === 'screen';
  return of === 'user' || type === 'group';
}

function parsing(declared: readonly DeclaredFeed[], computed: readonly ComputedFeed[], type: EventType): Feed['parse'] {
  const reads = ({ accepts, property, eventAttribute, steps }: ComputedFeed): boolean =>
    (accepts ?? property ?? eventAttribute) !== undefined ||
    (steps?.some((step) => step.accepts !== undefined) ?? false);
  if (computed.some(reads)) return 'always';
  if (declared.length === 0) return 'never';
  const traitsOnly = declared.every(({ sources }) => sources.every(({ kind }) => kind === 'trait'));
  return traitsOnly && type !== 'identify' && type !== 'group' ? 'traits' : 'always';
}
