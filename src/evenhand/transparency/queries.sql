-- name: insert_log
-- Gives nothing. Writes transparency.log.
INSERT INTO transparency.log (workspace_id, origin, vkey, wrapped_seed, wrapped_details)
VALUES ($1, $2, $3, $4, $5);

-- name: insert_checkpoint
-- Gives nothing. Writes transparency.checkpoint: the signed head of the empty tree.
INSERT INTO transparency.checkpoint (workspace_id, size, edge, note) VALUES ($1, 0, $2, $3);

-- name: get_log
-- Gives the log's identity and wrapped keys. Reads transparency.log.
SELECT origin, vkey, wrapped_seed, wrapped_details FROM transparency.log WHERE workspace_id = $1;

-- name: get_head
-- Gives size, edge, note. Reads transparency.checkpoint.
SELECT size, edge, note FROM transparency.checkpoint WHERE workspace_id = $1;

-- name: read_leaves
-- Gives index, leaf of entries from $2 up to but without $3. Reads transparency.entry.
SELECT index, leaf FROM transparency.entry
 WHERE workspace_id = $1 AND index >= $2 AND index < $3 ORDER BY index;

-- name: find_partition
-- Gives index, leaf of one partition's entries from $3 on, newest bounded by $4. Reads
-- transparency.entry through entry_partition.
SELECT index, leaf FROM transparency.entry
 WHERE workspace_id = $1 AND partition = $2 AND index >= $3 ORDER BY index LIMIT $4;

-- name: intend
-- Gives the intent's id. Writes transparency.intent.
SELECT transparency.intend($1, $2, $3, $4, $5, $6, $7, $8::jsonb);

-- name: read_waiting
-- Gives the oldest waiting intents. Reads transparency.intent under the token of $1.
SELECT id, kind, actor_id, object_id, lease_id, purpose, policy, extra, occurred_at
  FROM transparency.read_waiting($1, $2);

-- name: append
-- Gives whether the head was where the caller saw it. Writes entry, checkpoint; deletes intents.
SELECT transparency.append($1, $2, $3, $4, $5, $6, $7);

-- name: find_logged
-- Gives intent_id, index, size of intents that are in the tree. Reads entry, checkpoint.
SELECT intent_id, index, size FROM transparency.find_logged($1, $2);

-- name: waiting_workspaces
-- Gives ids of workspaces with waiting intents. Reads transparency.intent across workspaces.
SELECT waiting_workspaces FROM transparency.waiting_workspaces();
