-- name: batch_count_is_its_items
-- I11: an open batch whose count is not its items'
SELECT b.id FROM items.batch AS b
  LEFT JOIN (SELECT i.batch_id, count(*) AS counted FROM items.item AS i GROUP BY i.batch_id) AS i
    ON i.batch_id = b.id
 WHERE b.state = 'open' AND b.item_count <> coalesce(i.counted, 0);
