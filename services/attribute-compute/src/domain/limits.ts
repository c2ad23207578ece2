/** The limits of attribute values and states; reaching one is a refusal that is counted, or a coarser window, never silence. */

/** Code units of one text value. */
export const TEXT_LENGTH_MAX = 4_096;
/** Code units of one entry of a list, and of a text in a state that keeps many values. */
export const LIST_ENTRY_LENGTH_MAX = 1_024;
/** Code units of the properties of one event that one trigger carries. */
export const PROPERTIES_TEXT_MAX = 16_384;
/** Instants that a value may name: what ClickHouse's DateTime64 holds, 1900 to 2299. */
export const TIMESTAMP_MS_MIN = -2_208_988_800_000;
export const TIMESTAMP_MS_MAX = 10_413_791_999_999;
/** Different event times up to which a rolling window is exact; beyond, it is kept in buckets. */
export const WINDOW_EXACT_TIMES_MAX = 1_000;
/** Buckets of a coarse window; beyond (events far ahead of the log's time) buckets double in width. */
export const WINDOW_BUCKETS_MAX = 2_000;
/** First magnitude of a sum that no longer fits Decimal(38, 18), in units of 10^-18. */
export const SUM_UNITS_LIMIT = 10n ** 38n;
/** Pairs of time and value up to which the most frequent value of a window is exact; beyond, it is that of the latest so many. */
export const WINDOW_PAIRS_MAX = 1_000;
/** Different values up to which they are counted exactly; beyond, they are estimated. */
export const DISTINCT_EXACT_MAX = 1_000;
/** Different values up to which the most frequent one is exact. */
export const FREQUENCY_VALUES_MAX = 100;
/** Sessions that are kept to count them; older ones are only counted. */
export const SESSIONS_MAX = 1_000;
/** Sessions that are kept to tell of the latest one what belongs to it. */
export const LATEST_SESSIONS_MAX = 100;
/** Bytes of all states of one entity, about; beyond, states above `SMALL_STATE_BYTES_MAX` take no more events. */
export const ENTITY_STATE_BYTES_MAX = 1_048_576;
export const SMALL_STATE_BYTES_MAX = 1_024;
/** Events that are kept to find a sequence among; of more the latest. */
export const SEQUENCE_EVENTS_MAX = 1_000;
/** Members whose contributions an account keeps; those beyond are not rolled up until others have left. */
export const ROLLED_UP_MEMBERS_MAX = 10_000;
/** Members that are told of at once when a roll-up is new, and how long after those before them. */
export const MEMBERS_PAGE = 100;
export const MEMBERS_PAGE_EACH_MS = 50;
