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

-- name: intend
-- Gives the intent's id. Writes transparency.intent.
SELECT transparency.intend($1, $2, $3, $4, $5, $6, $7, $8::jsonb);

-- name: read_waiting
-- Gives the oldest waiting intents. Reads transparency.intent under the token of $1.
SELECT id, kind, actor_id, object_id, lease_id, purpose, policy, extra, occurred_at
  FROM transparency.read_waiting($1, $2);

-- name: append
-- Gives whether the head was where the caller saw it. Writes entry, checkpoint; deletes intents.
SELECT transparency.append($1, $2, $3, $4, $5, $6, $7, $8);

-- name: find_logged
-- Gives intent_id, index, size of intents that are in the tree. Reads entry, checkpoint.
SELECT intent_id, index, size FROM transparency.find_logged($1, $2);

-- name: waiting_workspaces
-- Gives ids of workspaces with waiting intents. Reads transparency.intent across workspaces.
SELECT waiting_workspaces FROM transparency.waiting_workspaces();

-- name: read_overview
-- Gives origin, vkey, created_at, size, note, signed_at. Reads log, checkpoint.
SELECT l.origin, l.vkey, l.created_at, c.size, c.note, c.signed_at
  FROM transparency.log AS l
  JOIN transparency.checkpoint AS c ON c.workspace_id = $1
 WHERE l.workspace_id = $1;

-- name: read_growth
-- Gives, for each instant of $2 (a timestamptz array), how many entries are older. Reads checkpoint,
-- entry: a binary search by index, so that the cost grows with the number of instants and with the
-- logarithm of the log. Entries stand in the order of their intents, which is that of time but for
-- those that were made in the same moment. A leaf ends with its time and its version. LIMIT keeps the
-- planner from joining with the whole table in each round.
WITH RECURSIVE probe (bound, low, high) AS (
    SELECT b.bound, 0::bigint, c.size
      FROM unnest($2::timestamptz[]) AS b (bound), transparency.checkpoint AS c
     WHERE c.workspace_id = $1
    UNION ALL
    SELECT p.bound,
           CASE WHEN e.at < p.bound THEN m.middle + 1 ELSE p.low END,
           CASE WHEN e.at < p.bound THEN p.high ELSE m.middle END
      FROM probe AS p
      CROSS JOIN LATERAL (SELECT (p.low + p.high) / 2 AS middle) AS m
      CROSS JOIN LATERAL (
            SELECT convert_from(substr(leaf, octet_length(leaf) - 34, 27), 'UTF8')
                       ::timestamptz AS at
              FROM transparency.entry WHERE workspace_id = $1 AND index = m.middle
             LIMIT 1) AS e
     WHERE p.low < p.high)
SELECT bound, low FROM probe WHERE low = high ORDER BY bound;

-- name: read_newest
-- Gives index, leaf of up to $3 entries below index $2, newest first. Reads transparency.entry.
SELECT index, leaf FROM transparency.entry
 WHERE workspace_id = $1 AND index < $2 ORDER BY index DESC LIMIT $3;

-- name: read_one
-- Gives index, leaf of one entry. Reads transparency.entry.
SELECT index, leaf FROM transparency.entry WHERE workspace_id = $1 AND index = $2;

-- name: find_about
-- Gives index, leaf of up to $4 entries of the partition $2 below index $3, newest first. Reads
-- transparency.entry through entry_partition.
SELECT index, leaf FROM transparency.entry
 WHERE workspace_id = $1 AND partition = $2 AND index < $3 ORDER BY index DESC LIMIT $4;

-- name: find_by_actor
-- Gives index, leaf of up to $4 entries of the actor $2 below index $3, newest first. Reads
-- transparency.entry_actor through its key, transparency.entry.
SELECT e.index, e.leaf
  FROM (SELECT a.index FROM transparency.entry_actor AS a
         WHERE a.workspace_id = $1 AND a.actor_id = $2 AND a.index < $3
         ORDER BY a.index DESC LIMIT $4) AS mine
  JOIN transparency.entry AS e ON e.workspace_id = $1 AND e.index = mine.index
 ORDER BY e.index DESC;
