-- Every firing of a trigger and every one that was suppressed, with the reason. Values are JSON text. No time to live.
CREATE TABLE IF NOT EXISTS {{local:firings}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    trigger LowCardinality(String),
    profile_id String,
    kind LowCardinality(String),
    firing_id String,
    -- fired or suppressed.
    outcome LowCardinality(String),
    -- Why it was suppressed: frequency, condition, consent or merge; empty when it fired.
    suppressed_by LowCardinality(String),
    effective_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    -- Why the change behind it happened (event, window, merge …); empty when suppressed.
    reason LowCardinality(String),
    -- The id of the change that caused it.
    cause String,
    revision UInt32,
    -- segment-entered, segment-exited or attribute-changed, with the segment or the attribute.
    on_kind LowCardinality(String),
    on_name LowCardinality(String),
    before Nullable(String),
    after Nullable(String),
    `values` Nested(name LowCardinality(String), value String),
    identifiers Nested(type LowCardinality(String), value String),
    partition UInt16,
    sequence UInt64 CODEC(Delta, ZSTD),
    row_index UInt32,
    version UInt64 DEFAULT bitShiftLeft(sequence, 20) + row_index
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (workspace_id, trigger, profile_id, sequence, row_index)
SETTINGS {{deduplication}};

{{distributed:firings by cityHash64(workspace_id, profile_id)}};
