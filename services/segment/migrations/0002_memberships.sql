-- Who is in which segment, as of now; read it with FINAL. Who has left, and profiles that were merged away, are deleted rows, which
-- FINAL leaves out. No time to live.
CREATE TABLE IF NOT EXISTS {{local:memberships}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    segment LowCardinality(String),
    profile_id String,
    kind LowCardinality(String),
    -- Since when it is a member; in deleted rows, when that ended.
    since DateTime64(3, 'UTC'),
    partition UInt16,
    sequence UInt64 CODEC(Delta, ZSTD),
    row_index UInt32,
    version UInt64 DEFAULT bitShiftLeft(sequence, 20) + row_index,
    is_deleted UInt8
)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}}
ORDER BY (workspace_id, segment, profile_id)
SETTINGS {{deduplication}};

{{distributed:memberships by cityHash64(workspace_id, profile_id)}};
