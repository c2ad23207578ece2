/** Why a value or a membership changed. */
export const CHANGE_REASONS = ['event', 'merge', 'split', 'window', 'backfill', 'correction'] as const;
export type ChangeReason = (typeof CHANGE_REASONS)[number];
