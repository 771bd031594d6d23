-- Up Migration

-- Set when a record of the entity is first parked, by whoever holds the row, and never taken back. The
-- statement that advances an entity reads it, so that nobody else looks for parked records.
ALTER TABLE inbox_entity_positions ADD COLUMN parked boolean NOT NULL DEFAULT false;
UPDATE inbox_entity_positions p SET parked = true
FROM inbox_parked k
WHERE (k.consumer_group, k.topic, k.entity_id) = (p.consumer_group, p.topic, p.entity_id);

-- Down Migration

ALTER TABLE inbox_entity_positions DROP COLUMN parked;
