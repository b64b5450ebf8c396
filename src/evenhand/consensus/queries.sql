-- name: insert_run
-- Gives nothing. Writes consensus.run in state waiting.
INSERT INTO consensus.run (workspace_id, id, project_id, method, version, state, requested_by)
VALUES ($1, $2, $3, $4, $5, 'waiting', $6);

-- name: get_run
-- Gives one run. Reads consensus.run.
SELECT id, project_id, method, version, state, summary, failure, requested_by, created_at,
       finished_at
  FROM consensus.run WHERE workspace_id = $1 AND id = $2;

-- name: list_runs
-- Gives runs of a project after the id $3. Reads consensus.run.
SELECT id, project_id, method, version, state, summary, failure, requested_by, created_at,
       finished_at
  FROM consensus.run WHERE workspace_id = $1 AND project_id = $2 AND id > $3 ORDER BY id LIMIT $4;

-- name: mark_running
-- Gives nothing. Writes consensus.run.
UPDATE consensus.run SET state = 'running' WHERE workspace_id = $1 AND id = $2;

-- name: mark_failed
-- Gives nothing. Writes consensus.run.
UPDATE consensus.run SET state = 'failed', failure = $3, finished_at = now()
 WHERE workspace_id = $1 AND id = $2;

-- name: mark_done
-- Gives nothing. Writes consensus.run.
UPDATE consensus.run
   SET state = 'done', input_hash = $3, summary = $4::jsonb, ranking = $5, finished_at = now()
 WHERE workspace_id = $1 AND id = $2;

-- name: insert_results
-- Gives nothing. Writes consensus.result, as many rows as the arrays are long.
INSERT INTO consensus.result
    (workspace_id, run_id, item_id, sealed, judgment_count, agreed_prob)
SELECT $1, $2, new.item_id, new.sealed, new.judgment_count, new.agreed_prob
  FROM unnest($3::uuid[], $4::bytea[], $5::int[], $6::float8[])
       AS new (item_id, sealed, judgment_count, agreed_prob)
ON CONFLICT (workspace_id, run_id, item_id) DO UPDATE
   SET sealed = excluded.sealed, judgment_count = excluded.judgment_count,
       agreed_prob = excluded.agreed_prob;

-- name: insert_skills
-- Gives nothing. Writes consensus.skill.
INSERT INTO consensus.skill
    (workspace_id, run_id, annotator_id, judgment_count, skill_prob, agreed_count)
SELECT $1, $2, new.annotator_id, new.judgment_count, new.skill_prob, new.agreed_count
  FROM unnest($3::uuid[], $4::int[], $5::float8[], $6::int[])
       AS new (annotator_id, judgment_count, skill_prob, agreed_count)
ON CONFLICT DO NOTHING;

-- name: forget_standings
-- Gives nothing. Writes consensus.standing: what a try of before left of a run.
DELETE FROM consensus.standing WHERE workspace_id = $1 AND run_id = $2;

-- name: insert_standings
-- Gives nothing. Writes consensus.standing, as many rows as the arrays are long.
INSERT INTO consensus.standing (workspace_id, run_id, rank, outcome, piece, sealed)
SELECT $1, $2, $3, new.outcome, new.piece, new.sealed
  FROM unnest($4::text[], $5::int[], $6::bytea[]) AS new (outcome, piece, sealed)
ON CONFLICT DO NOTHING;

-- name: read_standing
-- Gives the sealed pieces $5 of the items behind the place $3 of a run's leaderboard, of one outcome.
-- Reads consensus.standing.
SELECT piece, sealed FROM consensus.standing
 WHERE workspace_id = $1 AND run_id = $2 AND rank = $3 AND outcome = $4 AND piece = ANY ($5)
 ORDER BY piece;

-- name: list_skills
-- Gives skills of a run, best first. Reads consensus.skill.
SELECT annotator_id, judgment_count, skill_prob FROM consensus.skill
 WHERE workspace_id = $1 AND run_id = $2 ORDER BY skill_prob DESC, annotator_id;

-- name: list_result_ids
-- Gives items of a run's results after $3. Reads consensus.result.
SELECT item_id FROM consensus.result
 WHERE workspace_id = $1 AND run_id = $2 AND item_id > $3 ORDER BY item_id LIMIT $4;

-- name: read_results
-- Gives sealed results of the items $3. Reads consensus.result.
SELECT item_id, sealed FROM consensus.result
 WHERE workspace_id = $1 AND run_id = $2 AND item_id = ANY ($3) ORDER BY item_id;

-- name: get_ranking
-- Gives the sealed ranking of a run. Reads consensus.run.
SELECT ranking FROM consensus.run WHERE workspace_id = $1 AND id = $2;
