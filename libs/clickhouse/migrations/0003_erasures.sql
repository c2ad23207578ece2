-- The ids of erased profiles, as each log tells of them: rows with one of these ids, from before that place of the log, are to be removed.
-- No time to live: this is what is left of an erased profile.
CREATE TABLE IF NOT EXISTS erasures {{on_cluster}}
(
    log LowCardinality(String),
    workspace_id LowCardinality(String),
    -- Of the profile, or of one that was merged into it.
    profile_id String,
    request_id String,
    erased_at DateTime64(3, 'UTC'),
    partition UInt16,
    sequence UInt64,
    row_index UInt32
)
ENGINE = {{engine_everywhere:ReplacingMergeTree}}
ORDER BY (log, sequence, workspace_id, profile_id, row_index)
SETTINGS {{deduplication}};
