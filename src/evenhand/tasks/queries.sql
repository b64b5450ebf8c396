-- name: lease_next
-- Gives the leases that the caller lacks, or one row that says why there is none. Reads and writes
-- what tasks.grant_leases does.
SELECT member_id, wall, lease_id, task_id, item_id, batch_id, place, assigned, intent_id,
       expires_at, payload
  FROM tasks.lease_next($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: end_lease
-- Gives nothing. Writes tasks.lease, tasks.task. $1 is the credential's token.
SELECT tasks.end_lease(identity.authenticate($1, $2, $3), $4, $5, $6);

-- name: project_of_lease
-- Gives the project of a lease. Reads tasks.lease.
SELECT project_id FROM tasks.lease WHERE workspace_id = $1 AND id = $2;

-- name: insert_tasks
-- Gives nothing. Writes tasks.task, as many as the positions are; the ids in one piece.
INSERT INTO tasks.task (workspace_id, id, project_id, batch_id, item_id, assignee_id, position,
                        purpose)
SELECT $1, encode(substr($4::bytea, (16 * new.place - 15)::int, 16), 'hex')::uuid, $2, $3,
       encode(substr($5::bytea, (16 * new.place - 15)::int, 16), 'hex')::uuid,
       new.assignee_id, new.position, $8
  FROM unnest($6::uuid[], $7::text::bigint[])
       WITH ORDINALITY AS new (assignee_id, position, place);

-- name: delete_tasks_some
-- Gives how many rows went. Deletes up to $3 tasks of a staging batch.
WITH gone AS (
    DELETE FROM tasks.task WHERE workspace_id = $1 AND id IN (
        SELECT t.id FROM tasks.task AS t JOIN items.batch AS b
            ON b.workspace_id = $1 AND b.id = t.batch_id AND b.state = 'staging'
         WHERE t.workspace_id = $1 AND t.batch_id = $2 LIMIT $3)
    RETURNING 1)
SELECT count(*) FROM gone;

-- name: count_by_state
-- Gives counts of a project's tasks by state, of open batches and of those done. Reads tasks.task.
SELECT state, count(*) AS task_count FROM tasks.task
 WHERE workspace_id = $1 AND project_id = $2 AND purpose = 'label'
 GROUP BY state ORDER BY state;

-- name: workspaces_with_expired
-- Gives ids. Crosses workspaces in a definer function.
SELECT workspaces_with_expired FROM tasks.workspaces_with_expired();

-- name: expire
-- Gives how many leases went back. Writes tasks.lease, tasks.task under the token $1.
SELECT tasks.expire($1);

-- name: revoke
-- Gives how many leases were taken back. Writes tasks.lease, tasks.task.
SELECT tasks.revoke($1, $2);

-- name: renew
-- Gives the leases that are alive, with their new end. Writes tasks.lease. $1 is the credential's
-- token.
SELECT lease_id, expires_at FROM tasks.renew($1, $2, $3, $4);

-- name: put_draft
-- Gives the draft's new version. Writes tasks.draft, tasks.lease. $1 is the credential's token.
SELECT version, saved_at FROM tasks.put_draft($1, $2, $3, $4, $5, $6);

-- name: list_drafts
-- Gives a member's drafts of leases that are alive, without their content. Reads tasks.draft,
-- tasks.lease.
SELECT d.lease_id, d.project_id, d.version, d.saved_at
  FROM tasks.draft AS d
  JOIN tasks.lease AS l ON l.workspace_id = $1 AND l.id = d.lease_id
 WHERE d.workspace_id = $1 AND d.annotator_id = $2 AND l.state = 'active' AND l.expires_at > now()
 ORDER BY d.lease_id;

-- name: find_draft
-- Gives a member's draft of a lease that is alive, sealed. Reads tasks.draft, tasks.lease.
SELECT d.project_id, d.version, d.sealed, d.saved_at
  FROM tasks.draft AS d
  JOIN tasks.lease AS l ON l.workspace_id = $1 AND l.id = d.lease_id
 WHERE d.workspace_id = $1 AND d.lease_id = $3 AND d.annotator_id = $2
   AND l.state = 'active' AND l.expires_at > now();

-- name: delete_draft
-- Gives whether the lease is or was the member's. Deletes the draft of it, if there is one.
WITH gone AS (
    DELETE FROM tasks.draft WHERE workspace_id = $1 AND lease_id = $3 AND annotator_id = $2
)
SELECT EXISTS (SELECT FROM tasks.lease AS l
                WHERE l.workspace_id = $1 AND l.id = $3 AND l.annotator_id = $2) AS is_mine;
