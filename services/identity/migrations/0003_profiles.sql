-- Every profile there ever was. One that was merged away stays, with `merged_into` (follow it until it is empty) and the time of its
-- merge; living profiles are those WHERE merged_into = ''. `version` as in identifiers. No time to live.
CREATE TABLE IF NOT EXISTS {{local:profiles}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    profile_id String,
    kind LowCardinality(String),
    merged_into String,
    merge_id String,
    -- When it was created; when it was merged, once it is.
    occurred_at DateTime64(3, 'UTC'),
    cause String,
    partition UInt16,
    sequence UInt64,
    row_index UInt32,
    version UInt64,
    is_deleted UInt8 DEFAULT 0
)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}}
ORDER BY (workspace_id, profile_id)
SETTINGS {{deduplication}};

{{distributed:profiles by cityHash64(workspace_id, profile_id)}};
