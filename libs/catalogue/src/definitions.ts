/** A valid catalogue as its author meant it: names resolved, durations in milliseconds, conditions parsed. */
import type { Condition, EventAttribute, ParsedCondition } from '@attrium/condition';
import type { ValueType } from '@attrium/event';
import type {
  AttributeSource,
  Frequency,
  MergeStrategy,
  Reducer,
  TriggerWhen,
  Waiting,
  WebhookDestination,
} from './compiled.js';
import type { ConsentDefinition, OnQuiet } from './consent-definition.js';
import type { IdentityDefinition } from './identity-definition.js';
import type { RollupMeaning } from './rollup-definition.js';
import type { SessionMeaning } from './session.js';

/** Whose: a person's, or a company's. */
export type DefinitionKind = 'user' | 'account';

interface AttributeDefinitionHead {
  readonly name: string;
  readonly of: DefinitionKind;
  readonly type: ValueType;
  readonly visible: boolean;
}

/** Fed by traits and properties. */
export interface DeclaredAttributeDefinition extends AttributeDefinitionHead {
  readonly kind: 'declared';
  readonly merge: MergeStrategy;
  readonly from: readonly AttributeSource[];
}

/** Derived from the events of one name. */
export interface ComputedAttributeDefinition extends AttributeDefinitionHead {
  readonly kind: 'computed';
  readonly reducer: Reducer;
  readonly event: string;
  readonly property?: readonly string[] | undefined;
  /** In place of `property`. */
  readonly eventAttribute?: EventAttribute | undefined;
  readonly where?: Condition | undefined;
  readonly withinMs?: number | undefined;
  readonly entriesMax?: number | undefined;
}

/** Calculated from other attributes of the same entity; keeps no state of its own. */
export interface FormulaAttributeDefinition extends AttributeDefinitionHead {
  readonly kind: 'formula';
  /** CEL, as docs/reference/formulas.md has it. */
  readonly formula: string;
  /** Names of the attributes that it reads, sorted, each once. */
  readonly reads: readonly string[];
}

/** Derived from sessions. */
export interface SessionAttributeDefinition extends AttributeDefinitionHead, SessionMeaning {
  readonly kind: 'session';
}

/** Of accounts: made of what their members have. */
export interface RollupAttributeDefinition extends AttributeDefinitionHead, RollupMeaning {
  readonly kind: 'rollup';
}

export type AttributeDefinition =
  | DeclaredAttributeDefinition
  | ComputedAttributeDefinition
  | SessionAttributeDefinition
  | RollupAttributeDefinition
  | FormulaAttributeDefinition;

export interface SegmentDefinition {
  readonly name: string;
  readonly of: DefinitionKind;
  /** Of a static list: false of everyone. */
  readonly where: ParsedCondition;
  /** Who is in it is imported. */
  readonly static?: true | undefined;
}

/** As `Waiting`, its condition as it was written. */
export type WaitingDefinition =
  | Exclude<Waiting, { kind: 'condition' }>
  | (Omit<Extract<Waiting, { kind: 'condition' }>, 'condition'> & { readonly condition: ParsedCondition });

export interface TriggerDefinition {
  readonly name: string;
  /** That of what it watches. */
  readonly of: DefinitionKind;
  readonly paused: boolean;
  /** It fires on what a backfill changes too; undefined: not. */
  readonly onBackfill?: true | undefined;
  readonly archived: boolean;
  readonly when: TriggerWhen;
  readonly waits?: WaitingDefinition | undefined;
  readonly condition?: ParsedCondition | undefined;
  /** What it contacts people for, and by which channel: consent for it is asked. */
  readonly purpose?: string | undefined;
  readonly channel?: string | undefined;
  /** Undefined: as the section `consent` says. */
  readonly onQuiet?: OnQuiet | undefined;
  /** Where it is written without `waits`: that of firings that quiet hours defer. */
  readonly recheck?: boolean | undefined;
  readonly frequency: Frequency;
  /** Named attributes, beside those that `condition` reads. */
  readonly payload: readonly string[];
  /** Paths of properties of the event. */
  readonly properties: readonly string[];
  readonly webhooks: readonly WebhookDestination[];
  readonly stream: boolean;
}

export interface Catalogue {
  /** Undefined: the rules that hold without one (`DEFAULT_IDENTITY`). */
  readonly identity?: IdentityDefinition | undefined;
  readonly consent?: ConsentDefinition | undefined;
  readonly attributes: readonly AttributeDefinition[];
  /** Absent when there are none. What uses one holds its mapping. */
  readonly eventAttributes?: readonly EventAttribute[] | undefined;
  readonly segments: readonly SegmentDefinition[];
  readonly triggers: readonly TriggerDefinition[];
}
