-- name: list_open_batches
-- Gives the batches of a project that are not staging, oldest first. Reads items.batch.
SELECT id, name, purpose, state, item_count, created_at FROM items.batch
 WHERE workspace_id = $1 AND project_id = $2 AND state <> 'staging' ORDER BY id LIMIT $3;

-- name: count_batch_tasks
-- Gives how many tasks a batch has: fixed once it is open. Reads items.item, tasks.task.
SELECT count(*) FROM items.item AS i
  JOIN tasks.task AS t ON t.workspace_id = $1 AND t.item_id = i.id
 WHERE i.workspace_id = $1 AND i.batch_id = $2;

-- name: count_undone
-- Gives, per batch of $3, the tasks that are not done, by state. Each part walks a partial index, so
-- that what is done costs nothing. Reads tasks.task, tasks.lease.
SELECT t.batch_id, 'open' AS state, count(*) AS task_count FROM tasks.task AS t
 WHERE t.workspace_id = $1 AND t.batch_id = ANY ($3) AND t.state = 'open' AND t.assignee_id IS NULL
 GROUP BY t.batch_id
UNION ALL
SELECT t.batch_id, 'open', count(*) FROM tasks.task AS t
 WHERE t.workspace_id = $1 AND t.state = 'open' AND t.assignee_id IS NOT NULL
   AND t.batch_id = ANY ($3)
 GROUP BY t.batch_id
UNION ALL
SELECT t.batch_id, 'leased', count(*) FROM tasks.lease AS l
  JOIN tasks.task AS t ON t.workspace_id = $1 AND t.id = l.task_id AND t.state = 'leased'
 WHERE l.workspace_id = $1 AND l.project_id = $2 AND l.state = 'active'
 GROUP BY t.batch_id
UNION ALL
SELECT t.batch_id, t.state, count(DISTINCT t.id) FROM tasks.lease AS l
  JOIN tasks.task AS t ON t.workspace_id = $1 AND t.id = l.task_id
                      AND t.state IN ('skipped', 'flagged')
 WHERE l.workspace_id = $1 AND l.project_id = $2 AND l.state IN ('skipped', 'flagged')
 GROUP BY t.batch_id, t.state;

-- name: count_by_hour
-- Gives judgments and annotators per hour from the id $3 on, simulated ones and withdrawn ones left
-- out. Reads judgments.judgment, judgments.withdrawal.
SELECT date_trunc('hour', j.submitted_at, 'UTC') AS hour_at, count(*) AS judgment_count,
       count(DISTINCT j.annotator_id) AS annotator_count
  FROM judgments.judgment AS j
 WHERE j.workspace_id = $1 AND j.project_id = $2 AND j.id >= $3 AND NOT j.simulated
   AND NOT EXISTS (SELECT FROM judgments.withdrawal AS w
                    WHERE w.workspace_id = $1 AND w.judgment_id = j.id)
 GROUP BY hour_at ORDER BY hour_at;

-- name: latest_run
-- Gives the latest aggregation of a project that is done. Reads consensus.run.
SELECT id, method, summary, finished_at FROM consensus.run
 WHERE workspace_id = $1 AND project_id = $2 AND state = 'done' ORDER BY id DESC LIMIT 1;

-- name: list_annotators
-- Gives who worked on a project, after the member $4, with what the run $3 says of them. Reads
-- judgments.judgment, judgments.withdrawal, tasks.lease, gold.score, consensus.skill,
-- identity.member, parties.party.
WITH judged AS (
    SELECT j.annotator_id, count(*) AS judgment_count,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY j.active_ms) AS median_active_ms,
           max(j.submitted_at) AS last_at
      FROM judgments.judgment AS j
     WHERE j.workspace_id = $1 AND j.project_id = $2
       AND NOT EXISTS (SELECT FROM judgments.withdrawal AS w
                        WHERE w.workspace_id = $1 AND w.judgment_id = j.id)
     GROUP BY j.annotator_id
), aside AS (
    SELECT l.annotator_id, count(*) FILTER (WHERE l.state = 'skipped') AS skipped_count,
           count(*) FILTER (WHERE l.state = 'flagged') AS flagged_count
      FROM tasks.lease AS l
     WHERE l.workspace_id = $1 AND l.project_id = $2 AND l.state IN ('skipped', 'flagged')
     GROUP BY l.annotator_id
), scored AS (
    SELECT s.annotator_id, count(*) AS gold_count, count(*) FILTER (WHERE s.correct) AS correct_count
      FROM gold.score AS s WHERE s.workspace_id = $1 AND s.project_id = $2
     GROUP BY s.annotator_id
)
SELECT m.id, m.name, m.simulated, m.removed_at IS NOT NULL AS removed, m.vendor_id,
       p.name AS vendor_name, coalesce(d.judgment_count, 0) AS judgment_count,
       d.median_active_ms, d.last_at, coalesce(a.skipped_count, 0) AS skipped_count,
       coalesce(a.flagged_count, 0) AS flagged_count, coalesce(g.gold_count, 0) AS gold_count,
       coalesce(g.correct_count, 0) AS correct_count, k.skill_prob, k.agreed_count,
       k.judgment_count AS compared_count
  FROM judged AS d FULL JOIN aside AS a USING (annotator_id)
  LEFT JOIN scored AS g USING (annotator_id)
  JOIN identity.member AS m ON m.workspace_id = $1 AND m.id = annotator_id
  LEFT JOIN parties.party AS p ON p.workspace_id = $1 AND p.id = m.vendor_id
  LEFT JOIN consensus.skill AS k ON k.workspace_id = $1 AND k.run_id = $3 AND k.annotator_id = m.id
 WHERE m.id > $4
 ORDER BY m.id LIMIT $5;

-- name: items_all
-- Gives items of a project after the id $3, of the batch $4 and the purpose $5 when they are given.
-- Reads items.item, items.batch.
SELECT i.id FROM items.batch AS b
  CROSS JOIN LATERAL (
        SELECT c.id FROM items.item AS c
         WHERE c.workspace_id = $1 AND c.batch_id = b.id AND c.id > $3
         ORDER BY c.id LIMIT $6) AS i
 WHERE b.workspace_id = $1 AND b.project_id = $2 AND b.state <> 'staging'
   AND ($4::uuid IS NULL OR b.id = $4) AND ($5::text IS NULL OR b.purpose = $5)
 ORDER BY i.id LIMIT $6;

-- name: items_in_state
-- Gives items of a project after the id $3 that have a task in the state $4, open or done. Reads
-- items.item, items.batch, tasks.task.
SELECT i.id FROM items.item AS i
  JOIN items.batch AS b ON b.workspace_id = $1 AND b.id = i.batch_id AND b.state <> 'staging'
 WHERE i.workspace_id = $1 AND i.project_id = $2 AND i.id > $3
   AND EXISTS (SELECT FROM tasks.task AS t
                WHERE t.workspace_id = $1 AND t.item_id = i.id AND t.state = $4)
 ORDER BY i.id LIMIT $5;

-- name: items_in_batch_in_state
-- Gives items of the batch $4 after the id $3 that have a task in the state $5. Reads items.item,
-- items.batch, tasks.task.
SELECT i.id FROM items.item AS i
  JOIN items.batch AS b ON b.workspace_id = $1 AND b.id = i.batch_id AND b.state <> 'staging'
   AND b.project_id = $2
 WHERE i.workspace_id = $1 AND i.batch_id = $4 AND i.id > $3
   AND EXISTS (SELECT FROM tasks.task AS t
                WHERE t.workspace_id = $1 AND t.item_id = i.id AND t.state = $5)
 ORDER BY i.id LIMIT $6;

-- name: items_in_hands
-- Gives items after the id $3 that somebody holds a lease on. Reads tasks.lease.
SELECT DISTINCT l.item_id AS id FROM tasks.lease AS l
 WHERE l.workspace_id = $1 AND l.project_id = $2 AND l.state = 'active' AND l.item_id > $3
 ORDER BY l.item_id LIMIT $4;

-- name: items_set_aside
-- Gives items after the id $3 that were skipped or flagged ($4), by anybody or by $5. Reads
-- tasks.lease.
SELECT DISTINCT l.item_id AS id FROM tasks.lease AS l
 WHERE l.workspace_id = $1 AND l.project_id = $2 AND l.state IN ('skipped', 'flagged')
   AND l.state = $4 AND ($5::uuid IS NULL OR l.annotator_id = $5) AND l.item_id > $3
 ORDER BY l.item_id LIMIT $6;

-- name: items_judged_by
-- Gives items after the id $3 that the annotator $4 judged. Reads tasks.lease: an annotator has an
-- item once, said by the index that this walks.
SELECT l.item_id AS id FROM tasks.lease AS l
 WHERE l.workspace_id = $1 AND l.annotator_id = $4 AND l.project_id = $2 AND l.item_id > $3
   AND l.state IN ('active', 'submitted', 'skipped', 'flagged') AND l.state = 'submitted'
 ORDER BY l.item_id LIMIT $5;

-- name: items_judged_by_and_below
-- Gives items after the id $3 that the annotator $4 judged and on which fewer than $6 of the
-- judgments agree in the run $5. Reads tasks.lease, consensus.result.
SELECT l.item_id AS id FROM tasks.lease AS l
  JOIN consensus.result AS r ON r.workspace_id = $1 AND r.run_id = $5 AND r.item_id = l.item_id
 WHERE l.workspace_id = $1 AND l.annotator_id = $4 AND l.project_id = $2 AND l.item_id > $3
   AND l.state IN ('active', 'submitted', 'skipped', 'flagged') AND l.state = 'submitted'
   AND r.agreed_prob < $6
 ORDER BY l.item_id LIMIT $7;

-- name: items_scored
-- Gives gold items after the id $3 on which the annotator $4 was scored. Reads gold.score.
SELECT DISTINCT s.item_id AS id FROM gold.score AS s
 WHERE s.workspace_id = $1 AND s.project_id = $2 AND s.annotator_id = $4 AND s.item_id > $3
 ORDER BY s.item_id LIMIT $5;

-- name: items_judged_between
-- Gives items that were judged from $4 to before $5, in the order of the first such judgment, whose
-- id is after $3; what the hours leave out is left out here too. A judgment's id is made shortly
-- before its row: $6 and $7 are bounds of ids, for the index. An earlier one of the same item is
-- found over who was shown it. Reads judgments.judgment, judgments.withdrawal, exposure.shown,
-- tasks.lease.
SELECT j.id AS place, j.item_id AS id FROM judgments.judgment AS j
 WHERE j.workspace_id = $1 AND j.project_id = $2 AND j.id > greatest($3::uuid, $6::uuid) AND j.id < $7
   AND j.submitted_at >= $4 AND j.submitted_at < $5 AND NOT j.simulated
   AND NOT EXISTS (SELECT FROM judgments.withdrawal AS w
                    WHERE w.workspace_id = $1 AND w.judgment_id = j.id)
   AND NOT EXISTS (
        SELECT FROM exposure.shown AS s
          JOIN tasks.lease AS l ON l.workspace_id = $1 AND l.annotator_id = s.member_id
           AND l.item_id = j.item_id
           AND l.state IN ('active', 'submitted', 'skipped', 'flagged') AND l.state = 'submitted'
          JOIN judgments.judgment AS e ON e.workspace_id = $1 AND e.lease_id = l.id
         WHERE s.workspace_id = $1 AND s.item_id = j.item_id AND e.id < j.id
           AND e.submitted_at >= $4 AND e.submitted_at < $5 AND NOT e.simulated
           AND NOT EXISTS (SELECT FROM judgments.withdrawal AS w
                            WHERE w.workspace_id = $1 AND w.judgment_id = e.id))
 ORDER BY j.id LIMIT $8;

-- name: items_agreed_below
-- Gives items of the run $2 whose judgments agree less than $3, least agreed first, after the place
-- ($4, $5). Reads consensus.result.
SELECT r.item_id AS id, r.agreed_prob FROM consensus.result AS r
 WHERE r.workspace_id = $1 AND r.run_id = $2 AND r.agreed_prob < $3
   AND (r.agreed_prob, r.item_id) > ($4::float8, $5::uuid)
 ORDER BY r.agreed_prob, r.item_id LIMIT $6;

-- name: describe_items
-- Gives what is known of the items $2 without opening them, and of them in the run $3. Reads
-- items.item, items.batch, tasks.task, consensus.result.
SELECT i.id, i.project_id, i.batch_id, b.name AS batch_name, b.purpose, i.created_at,
       t.open_count, t.leased_count, t.done_count, t.skipped_count, t.flagged_count,
       r.agreed_prob, r.judgment_count
  FROM items.item AS i
  JOIN items.batch AS b ON b.workspace_id = $1 AND b.id = i.batch_id
  CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE c.state = 'open') AS open_count,
               count(*) FILTER (WHERE c.state = 'leased') AS leased_count,
               count(*) FILTER (WHERE c.state = 'done') AS done_count,
               count(*) FILTER (WHERE c.state = 'skipped') AS skipped_count,
               count(*) FILTER (WHERE c.state = 'flagged') AS flagged_count
          FROM tasks.task AS c WHERE c.workspace_id = $1 AND c.item_id = i.id) AS t
  LEFT JOIN consensus.result AS r
         ON r.workspace_id = $1 AND r.run_id = $3 AND r.item_id = i.id
 WHERE i.workspace_id = $1 AND i.id = ANY ($2) AND b.state <> 'staging';

-- name: read_item_work
-- Gives who had the item $2 and what came of it: the lease, its sealed reason, its judgment with the
-- sealed answer. The way goes over who was shown the item, since leases are found by annotator.
-- Reads exposure.shown, tasks.lease, judgments.judgment, judgments.withdrawal, gold.score,
-- identity.member, parties.party.
SELECT l.id AS lease_id, l.state, l.ended_at, l.reason, m.id AS annotator_id, m.name, m.simulated,
       p.name AS vendor_name, j.id AS judgment_id, j.answer, j.active_ms, j.submitted_at,
       w.judgment_id IS NOT NULL AS withdrawn, g.correct
  FROM exposure.shown AS s
  JOIN tasks.lease AS l ON l.workspace_id = $1 AND l.annotator_id = s.member_id AND l.item_id = $2
   AND l.state IN ('active', 'submitted', 'skipped', 'flagged')
  JOIN identity.member AS m ON m.workspace_id = $1 AND m.id = l.annotator_id
  LEFT JOIN parties.party AS p ON p.workspace_id = $1 AND p.id = m.vendor_id
  LEFT JOIN judgments.judgment AS j ON j.workspace_id = $1 AND j.lease_id = l.id
  LEFT JOIN judgments.withdrawal AS w ON w.workspace_id = $1 AND w.judgment_id = j.id
  LEFT JOIN gold.score AS g ON g.workspace_id = $1 AND g.judgment_id = j.id
 WHERE s.workspace_id = $1 AND s.item_id = $2
 ORDER BY l.id LIMIT 200;

-- name: record_look
-- Gives nothing. Writes what exposure.record does: the caller behind the credential was shown $4.
SELECT exposure.record(ARRAY[identity.authenticate($1, $2, $3)], ARRAY[$4::uuid]);

-- name: still_admitted
-- Gives the member behind a credential that is still good; refuses otherwise. Reads what
-- identity.authenticate does.
SELECT member_id FROM identity.authenticate($1, $2, $3);
