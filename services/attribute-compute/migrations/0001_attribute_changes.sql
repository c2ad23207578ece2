-- Every change of attributes: one row for all that changed of one entity at one instant. `before` and `after` are JSON text, null for
-- no value; `after_number` is set where the new value is a number that fits. No time to live: this is the history of values.
CREATE TABLE IF NOT EXISTS {{local:attribute_changes}} {{on_cluster}}
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
        name LowCardinality(String),
        before Nullable(String),
        after Nullable(String),
        after_number Nullable(Decimal(38, 18))
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

{{distributed:attribute_changes by cityHash64(workspace_id, profile_id)}};
