-- name: key_made_something
-- I6: an Idempotency-Key that made nothing
SELECT k.made_id FROM platform.idempotency AS k WHERE NOT EXISTS (
    SELECT FROM items.batch AS made WHERE made.id = k.made_id
    UNION ALL SELECT FROM projects.project AS made WHERE made.id = k.made_id
    UNION ALL SELECT FROM parties.party AS made WHERE made.id = k.made_id
    UNION ALL SELECT FROM parties.tie AS made WHERE made.id = k.made_id
    UNION ALL SELECT FROM identity.member AS made WHERE made.id = k.made_id
    UNION ALL SELECT FROM identity.credential AS made WHERE made.id = k.made_id
    UNION ALL SELECT FROM consensus.run AS made WHERE made.id = k.made_id);
