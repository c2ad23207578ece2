-- The profile of each identifier, as of now. `version` orders identity's decisions, which one log position alone does not: a merge is
-- written to the partitions of both profiles. No time to live.
CREATE TABLE IF NOT EXISTS {{local:identifiers}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    type LowCardinality(String),
    value String,
    profile_id String,
    linked_at DateTime64(3, 'UTC'),
    -- The id of the event that linked it.
    cause String,
    partition UInt16,
    sequence UInt64,
    row_index UInt32,
    version UInt64,
    is_deleted UInt8 DEFAULT 0
)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}}
ORDER BY (workspace_id, type, value)
SETTINGS {{deduplication}};

{{distributed:identifiers by cityHash64(workspace_id, type, value)}};
