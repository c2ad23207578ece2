/** Limits and names of conditions. */

/** How deep conditions may be nested. */
export const CONDITION_DEPTH_MAX = 20;
/** How many nodes a condition may have; each comparison and each all, any, not, segment and event is one. */
export const CONDITION_NODES_MAX = 500;
/** Entries of a list on the right side of `in` and `not_in`. */
export const LIST_ENTRIES_MAX = 1_000;
/** Entries of a list on the right side of `contains_any` and `contains_all`: as many as a list attribute holds. */
export const CONTAINS_ENTRIES_MAX = 100;
/** Characters of a text on the right side. */
export const TEXT_LENGTH_MAX = 1_000;
/** Steps of a path into nested objects. */
export const PATH_STEPS_MAX = 10;
/** Characters of an event name, and of one step of a path. */
export const EVENT_NAME_LENGTH_MAX = 200;
/** Times an event must have happened, at most. */
export const AT_LEAST_MAX = 1_000_000;
/** The same since another event: the latest so many are kept. */
export const AT_LEAST_SINCE_MAX = 1_000;
/** Steps of a sequence. */
export const SEQUENCE_STEPS_MAX = 5;
/** The longest rolling window: ten years. */
export const WITHIN_MS_MAX = 3_650 * 86_400_000;

/** Names of attributes, segments and triggers. */
export const NAME_PATTERN = /^[a-z][a-z0-9_]{0,63}$/;
