/** Catalogues as users write them, as far as the simulation draws them and the naive recomputation reads them. */

export interface AttributeSourceText {
  readonly trait?: string;
  readonly property?: string;
  readonly event?: string;
}

export interface AttributeText {
  readonly name: string;
  readonly kind: 'user' | 'account';
  readonly type: string;
  readonly merge?: string;
  readonly from?: readonly AttributeSourceText[];
  readonly compute?: {
    readonly formula?: string;
    readonly count?: string;
    readonly sum?: string;
    readonly min?: string;
    readonly max?: string;
    readonly average?: string;
    readonly first_value?: string;
    readonly last_value?: string;
    readonly first_time?: string;
    readonly last_time?: string;
    readonly distinct_count?: string;
    readonly distinct_list?: string;
    readonly most_frequent?: string;
    readonly exists?: string;
    readonly session?: string;
    readonly gap?: string | { readonly web?: string; readonly mobile?: string };
    readonly limit?: number;
    readonly of?: string;
    readonly where?: ConditionText;
    readonly within?: string;
  };
  readonly rollup?: RollupText;
}

export interface RollupText {
  readonly count?: 'members';
  readonly sum?: string;
  readonly min?: string;
  readonly max?: string;
  readonly average?: string;
  readonly any?: string;
  readonly all?: string;
  readonly where?: ConditionText;
}

/** One node of a condition; which keys it has says what it is. */
export interface ConditionText {
  readonly all?: readonly ConditionText[];
  readonly any?: readonly ConditionText[];
  readonly not?: ConditionText;
  readonly segment?: string;
  readonly is?: boolean;
  readonly event?: string;
  readonly did?: true;
  readonly did_not?: true;
  readonly at_least?: number;
  readonly at_most?: number;
  readonly exactly?: number;
  readonly sum?: string;
  readonly within?: string;
  readonly where?: ConditionText;
  readonly since?: StepText;
  readonly sequence?: readonly StepText[];
  readonly first_time?: Readonly<Record<string, unknown>>;
  readonly last_time?: Readonly<Record<string, unknown>>;
  readonly attribute?: string;
  readonly property?: string;
  /** As nobody writes it: whom the imports of a static list name. */
  readonly list?: string;
  readonly [comparator: string]: unknown;
}

/** Events that follow each other, or are counted since. */
export interface StepText {
  readonly event: string;
  readonly where?: ConditionText;
  readonly within?: string;
}

export interface SegmentText {
  readonly name: string;
  readonly of: 'user' | 'account';
  /** Of all but static lists. */
  readonly where?: ConditionText;
  readonly static?: true;
}

/** A value, null for none, or comparators. */
export type SideText = string | number | boolean | null | Readonly<Record<string, unknown>>;
export type DirectionsText = number | { readonly up?: number; readonly down?: number };

/** An attribute, or a property of the event. */
export type KeyText = string | { readonly property: string };

export interface ScheduleText {
  readonly daily?: string;
  readonly weekly?: { readonly on: readonly string[]; readonly at: string };
  readonly time_zone?: string | { readonly attribute: string; readonly otherwise: string };
}

export interface TriggerText {
  readonly name: string;
  readonly state?: 'paused' | 'archived';
  readonly on_backfill?: true;
  readonly when: {
    readonly segment?: string;
    readonly enters?: true;
    readonly exits?: true;
    readonly in?: true | { readonly per_second: number };
    readonly attribute?: string;
    readonly changes?: true;
    readonly from?: SideText;
    readonly to?: SideText;
    readonly crosses?: DirectionsText;
    readonly by?: DirectionsText;
    readonly event?: string;
    readonly where?: ConditionText;
    readonly schedule?: ScheduleText;
  };
  readonly if?: ConditionText;
  readonly purpose?: string;
  readonly channel?: string;
  readonly on_quiet?: 'suppress' | 'defer';
  readonly frequency:
    | 'every'
    | 'once'
    | { readonly once_per: string; readonly key?: KeyText }
    | { readonly once: true; readonly key: KeyText };
  readonly payload?: readonly string[];
  readonly properties?: readonly string[];
  readonly delay?: string;
  readonly wait_for?: {
    readonly event?: string;
    readonly where?: ConditionText;
    readonly condition?: ConditionText;
    readonly timeout: string;
    readonly outcomes?: readonly ('happened' | 'timed_out')[];
  };
  readonly recheck?: boolean;
  readonly deliver: readonly [{ readonly stream: true }];
}

export interface IdentifierTypeText {
  readonly name: string;
  readonly limit?: number | { readonly values: number; readonly per: string };
  readonly normalise?: string;
  readonly block?: { readonly values?: readonly string[]; readonly patterns?: readonly string[] };
  readonly from?: readonly {
    readonly trait?: string;
    readonly property?: string;
    readonly event?: string;
    readonly external_id?: string;
  }[];
}

export interface IdentityText {
  readonly types?: readonly IdentifierTypeText[];
  readonly ignore?: readonly string[];
  readonly dedup?: string;
  readonly quarantine?: 'off' | { readonly merges: number; readonly within: string };
}

export interface ConsentText {
  readonly purposes: readonly { readonly name: string; readonly default: 'granted' | 'withdrawn' }[];
  readonly channels: readonly string[];
  readonly from: readonly { readonly trait: string; readonly purpose: string; readonly channel?: string }[];
  readonly quiet_hours?: {
    readonly from: string;
    readonly to: string;
    readonly time_zone: string | { readonly attribute: string; readonly otherwise: string };
    readonly purposes?: readonly string[];
    readonly on_quiet?: 'suppress' | 'defer';
  };
}

export interface CatalogueText {
  readonly identity?: IdentityText;
  readonly consent?: ConsentText;
  readonly attributes: readonly AttributeText[];
  readonly segments: readonly SegmentText[];
  readonly triggers: readonly TriggerText[];
}
