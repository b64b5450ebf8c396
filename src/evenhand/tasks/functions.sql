-- Room: tasks. The queue: grant, end, expire.

DO $$ BEGIN
    CREATE TYPE tasks.granted AS (
        wall text, lease_id uuid, task_id uuid, item_id uuid, batch_id uuid, place bigint,
        assigned boolean, intent_id bigint, expires_at timestamptz, payload bytea);
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    CREATE TYPE tasks.ended AS (
        state text, project_id uuid, task_id uuid, item_id uuid, purpose text);
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- Takes the next open task for this actor and marks it leased: of the actor's own assignments, or of
-- the pool, there in batch `from_batch` from `from_place` on (a hint: rows before it were found taken
-- or seen a moment ago). A row that another transaction holds is passed over. The unique index
-- `lease_once` decides what "seen" is.
CREATE OR REPLACE FUNCTION tasks.claim(
    actor identity.actor, project uuid, own boolean, from_batch uuid, from_place bigint)
RETURNS tasks.task
LANGUAGE plpgsql AS $$
DECLARE claimed tasks.task;
BEGIN
    IF own THEN
        UPDATE tasks.task AS t SET state = 'leased'
         WHERE t.workspace_id = actor.workspace_id AND t.id = (
            SELECT next.id
              FROM items.batch AS b
              CROSS JOIN LATERAL (
                    SELECT c.id FROM tasks.task AS c
                     WHERE c.workspace_id = actor.workspace_id
                       AND c.assignee_id = actor.member_id
                       AND c.batch_id = b.id AND c.state = 'open'
                       AND NOT EXISTS (
                            SELECT FROM tasks.lease AS l
                             WHERE l.workspace_id = actor.workspace_id
                               AND l.annotator_id = actor.member_id AND l.item_id = c.item_id
                               AND l.state IN ('active', 'submitted', 'skipped', 'flagged'))
                     ORDER BY c.position LIMIT 1 FOR UPDATE OF c SKIP LOCKED) AS next
             WHERE b.workspace_id = actor.workspace_id AND b.project_id = project
               AND b.state = 'open'
             ORDER BY b.priority DESC, b.id LIMIT 1)
        RETURNING t.* INTO claimed;
    ELSE
        UPDATE tasks.task AS t SET state = 'leased'
         WHERE t.workspace_id = actor.workspace_id AND t.id = (
            SELECT next.id
              FROM items.batch AS b
              CROSS JOIN LATERAL (
                    SELECT c.id FROM tasks.task AS c
                     WHERE c.workspace_id = actor.workspace_id AND c.assignee_id IS NULL
                       AND c.batch_id = b.id AND c.state = 'open'
                       AND c.position >= CASE WHEN b.id = from_batch THEN from_place ELSE 0 END
                       AND NOT EXISTS (
                            SELECT FROM tasks.lease AS l
                             WHERE l.workspace_id = actor.workspace_id
                               AND l.annotator_id = actor.member_id AND l.item_id = c.item_id
                               AND l.state IN ('active', 'submitted', 'skipped', 'flagged'))
                     ORDER BY c.position LIMIT 1 FOR UPDATE OF c SKIP LOCKED) AS next
             WHERE b.workspace_id = actor.workspace_id AND b.project_id = project
               AND b.state = 'open'
             ORDER BY b.priority DESC, b.id LIMIT 1)
        RETURNING t.* INTO claimed;
    END IF;
    RETURN claimed;
END $$;

-- Makes the actor hold `hold` leases of a project and gives those that are not in `have`, each with
-- its intent: a lease handed out again is a look again. `fresh_ids` are ids for new leases. A row
-- whose `wall` is not 'allowed' stands alone and says why nothing was granted; for 'denied' the
-- denial's intent is in it.
CREATE OR REPLACE FUNCTION tasks.grant_leases(
    actor identity.actor, project uuid, hold int, have uuid[], fresh_ids uuid[],
    from_batch uuid, from_place bigint, policy bytea
) RETURNS SETOF tasks.granted
LANGUAGE plpgsql AS $$
DECLARE
    wall text;
    held uuid[];
    ttl_s int;
    own boolean;
    chosen tasks.task;
    out_row tasks.granted;
    next_fresh int := 1;
    hint_batch uuid := from_batch;
    hint_place bigint := from_place;
    locked boolean;
BEGIN
    IF hold = 0 THEN
        RETURN;
    END IF;
    wall := conflicts.check_grant(actor);
    -- A person's requests (two windows, a repeat on its way) take turns: the second sees what the
    -- first holds. Without it both would be granted, or meet in the index `lease_once`. Assigned,
    -- not performed: an expression costs a tenth of a statement.
    locked := pg_advisory_xact_lock(820, hashtext(actor.member_id::text)) IS NOT NULL;
    SELECT p.lease_ttl_s,
           ARRAY(SELECT l.id FROM tasks.lease AS l
                  WHERE l.workspace_id = actor.workspace_id AND l.annotator_id = actor.member_id
                    AND l.project_id = project AND l.state = 'active' AND l.expires_at > now()),
           EXISTS(SELECT FROM tasks.task AS t
                   WHERE t.workspace_id = actor.workspace_id AND t.assignee_id = actor.member_id
                     AND t.state = 'open')
      INTO ttl_s, held, own
      FROM projects.project AS p
     WHERE p.workspace_id = actor.workspace_id AND p.id = project;
    IF ttl_s IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'EH404', MESSAGE = 'not_found',
            DETAIL = 'There is no such project.';
    END IF;
    out_row.wall := wall;
    IF wall <> 'allowed' THEN
        IF wall = 'denied' THEN
            out_row.intent_id := transparency.intend(actor.workspace_id, 'access.denied/1',
                actor.member_id, project, NULL, 'annotate', policy, '{"reason":"wall"}');
        END IF;
        RETURN NEXT out_row;
        RETURN;
    END IF;
    IF NOT held <@ have THEN
        FOR out_row.lease_id, out_row.task_id, out_row.item_id, out_row.expires_at,
            out_row.batch_id, out_row.place, out_row.assigned, out_row.payload IN
            SELECT l.id, l.task_id, l.item_id, l.expires_at, t.batch_id, t.position,
                   t.assignee_id IS NOT NULL, i.payload
              FROM tasks.lease AS l
              JOIN tasks.task AS t ON t.workspace_id = actor.workspace_id AND t.id = l.task_id
              JOIN items.item AS i ON i.workspace_id = actor.workspace_id AND i.id = l.item_id
             WHERE l.workspace_id = actor.workspace_id AND l.id = ANY (held)
               AND l.id <> ALL (have)
             ORDER BY t.position
        LOOP
            out_row.intent_id := transparency.intend(actor.workspace_id, 'payload.released/1',
                actor.member_id, out_row.item_id, out_row.lease_id, 'annotate', policy, NULL);
            RETURN NEXT out_row;
        END LOOP;
    END IF;
    WHILE cardinality(held) + next_fresh <= hold AND next_fresh <= cardinality(fresh_ids) LOOP
        chosen := tasks.claim(actor, project, own, hint_batch, hint_place);
        IF chosen.id IS NULL AND own THEN
            own := false;
            CONTINUE;
        ELSIF chosen.id IS NULL AND hint_batch IS NOT NULL THEN
            hint_batch := NULL;
            CONTINUE;
        END IF;
        EXIT WHEN chosen.id IS NULL;
        IF NOT own THEN
            hint_batch := chosen.batch_id;
            hint_place := chosen.position;
        END IF;
        RETURN NEXT tasks.grant_one(actor, chosen, fresh_ids[next_fresh], ttl_s, policy);
        next_fresh := next_fresh + 1;
    END LOOP;
END $$;

-- Writes one lease for a task that this transaction has claimed: lease, intent, exposure.
CREATE OR REPLACE FUNCTION tasks.grant_one(
    actor identity.actor, chosen tasks.task, fresh_id uuid, ttl_s int, policy bytea
) RETURNS tasks.granted
LANGUAGE plpgsql AS $$
DECLARE given tasks.granted;
BEGIN
    given.wall := 'allowed';
    given.lease_id := fresh_id;
    given.task_id := chosen.id;
    given.item_id := chosen.item_id;
    given.batch_id := chosen.batch_id;
    given.place := chosen.position;
    given.assigned := chosen.assignee_id IS NOT NULL;
    given.intent_id := transparency.intend(actor.workspace_id, 'payload.released/1',
        actor.member_id, chosen.item_id, fresh_id, 'annotate', policy, NULL);
    given.expires_at := now() + make_interval(secs => ttl_s);
    PERFORM exposure.record(actor, chosen.item_id);
    WITH lease AS (
        INSERT INTO tasks.lease (workspace_id, id, task_id, project_id, item_id, annotator_id,
                                 credential_id, intent_id, expires_at)
        VALUES (actor.workspace_id, fresh_id, chosen.id, chosen.project_id, chosen.item_id,
                actor.member_id, actor.credential_id, given.intent_id, given.expires_at)
    )
    SELECT i.payload INTO given.payload FROM items.item AS i
     WHERE i.workspace_id = actor.workspace_id AND i.id = chosen.item_id;
    RETURN given;
END $$;

-- The HTTP entry to `grant_leases`: authenticates in the same transaction. Definer: it runs as
-- evenhand_queue, which believes what `authenticate` has verified (docs/adr/0007).
CREATE OR REPLACE FUNCTION tasks.lease_next(
    token text, hash bytea, allowed text[], project uuid, hold int, have uuid[],
    fresh_ids uuid[], from_batch uuid, from_place bigint, policy bytea
) RETURNS TABLE (member_id uuid, wall text, lease_id uuid, task_id uuid, item_id uuid,
                 batch_id uuid, place bigint, assigned boolean, intent_id bigint,
                 expires_at timestamptz, payload bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE actor identity.actor := identity.authenticate(token, hash, allowed);
BEGIN
    RETURN QUERY SELECT actor.member_id, g.*
      FROM tasks.grant_leases(actor, project, hold, have, fresh_ids, from_batch, from_place,
                              policy) AS g;
END $$;
GRANT CREATE ON SCHEMA tasks TO evenhand_queue;
ALTER FUNCTION tasks.lease_next(text, bytea, text[], uuid, int, uuid[], uuid[], uuid, bigint, bytea)
    OWNER TO evenhand_queue;
REVOKE CREATE ON SCHEMA tasks FROM evenhand_queue;
REVOKE ALL ON FUNCTION tasks.lease_next FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tasks.lease_next TO evenhand_app;

-- Raises why a lease in `state` is not alive; NULL: the caller holds no such lease.
CREATE OR REPLACE FUNCTION tasks.refuse_lease(state text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF state IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'EH404', MESSAGE = 'lease_not_yours',
            DETAIL = 'You hold no such lease; ask for your next task.';
    ELSIF state = 'expired' THEN
        RAISE EXCEPTION USING ERRCODE = 'EH410', MESSAGE = 'lease_expired',
            DETAIL = 'The lease ran out and the task went back to the queue; what you sent was not'
                     ' saved. Ask for your next task.';
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'EH409', MESSAGE = 'lease_ended',
        DETAIL = format('The lease was already %s; ask for your next task.', state);
END $$;

-- Ends the actor's lease of a project with `outcome` and moves its task; gives the lease as it was
-- before, and the task's purpose. A lease that is already ended is given back unchanged if its state
-- is `outcome` (a repeated request) and refused otherwise.
CREATE OR REPLACE FUNCTION tasks.end_lease(
    actor identity.actor, lease uuid, outcome text, sealed_reason bytea
) RETURNS tasks.ended
LANGUAGE plpgsql AS $$
DECLARE mine tasks.ended;
BEGIN
    WITH closed AS (
        UPDATE tasks.lease AS l SET state = outcome, ended_at = now(), reason = sealed_reason
         WHERE l.workspace_id = actor.workspace_id AND l.id = lease
           AND l.annotator_id = actor.member_id AND l.state = 'active' AND l.expires_at > now()
        RETURNING l.project_id, l.task_id, l.item_id
    )
    UPDATE tasks.task AS t
       SET state = CASE
            WHEN outcome = 'submitted' THEN 'done'
            WHEN outcome = 'flagged' THEN 'flagged'
            WHEN outcome = 'skipped' AND t.assignee_id IS NOT NULL THEN 'skipped'
            ELSE 'open' END
      FROM closed
     WHERE t.workspace_id = actor.workspace_id AND t.id = closed.task_id
    RETURNING 'active', closed.project_id, closed.task_id, closed.item_id, t.purpose
         INTO mine;
    IF mine.state = 'active' THEN
        RETURN mine;
    END IF;
    SELECT CASE WHEN l.state = 'active' THEN 'expired' ELSE l.state END,
           l.project_id, l.task_id, l.item_id, t.purpose
      INTO mine
      FROM tasks.lease AS l
      JOIN tasks.task AS t ON t.workspace_id = actor.workspace_id AND t.id = l.task_id
     WHERE l.workspace_id = actor.workspace_id AND l.id = lease
       AND l.annotator_id = actor.member_id;
    IF mine.state IS DISTINCT FROM outcome THEN
        PERFORM tasks.refuse_lease(mine.state);
    END IF;
    RETURN mine;
END $$;

-- Workspaces that have a lease past its time. Crosses workspaces, gives ids only.
CREATE OR REPLACE FUNCTION tasks.workspaces_with_expired() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT late.workspace_id FROM (
        SELECT l.workspace_id FROM tasks.lease AS l
         WHERE l.state = 'active' AND l.expires_at <= now() ORDER BY l.expires_at LIMIT 1000
    ) AS late
$$;
REVOKE ALL ON FUNCTION tasks.workspaces_with_expired() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tasks.workspaces_with_expired() TO evenhand_app;

-- Returns leases past their time to the queue, a thousand at once; gives how many.
CREATE OR REPLACE FUNCTION tasks.expire(token text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    workspace uuid;
    ended bigint;
BEGIN
    PERFORM set_config('evenhand.token', token, true);
    workspace := platform.current_workspace();
    WITH late AS (
        SELECT l.id, l.task_id FROM tasks.lease AS l
         WHERE l.workspace_id = workspace AND l.state = 'active' AND l.expires_at <= now()
         ORDER BY l.expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ), closed AS (
        UPDATE tasks.lease AS l SET state = 'expired', ended_at = now() FROM late
         WHERE l.workspace_id = workspace AND l.id = late.id
    ), reopened AS (
        UPDATE tasks.task AS t SET state = 'open' FROM late
         WHERE t.workspace_id = workspace AND t.id = late.task_id AND t.state = 'leased'
        RETURNING 1
    )
    SELECT count(*) INTO ended FROM reopened;
    RETURN ended;
END $$;

-- Takes back every active lease of the workspace's members in `members`; gives how many.
CREATE OR REPLACE FUNCTION tasks.revoke(workspace uuid, members uuid[]) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    WITH closed AS (
        UPDATE tasks.lease AS l SET state = 'revoked', ended_at = now()
         WHERE l.workspace_id = workspace AND l.annotator_id = ANY (members)
           AND l.state = 'active'
        RETURNING l.task_id
    ), reopened AS (
        UPDATE tasks.task AS t SET state = 'open' FROM closed
         WHERE t.workspace_id = workspace AND t.id = closed.task_id AND t.state = 'leased'
        RETURNING 1
    )
    SELECT count(*) FROM reopened
$$;
