-- name: submitted_lease_has_one_judgment
-- I1: a submitted lease without exactly one judgment
SELECT l.id FROM tasks.lease AS l
  LEFT JOIN judgments.judgment AS j ON j.lease_id = l.id
 WHERE l.state = 'submitted' GROUP BY l.id HAVING count(j.id) <> 1;

-- name: judgment_has_submitted_lease
-- I1: a judgment whose lease is neither submitted nor, if it was taken back, withdrawn
SELECT j.id FROM judgments.judgment AS j JOIN tasks.lease AS l ON l.id = j.lease_id
  LEFT JOIN judgments.withdrawal AS w ON w.judgment_id = j.id
 WHERE l.state <> CASE WHEN w.judgment_id IS NULL THEN 'submitted' ELSE 'withdrawn' END;

-- name: done_task_has_one_judgment
-- I1: a task that is done without exactly one judgment that stands
SELECT t.id FROM tasks.task AS t
  LEFT JOIN (judgments.judgment AS j
             LEFT JOIN judgments.withdrawal AS w ON w.judgment_id = j.id)
    ON j.task_id = t.id AND w.judgment_id IS NULL
 WHERE t.state = 'done' GROUP BY t.id HAVING count(j.id) <> 1;

-- name: judgment_has_done_task
-- I1: a judgment that stands, of a task that is not done
SELECT j.id FROM judgments.judgment AS j JOIN tasks.task AS t ON t.id = j.task_id
  LEFT JOIN judgments.withdrawal AS w ON w.judgment_id = j.id
 WHERE t.state <> 'done' AND w.judgment_id IS NULL;

-- name: judgment_in_its_leases_time
-- I3: a judgment outside of its lease's time
SELECT j.id FROM judgments.judgment AS j JOIN tasks.lease AS l ON l.id = j.lease_id
 WHERE j.submitted_at < l.granted_at OR j.submitted_at > l.expires_at;

-- name: judgment_is_its_leases
-- I3: a judgment that is not its lease's
SELECT j.id FROM judgments.judgment AS j JOIN tasks.lease AS l ON l.id = j.lease_id
 WHERE (j.annotator_id, j.task_id, j.item_id, j.project_id)
    <> (l.annotator_id, l.task_id, l.item_id, l.project_id);
