-- Where projectors are: the last closed range of sequences of a log, recorded before its rows are inserted into a table.
-- On start the last range is repeated with the same deduplication token. Only the last one counts, so older ones may be merged away.
CREATE TABLE IF NOT EXISTS projection_ranges {{on_cluster}}
(
    log LowCardinality(String),
    table_name LowCardinality(String),
    first UInt64,
    last UInt64,
    recorded_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(last)}}
ORDER BY (log, table_name);
