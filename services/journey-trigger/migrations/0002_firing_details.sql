-- What decided a suppressed firing, and a way to find a firing by its id. In a cluster both tables get the columns; else it is one table.
ALTER TABLE {{local:firings}} {{on_cluster}}
    ADD COLUMN IF NOT EXISTS memberships Array(LowCardinality(String)),
    ADD COLUMN IF NOT EXISTS last_fired_at Nullable(DateTime64(3, 'UTC')),
    ADD INDEX IF NOT EXISTS by_firing_id firing_id TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE firings {{on_cluster}}
    ADD COLUMN IF NOT EXISTS memberships Array(LowCardinality(String)),
    ADD COLUMN IF NOT EXISTS last_fired_at Nullable(DateTime64(3, 'UTC'));
