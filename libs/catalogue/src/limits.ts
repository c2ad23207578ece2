/** Limits of one workspace's catalogue, and names that definitions cannot take. */

export const CATALOGUE_BYTES_MAX = 512 * 1024;
export const CATALOGUE_DEPTH_MAX = 64;
/** Values, lists and objects of the catalogue's JSON, counted as they are written out. */
export const CATALOGUE_NODES_MAX = 100_000;
export const ATTRIBUTES_MAX = 200;
export const SEGMENTS_MAX = 500;
export const TRIGGERS_MAX = 200;
/** Distinct event conditions and ages of all segments and triggers: each becomes an unnamed attribute. */
export const BEHAVIOURS_MAX = 500;
/** Formulas of one workspace. */
export const FORMULAS_MAX = 50;
/** Roll-ups of one workspace. */
export const ROLLUPS_MAX = 20;
/** Code units of one formula. */
export const FORMULA_LENGTH_MAX = 1_000;
/** Nodes of one formula, and how deep they may be nested. */
export const FORMULA_NODES_MAX = 500;
export const FORMULA_DEPTH_MAX = 32;
/** Formulas that read formulas that read formulas, and so on. */
export const FORMULA_CHAIN_MAX = 10;
/** Traits and properties that feed one declared attribute. */
export const FROM_MAX = 20;
/** Entries that a list of an attribute may be asked to keep (`limit` of distinct_list). */
export const LIST_ENTRIES_MAX = 100;
/** How long a session may be idle (`gap`) at most. */
export const GAP_MS_MAX = 24 * 3_600_000;
/** Destinations of one trigger. */
export const DELIVER_MAX = 10;
/** Attempts of one webhook at the same time, and a second, that a catalogue can ask for. */
export const AT_ONCE_MAX = 256;
export const PER_SECOND_MAX = 10_000;
/** Firings a second for those who are in a segment already, of a trigger that names no rate. */
export const PRESENT_PER_SECOND_DEFAULT = 1_000;
/** Attributes that one trigger's `payload` names. */
export const PAYLOAD_MAX = 50;
/** Properties of its event that one trigger names. */
export const PROPERTIES_MAX = 50;
/** The longest delay or timeout of a trigger: a year. */
export const WAIT_MS_MAX = 365 * 86_400_000;
/** Types of identifiers of one workspace. */
export const IDENTIFIER_TYPES_MAX = 20;
/** Values of one type that a catalogue may allow a profile to hold: no more than a profile may hold in all. */
export const IDENTIFIER_LIMIT_MAX = 1_000;
/** The longest window of time in which a limit of identifiers counts. */
export const LIMIT_WINDOW_MS_MAX = 365 * 86_400_000;
export const IDENTIFIER_VALUE_LENGTH_MAX = 512;
/** Of one type. */
export const BLOCKED_VALUES_MAX = 1_000;
export const VALUE_PATTERNS_MAX = 20;
export const VALUE_PATTERN_LENGTH_MAX = 64;
/** Types of external ids are named by their senders, in any characters. */
export const EXTERNAL_ID_NAME_LENGTH_MAX = 64;
/** Merges into one profile within a window, from which on a workspace holds more: no more than a profile may have in all. */
export const QUARANTINE_MERGES_MAX = 100;
export const QUARANTINE_WINDOW_MS_MAX = 30 * 86_400_000;
export const DEDUP_HOURS_MIN = 24;
export const DEDUP_HOURS_MAX = 168;
/** Purposes and channels of one workspace: each pair of them is an attribute that every profile may have. */
export const PURPOSES_MAX = 16;
export const CHANNELS_MAX = 8;
/** Traits that state consent. */
export const CONSENT_FROM_MAX = 50;
export const URL_LENGTH_MAX = 2_048;
/** Faults that one answer lists; the last one says that there are more. */
export const FAULTS_MAX = 200;

/** What formulas (CEL) reserve, and the columns that every exported row of an entity has. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(
  (
    'as break const continue else false for function if import in let loop package namespace null return true var void while ' +
    'account_id entity_id event_id identifiers profile_id segments workspace_id'
  ).split(' '),
);
