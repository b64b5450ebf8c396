-- name: leased_task_has_one_lease
-- I2: a leased task without exactly one active lease
SELECT t.id FROM tasks.task AS t
  LEFT JOIN tasks.lease AS l ON l.task_id = t.id AND l.state = 'active'
 WHERE t.state = 'leased' GROUP BY t.id HAVING count(l.id) <> 1;

-- name: active_lease_has_leased_task
-- I2: an active lease of a task that is not leased
SELECT l.id FROM tasks.lease AS l JOIN tasks.task AS t ON t.id = l.task_id
 WHERE l.state = 'active' AND t.state <> 'leased';

-- name: item_once_per_person
-- I2: one person with one item twice
SELECT (array_agg(l.id))[1] FROM tasks.lease AS l
 WHERE l.state IN ('active', 'submitted', 'skipped', 'flagged')
 GROUP BY l.annotator_id, l.item_id HAVING count(*) > 1;

-- name: set_aside_by_a_lease
-- I2: a flagged or skipped task without the lease that made it so
SELECT t.id FROM tasks.task AS t
  LEFT JOIN tasks.lease AS l ON l.task_id = t.id AND l.state = t.state
 WHERE t.state IN ('flagged', 'skipped') AND l.id IS NULL;

-- name: lease_of_ones_own_task
-- I2: a lease of somebody else's task
SELECT l.id FROM tasks.lease AS l JOIN tasks.task AS t ON t.id = l.task_id
 WHERE t.assignee_id <> l.annotator_id;

-- name: lease_of_an_opened_batch
-- I9: a lease of a batch that was never opened
SELECT l.id FROM tasks.lease AS l JOIN tasks.task AS t ON t.id = l.task_id
  JOIN items.batch AS b ON b.id = t.batch_id WHERE b.state = 'staging';

-- name: open_item_has_a_task
-- I9: an item of an open batch without a task
SELECT i.id FROM items.item AS i JOIN items.batch AS b ON b.id = i.batch_id
  LEFT JOIN tasks.task AS t ON t.item_id = i.id
 WHERE b.state = 'open' AND t.id IS NULL;

-- name: lease_is_logged
-- I4: a lease without its intent or entry
SELECT l.id FROM tasks.lease AS l
  LEFT JOIN transparency.entry AS e ON e.intent_id = l.intent_id
  LEFT JOIN transparency.intent AS i ON i.id = l.intent_id
 WHERE e.intent_id IS NULL AND i.id IS NULL;

-- name: lease_is_in_the_ledger
-- I4: a lease whose item is not in the exposure ledger
SELECT l.id FROM tasks.lease AS l
  LEFT JOIN exposure.shown AS s ON s.item_id = l.item_id AND s.member_id = l.annotator_id
 WHERE s.item_id IS NULL;
