-- Rooms: transparency, exposure. Purpose: who did what is found without reading the whole log.

-- Whose act an entry records, for those entries that have an actor. The leaf names the actor under
-- the log's key only; the id here is ours, and what may be read with it is read through `access`.
-- No foreign key: the trigger is the one writer, it writes beside the entry, and no entry ever goes.
CREATE TABLE transparency.entry_actor (
    workspace_id uuid NOT NULL,
    actor_id     uuid NOT NULL,
    index        bigint NOT NULL CHECK (index >= 0),
    PRIMARY KEY (workspace_id, actor_id, index)
);
SELECT platform.wall_in('transparency.entry_actor');
GRANT SELECT, INSERT ON transparency.entry_actor TO evenhand_app;

-- The intent is still there when its entry is written and gone when the transaction commits.
CREATE FUNCTION transparency.note_actors() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO transparency.entry_actor (workspace_id, actor_id, index)
    SELECT f.workspace_id, i.actor_id, f.index
      FROM fresh AS f
      JOIN transparency.intent AS i ON i.workspace_id = f.workspace_id AND i.id = f.intent_id
     WHERE i.actor_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER entry_actors AFTER INSERT ON transparency.entry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
    EXECUTE FUNCTION transparency.note_actors();

-- What one member was shown, without walking what everybody was.
CREATE INDEX shown_member ON exposure.shown (workspace_id, member_id, item_id);
