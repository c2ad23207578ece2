-- Every merge there ever was: which profile ended in which, with what it held then. The survivor may have been merged away since: follow
-- profiles.merged_into. `version` as in identifiers; the record comes in the partitions of both profiles. No time to live.
CREATE TABLE IF NOT EXISTS {{local:merges}} {{on_cluster}}
(
    workspace_id LowCardinality(String),
    merge_id String,
    survivor_id String,
    loser_id String,
    identifiers Nested(type LowCardinality(String), value String),
    -- The time and the id of the event that caused it.
    occurred_at DateTime64(3, 'UTC'),
    cause String,
    partition UInt16,
    sequence UInt64,
    row_index UInt32,
    version UInt64,
    is_deleted UInt8 DEFAULT 0
)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}}
ORDER BY (workspace_id, survivor_id, merge_id)
SETTINGS {{deduplication}};

{{distributed:merges by cityHash64(workspace_id, survivor_id)}};
