-- name: insert_gold
-- Gives nothing. Writes gold.gold, as many rows as the arrays are long.
INSERT INTO gold.gold (workspace_id, item_id, project_id, sealed)
SELECT $1, new.item_id, $2, new.sealed
  FROM unnest($3::uuid[], $4::bytea[]) AS new (item_id, sealed);

-- name: delete_gold
-- Gives nothing. Deletes the gold of a staging batch's items.
DELETE FROM gold.gold WHERE workspace_id = $1 AND item_id IN (
    SELECT i.id FROM items.item AS i JOIN items.batch AS b
        ON b.workspace_id = $1 AND b.id = i.batch_id AND b.state = 'staging'
     WHERE i.workspace_id = $1 AND i.batch_id = $2);

-- name: get_gold
-- Gives project and sealed gold of an item. Reads gold.gold.
SELECT project_id, sealed FROM gold.gold WHERE workspace_id = $1 AND item_id = $2;

-- name: get_judged
-- Gives what a score needs of a judgment. Reads judgments.judgment.
SELECT id, project_id, item_id, annotator_id, answer FROM judgments.judgment
 WHERE workspace_id = $1 AND id = $2;

-- name: insert_score
-- Gives nothing. Writes gold.score; a second scoring of one judgment changes nothing.
INSERT INTO gold.score (workspace_id, judgment_id, project_id, item_id, annotator_id, correct)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING;

-- name: list_scores
-- Gives, per annotator, how many gold answers were right. Reads gold.score, identity.member.
SELECT s.annotator_id, m.name, m.simulated, count(*) AS scored_count,
       count(*) FILTER (WHERE s.correct) AS correct_count
  FROM gold.score AS s
  JOIN identity.member AS m ON m.workspace_id = $1 AND m.id = s.annotator_id
 WHERE s.workspace_id = $1 AND s.project_id = $2
 GROUP BY s.annotator_id, m.name, m.simulated ORDER BY s.annotator_id;
