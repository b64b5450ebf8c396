-- Room: transparency. The log's two writes: an intent (by whoever decides) and the append (by the
-- one sequencer).

-- note: `intend` writes an intent for the workspace of the transaction's token; gives its id.
CREATE OR REPLACE FUNCTION transparency.intend(
    workspace uuid, kind text, actor uuid, object uuid, lease uuid, purpose text,
    policy bytea, extra jsonb
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE made bigint;
BEGIN
    INSERT INTO transparency.intent
        (workspace_id, kind, actor_id, object_id, lease_id, purpose, policy, extra)
    VALUES (workspace, kind, actor, object, lease, purpose, policy, extra)
    RETURNING id INTO made;
    RETURN made;
END $$;

-- As `intend`, one intent for each place of the arrays; gives their ids in the same order.
CREATE OR REPLACE FUNCTION transparency.intend_all(
    workspace uuid, kind text, actors uuid[], objects uuid[], leases uuid[], purpose text,
    policy bytea
) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE made bigint[];
BEGIN
    WITH written AS (
        INSERT INTO transparency.intent
            (workspace_id, kind, actor_id, object_id, lease_id, purpose, policy)
        SELECT workspace, kind, new.actor_id, new.object_id, new.lease_id, purpose, policy
          FROM unnest(actors, objects, leases) WITH ORDINALITY
               AS new (actor_id, object_id, lease_id, place)
         ORDER BY new.place
        RETURNING id
    )
    SELECT array_agg(w.id ORDER BY w.id) INTO made FROM written AS w;
    RETURN made;
END $$;

-- Workspaces with intents that wait. Crosses workspaces, gives ids only.
CREATE OR REPLACE FUNCTION transparency.waiting_workspaces() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE walk AS (
        (SELECT workspace_id FROM transparency.intent ORDER BY workspace_id LIMIT 1)
        UNION ALL
        SELECT (SELECT intent.workspace_id FROM transparency.intent AS intent
                WHERE intent.workspace_id > walk.workspace_id
                ORDER BY intent.workspace_id LIMIT 1)
        FROM walk WHERE walk.workspace_id IS NOT NULL
    )
    SELECT workspace_id FROM walk WHERE workspace_id IS NOT NULL
$$;
REVOKE ALL ON FUNCTION transparency.waiting_workspaces() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION transparency.waiting_workspaces() TO evenhand_app;

-- The oldest intents of one workspace, with the head they will be appended to.
CREATE OR REPLACE FUNCTION transparency.read_waiting(token text, most int)
RETURNS TABLE (id bigint, kind text, actor_id uuid, object_id uuid, lease_id uuid, purpose text,
               policy bytea, extra text, occurred_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE workspace uuid;
BEGIN
    PERFORM set_config('evenhand.token', token, true);
    workspace := platform.current_workspace();
    RETURN QUERY
        SELECT i.id, i.kind::text, i.actor_id, i.object_id, i.lease_id, i.purpose,
               i.policy::bytea,
               i.extra::text, i.occurred_at
        FROM transparency.intent AS i
        WHERE i.workspace_id = workspace ORDER BY i.id LIMIT most;
END $$;

-- Appends entries and moves the head, if the head is still where the caller saw it; gives false
-- when it is not (another sequencer was faster: the caller must stop). One statement's worth of
-- work in one transaction: after it commits the entries are durable and the intents are gone, and
-- `notice` (numbers and ids, signed by the caller) is told to the other processes.
DROP FUNCTION IF EXISTS transparency.append(text, bigint, bigint[], bytea[], bytea[], bytea, text);
CREATE OR REPLACE FUNCTION transparency.append(
    token text, seen_size bigint, intent_ids bigint[], partitions bytea[], leaves bytea[],
    new_edge bytea, new_note text, notice text
) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    workspace uuid;
    gone bigint;
BEGIN
    PERFORM set_config('evenhand.token', token, true);
    workspace := platform.current_workspace();
    UPDATE transparency.checkpoint AS head
       SET size = seen_size + cardinality(leaves), edge = new_edge, note = new_note,
           signed_at = now()
     WHERE head.workspace_id = workspace AND head.size = seen_size;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO transparency.entry (workspace_id, index, intent_id, partition, leaf)
    SELECT workspace, seen_size + new.place - 1, new.intent_id, new.partition, new.leaf
      FROM unnest(intent_ids, partitions, leaves)
           WITH ORDINALITY AS new (intent_id, partition, leaf, place);
    DELETE FROM transparency.intent AS i
     WHERE i.workspace_id = workspace AND i.id = ANY (intent_ids);
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone <> cardinality(intent_ids) THEN
        RAISE EXCEPTION 'an intent was gone before it was appended';
    END IF;
    PERFORM pg_notify('evenhand_logged', notice);
    RETURN true;
END $$;

-- Indexes of those intents that are in the tree by now, with the tree's size.
CREATE OR REPLACE FUNCTION transparency.find_logged(token text, intent_ids bigint[])
RETURNS TABLE (intent_id bigint, index bigint, size bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE workspace uuid;
BEGIN
    PERFORM set_config('evenhand.token', token, true);
    workspace := platform.current_workspace();
    RETURN QUERY
        SELECT e.intent_id, e.index, head.size
        FROM transparency.entry AS e, transparency.checkpoint AS head
        WHERE e.workspace_id = workspace AND head.workspace_id = workspace
          AND e.intent_id = ANY (intent_ids);
END $$;
