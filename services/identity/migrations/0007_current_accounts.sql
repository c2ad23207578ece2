-- The account that the latest group event of each profile names; read it with FINAL. A profile that was merged away has none.
-- `version` as in identifiers. No time to live.
CREATE TABLE IF NOT EXISTS {{local:current_accounts}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    profile_id String,
    account_id String,
    -- The time and the id of the event that made it so.
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

{{distributed:current_accounts by cityHash64(workspace_id, profile_id)}};
