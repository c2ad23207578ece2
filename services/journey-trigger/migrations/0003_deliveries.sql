-- Every attempt to deliver a firing to a webhook, and what became of it. Rows live for 90 days.
CREATE TABLE IF NOT EXISTS {{local:deliveries}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    trigger LowCardinality(String),
    -- Name of the destination: of its queue.
    destination LowCardinality(String),
    firing_id String,
    profile_id String,
    -- When the attempt began.
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    -- Until the answer; 0 without an attempt.
    latency_ms UInt32,
    -- Of this delivery, since its queue has had its owner.
    attempt UInt32,
    -- delivered, failed, gone (410), given-up or dropped.
    outcome LowCardinality(String),
    -- Class of a failure: address, connection, timeout, redirect, throttled, client-error, server-error.
    why LowCardinality(String),
    -- HTTP status; 0 without an answer.
    status UInt32,
    -- Id of the replay that asked for it; empty for the first delivery.
    replay String,
    partition UInt16,
    sequence UInt64 CODEC(Delta, ZSTD),
    row_index UInt32,
    version UInt64 DEFAULT bitShiftLeft(sequence, 20) + row_index,
    INDEX by_firing_id firing_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
PARTITION BY toYYYYMM(at)
ORDER BY (workspace_id, destination, at, sequence, row_index)
TTL toDateTime(at) + INTERVAL 90 DAY
SETTINGS {{deduplication}};

{{distributed:deliveries by cityHash64(workspace_id, profile_id)}};
