-- Which profiles are members of which accounts, as of now; read it with FINAL. Rows of a profile that was merged away are deleted: its
-- survivor is the member. `version` as in identifiers; the record comes in the partitions of both. No time to live.
CREATE TABLE IF NOT EXISTS {{local:account_members}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    account_id String,
    profile_id String,
    -- The time and the id of the event that made it a member.
    linked_at DateTime64(3, 'UTC'),
    cause String,
    partition UInt16,
    sequence UInt64,
    row_index UInt32,
    version UInt64,
    is_deleted UInt8 DEFAULT 0
)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}}
ORDER BY (workspace_id, account_id, profile_id)
SETTINGS {{deduplication}};

{{distributed:account_members by cityHash64(workspace_id, account_id)}};
