-- How far each table is cleared of erased profiles: the latest row of a table counts. One row for each removal; sequence 0 where a table is
-- filled anew, and has to be cleared anew.
CREATE TABLE IF NOT EXISTS erasure_removals {{on_cluster}}
(
    log LowCardinality(String),
    table_name LowCardinality(String),
    -- Of the log: the table has no row of a profile whose erasure stands up to here.
    sequence UInt64,
    -- Ids that the removal was about.
    profiles UInt32,
    removed_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{engine_everywhere:MergeTree}}
ORDER BY (log, table_name, removed_at);
