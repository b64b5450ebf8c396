-- Rooms: items, tasks. Purpose: references of bulk rows, checked once a statement.
--
-- An import writes thousands of rows in one statement. The foreign keys from task to item and batch
-- and from item to batch ran a query and locked a row for each of them: 20 of the 36 microseconds
-- that a row cost the database. What they said holds as before, said by triggers on the whole
-- statement: a row's batch and item exist, and neither goes while a row names it. The row of the
-- batch is the lock between those who add (key share) and those who take away (update); after a wait
-- the next query of a trigger sees what the other side committed. Two things hold in addition: an
-- item has its batch's project, and a task has its item's batch. The assignee's foreign key stays,
-- since for a task without one it costs nothing.

ALTER TABLE items.item DROP CONSTRAINT item_workspace_id_batch_id_fkey;
ALTER TABLE tasks.task DROP CONSTRAINT task_workspace_id_item_id_fkey;
ALTER TABLE tasks.task DROP CONSTRAINT task_workspace_id_batch_id_fkey;

-- What is named by others never changes; the application may change the rest.
REVOKE UPDATE ON items.batch FROM evenhand_app;
GRANT UPDATE (state, priority, item_count, touched_at) ON items.batch TO evenhand_app;

CREATE FUNCTION items.check_added_items() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM items.batch AS b
      WHERE (b.workspace_id, b.id) IN (SELECT DISTINCT a.workspace_id, a.batch_id FROM added AS a)
        FOR KEY SHARE OF b;
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT a.workspace_id, a.batch_id, a.project_id FROM added AS a) AS a
         WHERE NOT EXISTS (
            SELECT FROM items.batch AS b
             WHERE b.workspace_id = a.workspace_id AND b.id = a.batch_id
               AND b.project_id = a.project_id))
    THEN
        RAISE foreign_key_violation USING MESSAGE = 'an item without its batch';
    END IF;
    RETURN NULL;
END $$;

-- The planner knows nothing of the rows of a statement and might read the whole table of items once
-- and for all; a look into the primary key for each row is right at every size.
CREATE FUNCTION tasks.check_added_tasks() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM items.batch AS b
      WHERE (b.workspace_id, b.id) IN (SELECT DISTINCT a.workspace_id, a.batch_id FROM added AS a)
        FOR KEY SHARE OF b;
    IF EXISTS (
        SELECT FROM added AS a
         WHERE NOT EXISTS (
            SELECT FROM items.item AS i
             WHERE i.workspace_id = a.workspace_id AND i.id = a.item_id
               AND i.batch_id = a.batch_id))
    THEN
        RAISE foreign_key_violation USING MESSAGE = 'a task without its item';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION items.check_removed_items() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM items.batch AS b
      WHERE (b.workspace_id, b.id) IN (SELECT DISTINCT r.workspace_id, r.batch_id FROM removed AS r)
        FOR UPDATE OF b;
    IF EXISTS (
        SELECT FROM removed AS r
         WHERE EXISTS (
            SELECT FROM tasks.task AS t
             WHERE t.workspace_id = r.workspace_id AND t.item_id = r.id))
    THEN
        RAISE foreign_key_violation USING MESSAGE = 'an item that has tasks';
    END IF;
    RETURN NULL;
END $$;

-- A task's item is of the same batch: where no item is left, no task is.
CREATE FUNCTION items.check_removed_batches() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    IF EXISTS (
        SELECT FROM removed AS r
         WHERE EXISTS (
            SELECT FROM items.item AS i
             WHERE i.workspace_id = r.workspace_id AND i.batch_id = r.id))
    THEN
        RAISE foreign_key_violation USING MESSAGE = 'a batch that has items';
    END IF;
    RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION items.check_added_items(), items.check_removed_items(),
    items.check_removed_batches(), tasks.check_added_tasks() FROM PUBLIC;

CREATE TRIGGER added AFTER INSERT ON items.item REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION items.check_added_items();
CREATE TRIGGER removed AFTER DELETE ON items.item REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION items.check_removed_items();
CREATE TRIGGER removed AFTER DELETE ON items.batch REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION items.check_removed_batches();
CREATE TRIGGER added AFTER INSERT ON tasks.task REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION tasks.check_added_tasks();
