-- How the wait of a firing ended (happened, timed_out; empty: it waited for nothing), and the properties of the event that a trigger names.
-- on_kind has event-occurred too, with the name of the event. In a cluster both tables get the columns; else it is one table.
ALTER TABLE {{local:firings}} {{on_cluster}}
    ADD COLUMN IF NOT EXISTS wait_outcome LowCardinality(String),
    ADD COLUMN IF NOT EXISTS `properties.name` Array(LowCardinality(String)),
    ADD COLUMN IF NOT EXISTS `properties.value` Array(String);

ALTER TABLE firings {{on_cluster}}
    ADD COLUMN IF NOT EXISTS wait_outcome LowCardinality(String),
    ADD COLUMN IF NOT EXISTS `properties.name` Array(LowCardinality(String)),
    ADD COLUMN IF NOT EXISTS `properties.value` Array(String);
