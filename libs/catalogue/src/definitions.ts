/** A valid catalogue as its author meant it: names resolved, durations in milliseconds, conditions parsed. */
import type { Condition, ParsedCondition } from '@attrium/condition';
import type { ValueType } from '@attrium/event';
import type {
  AttributeSource,
  Frequency,
  MergeStrategy,
  Reducer,
  TriggerWhen,
  WebhookDestination,
} from './compiled.js';
import type { IdentityDefinition } from './identity-definition.js';

interface AttributeDefinitionHead {
  readonly name: string;
  readonly of: 'user';
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
  readonly where?: Condition | undefined;
  readonly withinMs?: number | undefined;
  readonly entriesMax?: number | undefined;
}

export type AttributeDefinition = DeclaredAttributeDefinition | ComputedAttributeDefinition;

export interface SegmentDefinition {
  readonly name: string;
  readonly of: 'user';
  readonly where: ParsedCondition;
}

export interface TriggerDefinition {
  readonly name: string;
  readonly paused: boolean;
  /** It fires on what a backfill changes too; undefined: not. */
  readonly onBackfill?: true | undefined;
  readonly when: TriggerWhen;
  readonly condition?: ParsedCondition | undefined;
  readonly frequency: Frequency;
  /** Named attributes, beside those that `condition` reads. */
  readonly payload: readonly string[];
  readonly webhooks: readonly WebhookDestination[];
  readonly stream: boolean;
}

export interface Catalogue {
  /** Undefined: the rules that hold without one (`DEFAULT_IDENTITY`). */
  readonly identity?: IdentityDefinition | undefined;
  readonly attributes: readonly AttributeDefinition[];
  readonly segments: readonly SegmentDefinition[];
  readonly triggers: readonly TriggerDefinition[];
}
