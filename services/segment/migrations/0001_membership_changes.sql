-- Every change of memberships: one row for all segments that one entity entered, exited or had corrected at one instant.
-- change `entered`: member since `after`; `exited`: no longer since `before`; `corrected`: the start of membership was `before` and is
-- `after`, null for no membership. No time to live: this is the history of memberships.
CREATE TABLE IF NOT EXISTS {{local:membership_changes}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    profile_id String,
    kind LowCardinality(String),
    change_id String,
    effective_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    reason LowCardinality(String),
    -- The id of the event, merge or timer that made the change.
    cause String,
    revision UInt32,
    changes Nested(
        segment LowCardinality(String),
        change LowCardinality(String),
        before Nullable(DateTime64(3, 'UTC')),
        after Nullable(DateTime64(3, 'UTC'))
    ),
    partition UInt16,
    sequence UInt64 CODEC(Delta, ZSTD),
    row_index UInt32,
    version UInt64 DEFAULT bitShiftLeft(sequence, 20) + row_index
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (workspace_id, profile_id, sequence, row_index)
SETTINGS {{deduplication}};

{{distributed:membership_changes by cityHash64(workspace_id, profile_id)}};
