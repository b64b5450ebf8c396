-- name: submit
-- Gives each request's judgment and, beside it, each next lease. Reads and writes what
-- judgments.submit does.
SELECT request, judgment_id, submitted_at, replayed, purpose, member_id, item_of_judgment, wall,
       lease_id, task_id, item_id, batch_id, place, assigned, intent_id, expires_at, payload
  FROM judgments.submit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                        $17);

-- name: list_ids
-- Gives ids and items of a project's judgments of a purpose after the id $4, simulated annotators
-- and withdrawn judgments left out. Reads judgments.judgment, judgments.withdrawal.
SELECT j.id, j.item_id FROM judgments.judgment AS j
 WHERE j.workspace_id = $1 AND j.project_id = $2 AND j.purpose = $3 AND j.id > $4
   AND NOT j.simulated
   AND NOT EXISTS (SELECT FROM judgments.withdrawal AS w
                    WHERE w.workspace_id = $1 AND w.judgment_id = j.id)
 ORDER BY j.id LIMIT $5;

-- name: read_judgments
-- Gives the judgments $2. Reads judgments.judgment.
SELECT id, item_id, annotator_id, simulated, active_ms, submitted_at, answer
  FROM judgments.judgment WHERE workspace_id = $1 AND id = ANY ($2) ORDER BY id;

-- name: settle
-- Gives those of the ids $3 that are not withdrawn, in their order, and marks the project's
-- judgments as used. Writes judgments.settled.
SELECT settle FROM judgments.settle($1, $2, $3);

-- name: find_lease_of
-- Gives project and lease of a member's judgment. Reads judgments.judgment.
SELECT project_id, lease_id FROM judgments.judgment
 WHERE workspace_id = $1 AND id = $2 AND annotator_id = $3;

-- name: withdraw
-- Gives the fresh lease and the earlier answer, both sealed, with their intents. Reads and writes
-- what judgments.withdraw does.
SELECT wall, member_id, lease_id, task_id, item_id, intent_id, expires_at, payload, answer,
       answer_intent_id, active_ms
  FROM judgments.withdraw($1, $2, $3, $4, $5, $6, $7);

-- name: own_counts
-- Gives a member's own numbers in a project since $4, withdrawn judgments left out. Reads
-- judgments.judgment, judgments.withdrawal, tasks.lease.
SELECT count(*) AS judgment_count,
       coalesce(sum(j.active_ms), 0)::bigint AS active_ms,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY j.active_ms)::float8 AS median_active_ms,
       (SELECT count(*) FROM tasks.lease AS l
         WHERE l.workspace_id = $1 AND l.annotator_id = $3 AND l.project_id = $2
           AND l.state = 'skipped' AND l.ended_at >= $4) AS skipped_count,
       (SELECT count(*) FROM tasks.lease AS l
         WHERE l.workspace_id = $1 AND l.annotator_id = $3 AND l.project_id = $2
           AND l.state = 'flagged' AND l.ended_at >= $4) AS flagged_count
  FROM judgments.judgment AS j
 WHERE j.workspace_id = $1 AND j.annotator_id = $3 AND j.project_id = $2 AND j.id >= $5
   AND j.submitted_at >= $4
   AND NOT EXISTS (SELECT FROM judgments.withdrawal AS w
                    WHERE w.workspace_id = $1 AND w.judgment_id = j.id);

-- name: own_latest
-- Gives a member's latest judgments in a project that were not withdrawn, newest first. Reads
-- judgments.judgment, judgments.withdrawal.
SELECT j.id, j.lease_id, j.submitted_at FROM judgments.judgment AS j
 WHERE j.workspace_id = $1 AND j.annotator_id = $3 AND j.project_id = $2
   AND NOT EXISTS (SELECT FROM judgments.withdrawal AS w
                    WHERE w.workspace_id = $1 AND w.judgment_id = j.id)
 ORDER BY j.id DESC LIMIT $4;
