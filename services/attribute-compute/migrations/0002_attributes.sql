-- The value of each attribute of each entity, as of now; read it with FINAL. A value that is gone, and those of a profile that was
-- merged away, are deleted rows. No time to live.
CREATE TABLE IF NOT EXISTS {{local:attributes}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    profile_id String,
    name LowCardinality(String),
    kind LowCardinality(String),
    -- string, number, boolean, timestamp or string_list; empty in deleted rows.
    type LowCardinality(String),
    -- JSON text.
    value String,
    number Nullable(Decimal(38, 18)),
    effective_at DateTime64(3, 'UTC'),
    partition UInt16,
    sequence UInt64 CODEC(Delta, ZSTD),
    row_index UInt32,
    version UInt64 DEFAULT bitShiftLeft(sequence, 20) + row_index,
    is_deleted UInt8
)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}}
ORDER BY (workspace_id, profile_id, name)
SETTINGS {{deduplication}};

{{distributed:attributes by cityHash64(workspace_id, profile_id)}};
