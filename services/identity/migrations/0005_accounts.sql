-- Every account, by the group id that events name it by: events.group_id leads to it. `version` as in identifiers. No time to live.
CREATE TABLE IF NOT EXISTS {{local:accounts}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    account_id String,
    group_id String,
    -- The time and the id of the event that named it first.
    occurred_at DateTime64(3, 'UTC'),
    cause String,
    partition UInt16,
    sequence UInt64,
    row_index UInt32,
    version UInt64,
    is_deleted UInt8 DEFAULT 0
)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}}
ORDER BY (workspace_id, group_id)
SETTINGS {{deduplication}};

{{distributed:accounts by cityHash64(workspace_id, group_id)}};
