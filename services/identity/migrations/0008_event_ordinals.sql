-- The number that the profile has in every log, for seeding new definitions from history; 0 in rows from before it was written.
ALTER TABLE {{local:events}} {{on_cluster}}
    ADD COLUMN IF NOT EXISTS ordinal UInt64 DEFAULT 0 AFTER payload;

ALTER TABLE events {{on_cluster}}
    ADD COLUMN IF NOT EXISTS ordinal UInt64 DEFAULT 0 AFTER payload;
