-- Every resolved event, once. `profile_id` is the profile at that moment (follow profiles.merged_into), `origin_id` the one it would
-- belong to without any merge. No time to live: definitions are computed from this history.
CREATE TABLE IF NOT EXISTS {{local:events}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    profile_id String,
    origin_id String,
    message_id String,
    type LowCardinality(String),
    name LowCardinality(String),
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    -- The time that the client stated, where occurred_at had to be moved.
    stated_at Nullable(DateTime64(3, 'UTC')),
    source LowCardinality(String),
    identifiers Nested(type LowCardinality(String), value String),
    -- The other identifier of an alias; empty for every other type.
    previous_type LowCardinality(String),
    previous_value String,
    group_id String,
    -- The event as its source sent it: JSON with properties, traits and context.
    payload String CODEC(ZSTD(3)),
    partition UInt16,
    sequence UInt64 CODEC(Delta, ZSTD),
    row_index UInt32,
    version UInt64 DEFAULT bitShiftLeft(sequence, 20) + row_index,
    INDEX by_profile profile_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
PARTITION BY toYYYYMM(received_at)
ORDER BY (workspace_id, name, toDate(occurred_at), profile_id, sequence, row_index)
SETTINGS {{deduplication}};

{{distributed:events by cityHash64(workspace_id, profile_id)}};
