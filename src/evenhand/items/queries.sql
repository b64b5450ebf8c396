-- name: insert_batch
-- Gives nothing. Writes items.batch in state staging: nothing of it is leased yet.
INSERT INTO items.batch (workspace_id, id, project_id, name, purpose, state, priority)
VALUES ($1, $2, $3, $4, $5, 'staging', $6);

-- name: insert_items
-- Gives nothing. Writes items.item, as many rows as the arrays are long; the ids, the keys and all
-- that is sealed come in one piece each. Touches the batch so that a clean-up sees that it is alive.
WITH alive AS (
    UPDATE items.batch SET touched_at = now()
     WHERE workspace_id = $1 AND id = $3 AND state = 'staging'
)
INSERT INTO items.item (workspace_id, id, project_id, batch_id, external_key, payload, meta)
SELECT $1, encode(substr($4::bytea, (16 * new.place - 15)::int, 16), 'hex')::uuid, $2, $3,
       NULLIF(substr($5::bytea, (16 * new.place - 15)::int, 16), decode(repeat('00', 16), 'hex')),
       substr($6::bytea, new.start, new.payload_bytes),
       substr($6::bytea, new.start + new.payload_bytes, new.meta_bytes)
  FROM unnest($7::text::int[], $8::text::int[], $9::text::int[])
       WITH ORDINALITY AS new (start, payload_bytes, meta_bytes, place);

-- name: commit_later
-- Gives nothing that counts. For this transaction alone; a lost one is one that never was.
SELECT set_config('synchronous_commit', 'off', true);

-- name: open_batch
-- Gives the id if the batch was staging. Writes items.batch: the flip that makes a whole import
-- visible at once.
UPDATE items.batch SET state = 'open', item_count = $3, touched_at = now()
 WHERE workspace_id = $1 AND id = $2 AND state = 'staging' RETURNING id;

-- name: get_batch
-- Gives one batch. Reads items.batch.
SELECT id, project_id, name, purpose, state, item_count, created_at FROM items.batch
 WHERE workspace_id = $1 AND id = $2;

-- name: list_batches
-- Gives batches of a project after the id $3. Reads items.batch.
SELECT id, project_id, name, purpose, state, item_count, created_at FROM items.batch
 WHERE workspace_id = $1 AND project_id = $2 AND id > $3 ORDER BY id LIMIT $4;

-- name: delete_items_some
-- Gives how many rows went. Deletes up to $3 items of a staging batch that have no task.
WITH gone AS (
    DELETE FROM items.item WHERE workspace_id = $1 AND id IN (
        SELECT i.id FROM items.item AS i JOIN items.batch AS b
            ON b.workspace_id = $1 AND b.id = i.batch_id AND b.state = 'staging'
         WHERE i.workspace_id = $1 AND i.batch_id = $2 LIMIT $3)
    RETURNING 1)
SELECT count(*) FROM gone;

-- name: delete_batch
-- Gives nothing. Deletes a staging batch whose items are gone.
DELETE FROM items.batch WHERE workspace_id = $1 AND id = $2 AND state = 'staging';

-- name: abandoned_batches
-- Gives workspace and id of imports that may have been cut off: staging, untouched for a while.
SELECT workspace_id, id FROM items.abandoned_batches($1::interval);

-- name: hold_batch
-- Gives nothing. Locks for the session: this import is alive.
SELECT pg_advisory_lock(819, hashtext($1::uuid::text));

-- name: try_hold_batch
-- Gives whether the import's lock was free: then its process is gone.
SELECT pg_try_advisory_lock(819, hashtext($1::uuid::text));

-- name: let_go_batch
-- Gives nothing. Frees the session's lock.
SELECT pg_advisory_unlock(819, hashtext($1::uuid::text));

-- name: list_item_ids
-- Gives ids of a project's items of a purpose after the id $4. Reads items.item, items.batch.
SELECT i.id FROM items.item AS i
  JOIN items.batch AS b ON b.workspace_id = $1 AND b.id = i.batch_id
 WHERE i.workspace_id = $1 AND i.project_id = $2 AND b.purpose = $3 AND b.state <> 'staging'
   AND i.id > $4
 ORDER BY i.id LIMIT $5;

-- name: read_items
-- Gives the sealed parts of the items $2. Reads items.item.
SELECT id, payload, meta FROM items.item WHERE workspace_id = $1 AND id = ANY ($2) ORDER BY id;

-- name: find_by_external_keys
-- Gives id, external_key of the items with these keys. Reads items.item.
SELECT id, external_key FROM items.item
 WHERE workspace_id = $1 AND project_id = $2 AND external_key = ANY ($3);

-- name: hold_key
-- Gives nothing. Locks for the session: an import with this idempotency key is running.
SELECT pg_advisory_lock(820, hashtext($1::text));

-- name: let_go_key
-- Gives nothing. Frees the session's lock.
SELECT pg_advisory_unlock(820, hashtext($1::text));
