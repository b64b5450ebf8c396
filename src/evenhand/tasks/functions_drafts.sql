-- Room: tasks. A lease that lasts: renewal, drafts, and the task reopened for an answer taken back.

-- Extends those of the actor's leases that are alive, to the project's time from now; gives them.
-- A lease lives eight hours at most, or its project's time if that is longer, so that no page can
-- hold a task for ever.
CREATE OR REPLACE FUNCTION tasks.renew(token text, hash bytea, allowed text[], leases uuid[])
RETURNS TABLE (lease_id uuid, expires_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE actor identity.actor := identity.authenticate(token, hash, allowed);
BEGIN
    RETURN QUERY
        UPDATE tasks.lease AS l
           SET expires_at = greatest(l.expires_at, least(
                   now() + make_interval(secs => p.lease_ttl_s),
                   l.granted_at + make_interval(secs => greatest(p.lease_ttl_s, 28800))))
          FROM projects.project AS p
         WHERE l.workspace_id = actor.workspace_id AND l.id = ANY (leases)
           AND l.annotator_id = actor.member_id AND l.state = 'active' AND l.expires_at > now()
           AND p.workspace_id = actor.workspace_id AND p.id = l.project_id
        RETURNING l.id, l.expires_at;
END $$;

-- The actor's lease `lease`, locked; refuses one that is not the actor's or not alive.
CREATE OR REPLACE FUNCTION tasks.live_lease(actor identity.actor, lease uuid) RETURNS tasks.lease
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE mine tasks.lease;
BEGIN
    SELECT l.* INTO mine FROM tasks.lease AS l
     WHERE l.workspace_id = actor.workspace_id AND l.id = lease
       AND l.annotator_id = actor.member_id
       FOR UPDATE;
    IF mine.state IS DISTINCT FROM 'active' OR mine.expires_at <= now() THEN
        PERFORM tasks.refuse_lease(CASE mine.state WHEN 'active' THEN 'expired' ELSE mine.state END);
    END IF;
    RETURN mine;
END $$;

-- Stores a draft over the version `seen` (0: none yet); gives the new version. Refuses when another
-- page of the same person was faster.
CREATE OR REPLACE FUNCTION tasks.put_draft(
    token text, hash bytea, allowed text[], lease uuid, seen int, sealed_draft bytea
) RETURNS TABLE (version int, saved_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    actor identity.actor := identity.authenticate(token, hash, allowed);
    mine tasks.lease := tasks.live_lease(actor, lease);
    stored int;
BEGIN
    SELECT d.version INTO stored FROM tasks.draft AS d
     WHERE d.workspace_id = actor.workspace_id AND d.lease_id = lease;
    IF coalesce(stored, 0) <> seen THEN
        RAISE EXCEPTION USING ERRCODE = 'EH409', MESSAGE = 'draft_conflict',
            DETAIL = 'Another page of yours has saved a draft of this task; read it, then decide.';
    END IF;
    IF NOT mine.drafted THEN
        UPDATE tasks.lease AS l SET drafted = true
         WHERE l.workspace_id = actor.workspace_id AND l.id = lease;
    END IF;
    RETURN QUERY
        INSERT INTO tasks.draft AS d
            (workspace_id, lease_id, annotator_id, project_id, version, sealed)
        VALUES (actor.workspace_id, lease, actor.member_id, mine.project_id, 1, sealed_draft)
        ON CONFLICT (workspace_id, lease_id) DO UPDATE
            SET version = d.version + 1, sealed = excluded.sealed, saved_at = now()
        RETURNING d.version, d.saved_at;
END $$;

-- Reopens the task of a submitted lease whose judgment is withdrawn, as a fresh lease of the same
-- person, with the intent of the look that goes with it. The room above has decided that it may
-- and holds the lock of `lease`'s row.
CREATE OR REPLACE FUNCTION tasks.reopen(
    actor identity.actor, lease uuid, fresh_id uuid, policy bytea
) RETURNS TABLE (task_id uuid, item_id uuid, intent_id bigint, expires_at timestamptz,
                 payload bytea)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before tasks.lease;
    look bigint;
BEGIN
    UPDATE tasks.lease AS l SET state = 'withdrawn'
     WHERE l.workspace_id = actor.workspace_id AND l.id = lease AND l.state = 'submitted'
    RETURNING l.* INTO before;
    UPDATE tasks.task AS t SET state = 'leased'
     WHERE t.workspace_id = actor.workspace_id AND t.id = before.task_id AND t.state = 'done';
    look := transparency.intend(actor.workspace_id, 'payload.released/1', actor.member_id,
        before.item_id, fresh_id, 'annotate', policy, NULL);
    RETURN QUERY
        INSERT INTO tasks.lease AS l
            (workspace_id, id, task_id, project_id, item_id, annotator_id, credential_id,
             intent_id, expires_at)
        SELECT actor.workspace_id, fresh_id, before.task_id, before.project_id, before.item_id,
               actor.member_id, actor.credential_id, look,
               now() + make_interval(secs => p.lease_ttl_s)
          FROM projects.project AS p
         WHERE p.workspace_id = actor.workspace_id AND p.id = before.project_id
        RETURNING l.task_id, l.item_id, l.intent_id, l.expires_at,
                  (SELECT i.payload FROM items.item AS i
                    WHERE i.workspace_id = actor.workspace_id AND i.id = l.item_id);
END $$;
