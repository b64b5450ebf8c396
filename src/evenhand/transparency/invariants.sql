-- name: logged_or_waiting
-- I4: an intent that is in the tree and waits as well
SELECT i.id FROM transparency.intent AS i JOIN transparency.entry AS e ON e.intent_id = i.id;

-- name: no_gap_in_the_tree
-- I5: a tree whose size is not that of its entries
SELECT head.workspace_id FROM transparency.checkpoint AS head
 CROSS JOIN (SELECT count(*) AS counted, coalesce(max(e.index) + 1, 0) AS next
               FROM transparency.entry AS e) AS e
 WHERE head.size <> e.counted OR head.size <> e.next;
