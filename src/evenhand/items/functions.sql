-- Room: items.

-- Imports that were cut off (the process died): staging and untouched for `idle`. Crosses
-- workspaces, gives ids only.
CREATE OR REPLACE FUNCTION items.abandoned_batches(idle interval)
RETURNS TABLE (workspace_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT b.workspace_id, b.id FROM items.batch AS b
     WHERE b.state = 'staging' AND b.touched_at < now() - idle LIMIT 100
$$;
REVOKE ALL ON FUNCTION items.abandoned_batches(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION items.abandoned_batches(interval) TO evenhand_app;
