-- The ledger: which numbered file of which service has been applied, and the checksum of its text.
-- A row a file, no time to live.
CREATE TABLE IF NOT EXISTS schema_migrations {{on_cluster}}
(
    service LowCardinality(String),
    number UInt32,
    name String,
    checksum String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{engine_everywhere:ReplacingMergeTree}}
ORDER BY (service, number);
