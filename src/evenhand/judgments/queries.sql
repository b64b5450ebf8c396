-- name: submit
-- Gives the judgment and, beside it, each next lease. Reads and writes what judgments.submit does.
SELECT judgment_id, submitted_at, replayed, purpose, member_id, item_of_judgment, wall, lease_id,
       task_id, item_id, batch_id, place, assigned, intent_id, expires_at, payload
  FROM judgments.submit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                        $17);

-- name: list_ids
-- Gives ids and items of a project's judgments of a purpose after the id $4, simulated annotators
-- left out. Reads judgments.judgment.
SELECT id, item_id FROM judgments.judgment
 WHERE workspace_id = $1 AND project_id = $2 AND purpose = $3 AND id > $4 AND NOT simulated
 ORDER BY id LIMIT $5;

-- name: read_judgments
-- Gives the judgments $2. Reads judgments.judgment.
SELECT id, item_id, annotator_id, simulated, active_ms, submitted_at, answer
  FROM judgments.judgment WHERE workspace_id = $1 AND id = ANY ($2) ORDER BY id;

-- name: count_by_annotator
-- Gives, per annotator, the count of judgments. Reads judgments.judgment.
SELECT annotator_id, count(*) AS judgment_count FROM judgments.judgment
 WHERE workspace_id = $1 AND project_id = $2 AND purpose = 'label'
 GROUP BY annotator_id ORDER BY annotator_id;
