/** What a workspace may contact people for: purposes, channels, where statements of consent come from, and when nobody is to be disturbed. */

/** What people grant or withdraw consent for. */
export interface PurposeDefinition {
  readonly name: string;
  /** What holds for who has stated nothing. */
  readonly granted: boolean;
}

/** A trait of people (true: granted, false: withdrawn) that states consent. */
export interface ConsentSource {
  readonly trait: readonly string[];
  readonly purpose: string;
  /** Undefined: of the purpose as a whole. */
  readonly channel?: string | undefined;
}

export const ON_QUIET = ['suppress', 'defer'] as const;
/** What becomes of a firing within quiet hours. */
export type OnQuiet = (typeof ON_QUIET)[number];

/** By the wall clock of a zone: from `fromMinute` on and before `toMinute`, over midnight where it is the smaller one. */
export interface QuietHours {
  /** Minutes of a day, 0 to 1,439; the two differ. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** The zone of everyone, or of those whose attribute names none. */
  readonly zone: string;
  readonly zoneAttribute?: string | undefined;
  /** A firing waits for their end, and is decided then; else it is suppressed. */
  readonly defers?: boolean | undefined;
}

export interface QuietHoursDefinition extends QuietHours {
  /** Triggers of other purposes, and those without one, know no quiet hours. */
  readonly purposes: readonly string[];
}

export interface ConsentDefinition {
  readonly purposes: readonly PurposeDefinition[];
  readonly channels: readonly string[];
  readonly from: readonly ConsentSource[];
  readonly quietHours?: QuietHoursDefinition | undefined;
}

/** What a trigger asks before it fires. */
export interface ConsentRule {
  /** Attributes that hold what was stated, the most specific first: the first with a value decides. */
  readonly statements: readonly string[];
  /** Where nothing was stated. */
  readonly otherwise: boolean;
}

const PREFIX = '$consent.';

/** The attribute (boolean: granted) that holds what was stated of a purpose as a whole, or of one channel. No definition can have its name. */
export function consentAttribute({ purpose, channel }: { purpose: string; channel?: string | undefined }): string {
  return channel === undefined ? `${PREFIX}${purpose}` : `${PREFIX}${purpose}.${channel}`;
}

/** The purpose and channel whose consent an attribute holds; undefined for every other attribute. */
export function consentOfAttribute(name: string): { purpose: string; channel?: string } | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  const [purpose, channel] = name.slice(PREFIX.length).split('.');
  return channel === undefined ? { purpose: purpose! } : { purpose: purpose!, channel };
}

/** The track event that states consent; ingest checks it and writes its statements under `properties.statements`. */
export const CONSENT_EVENT = '$consent';
/** Keys of `properties.statements.<purpose>` beside the names of channels: the purpose as a whole, and it together with all its channels. */
export const WHOLE_PURPOSE = '_';
export const EVERY_CHANNEL = '*';
