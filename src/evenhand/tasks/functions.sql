-- Room: tasks. The queue: grant, end, expire.

DO $$ BEGIN
    CREATE TYPE tasks.granted AS (
        request int, wall text, lease_id uuid, task_id uuid, item_id uuid, batch_id uuid,
        place bigint, assigned boolean, intent_id bigint, expires_at timestamptz, payload bytea);
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- Takes the next open task for this actor and marks it leased: of the actor's own assignments, or of
-- the pool, there in batch `from_batch` from `from_place` on (a hint: rows before it were found taken
-- or seen a moment ago). A row that another transaction holds is passed over. The unique index
-- `lease_once` decides what "seen" is, for each of `hands`: the person's memberships, earlier ones
-- too. `taken` are items that the same grant has given already, whose leases are not written yet.
CREATE OR REPLACE FUNCTION tasks.claim(
    actor identity.actor, project uuid, own boolean, from_batch uuid, from_place bigint,
    hands uuid[], taken uuid[])
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
                               AND l.annotator_id = ANY (hands) AND l.item_id = c.item_id
                               AND l.state IN ('active', 'submitted', 'skipped', 'flagged'))
                       AND c.item_id <> ALL (taken)
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
                               AND l.annotator_id = ANY (hands) AND l.item_id = c.item_id
                               AND l.state IN ('active', 'submitted', 'skipped', 'flagged'))
                       AND c.item_id <> ALL (taken)
                     ORDER BY c.position LIMIT 1 FOR UPDATE OF c SKIP LOCKED) AS next
             WHERE b.workspace_id = actor.workspace_id AND b.project_id = project
               AND b.state = 'open'
             ORDER BY b.priority DESC, b.id LIMIT 1)
        RETURNING t.* INTO claimed;
    END IF;
    RETURN claimed;
END $$;

-- Lets a person's requests (two windows, a repeat on its way) take turns: the second sees what the
-- first did. Without it both would be granted a lease, or meet in the index `lease_once`. Refuses a
-- group in which somebody is twice. Locks: the members, in one order for everybody, so that two
-- groups never wait for each other.
CREATE OR REPLACE FUNCTION tasks.take_turns(members uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE taken bigint;
BEGIN
    SELECT count(pg_advisory_xact_lock(820, one.key) IS NOT NULL) INTO taken
      FROM (SELECT DISTINCT hashtext(m::text) AS key FROM unnest(members) AS m ORDER BY 1) AS one;
    IF taken < cardinality(members) THEN
        RAISE EXCEPTION USING ERRCODE = 'EH409', MESSAGE = 'collision',
            DETAIL = 'Another request of yours came at the same moment; send this one again.';
    END IF;
END $$;

-- Makes each actor hold `hold` leases of a project and gives those that it does not name in `haves`
-- (each an array's text), each with its intent: a lease handed out again is a look again. `fresh_ids` are ids for new leases, for all together. A row whose `wall` is
-- not 'allowed' stands alone for its request and says why nothing was granted; for 'denied' the
-- denial's intent is in it. The caller has let the actors take turns; each is there once.
CREATE OR REPLACE FUNCTION tasks.grant_leases(
    actors identity.actor[], project uuid, hold int, haves text[], fresh_ids uuid[],
    from_batches uuid[], from_places bigint[], policy bytea
) RETURNS SETOF tasks.granted
LANGUAGE plpgsql AS $$
DECLARE
    workspace uuid := actors[1].workspace_id;
    walls text[];
    ttl_s int;
    asked record;
    own boolean;
    chosen tasks.task;
    next_fresh int := 1;
    given tasks.granted;
    again tasks.granted[] := '{}';
    fresh tasks.granted[] := '{}';
    hint_batch uuid;
    hint_place bigint;
    taken uuid[];
BEGIN
    IF hold = 0 THEN
        RETURN;
    END IF;
    walls := conflicts.check_grants(actors);
    ttl_s := (SELECT p.lease_ttl_s FROM projects.project AS p
               WHERE p.workspace_id = workspace AND p.id = project);
    IF ttl_s IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'EH404', MESSAGE = 'not_found',
            DETAIL = 'There is no such project.';
    END IF;
    FOR asked IN
        SELECT a.place, haves[a.place]::uuid[] AS have,
               ARRAY(SELECT l.id FROM tasks.lease AS l
                      WHERE l.workspace_id = workspace AND l.annotator_id = a.member_id
                        AND l.project_id = project AND l.state = 'active'
                        AND l.expires_at > now()) AS held,
               EXISTS(SELECT FROM tasks.task AS t
                       WHERE t.workspace_id = workspace AND t.assignee_id = a.member_id
                         AND t.state = 'open') AS own,
               ARRAY(SELECT m.id FROM identity.member AS m
                      WHERE m.workspace_id = workspace AND m.person_id = a.person_id) AS hands
          FROM unnest(actors) WITH ORDINALITY
               AS a (workspace_id, member_id, person_id, party_id, vendor_id, name, role,
                     simulated, credential_id, mode, place)
    LOOP
        given := NULL;
        given.request := asked.place;
        given.wall := walls[asked.place];
        IF given.wall <> 'allowed' THEN
            IF given.wall = 'denied' THEN
                given.intent_id := transparency.intend(workspace, 'access.denied/1',
                    actors[asked.place].member_id, project, NULL, 'annotate', policy,
                    '{"reason":"wall"}');
            END IF;
            RETURN NEXT given;
            CONTINUE;
        END IF;
        IF NOT asked.held <@ asked.have THEN
            FOR given.lease_id, given.task_id, given.item_id, given.expires_at, given.batch_id,
                given.place, given.assigned IN
                SELECT l.id, l.task_id, l.item_id, l.expires_at, t.batch_id, t.position,
                       t.assignee_id IS NOT NULL
                  FROM tasks.lease AS l
                  JOIN tasks.task AS t ON t.workspace_id = workspace AND t.id = l.task_id
                 WHERE l.workspace_id = workspace AND l.id = ANY (asked.held)
                   AND l.id <> ALL (asked.have)
                 ORDER BY t.position
            LOOP
                again := again || given;
            END LOOP;
        END IF;
        own := asked.own;
        taken := '{}';
        hint_batch := from_batches[asked.place];
        hint_place := from_places[asked.place];
        FOR missing IN 1 .. hold - cardinality(asked.held) LOOP
            chosen := tasks.claim(actors[asked.place], project, own, hint_batch, hint_place,
                                  asked.hands, taken);
            IF chosen.id IS NULL AND own THEN
                own := false;
                chosen := tasks.claim(actors[asked.place], project, own, hint_batch, hint_place,
                                  asked.hands, taken);
            END IF;
            IF chosen.id IS NULL AND hint_batch IS NOT NULL THEN
                hint_batch := NULL;
                chosen := tasks.claim(actors[asked.place], project, own, hint_batch, hint_place,
                                  asked.hands, taken);
            END IF;
            EXIT WHEN chosen.id IS NULL;
            IF NOT own THEN
                hint_batch := chosen.batch_id;
                hint_place := chosen.position;
            END IF;
            given.lease_id := fresh_ids[next_fresh];
            given.task_id := chosen.id;
            given.item_id := chosen.item_id;
            given.batch_id := chosen.batch_id;
            given.place := chosen.position;
            given.assigned := chosen.assignee_id IS NOT NULL;
            given.expires_at := now() + make_interval(secs => ttl_s);
            fresh := fresh || given;
            taken := taken || chosen.item_id;
            next_fresh := next_fresh + 1;
        END LOOP;
    END LOOP;
    IF cardinality(again) + cardinality(fresh) > 0 THEN
        RETURN QUERY
            SELECT s.request, s.wall, s.lease_id, s.task_id, s.item_id, s.batch_id, s.place,
                   s.assigned, s.intent_id, s.expires_at, s.payload
              FROM tasks.show_leases(actors, again, fresh, project, policy) AS s;
    END IF;
END $$;

-- Writes what goes with showing these leases: the intents of all, and for the `fresh` ones the lease
-- itself and the ledger's line. Gives them, complete with the sealed payloads, `again` first.
CREATE OR REPLACE FUNCTION tasks.show_leases(
    actors identity.actor[], again tasks.granted[], fresh tasks.granted[], project uuid,
    policy bytea
) RETURNS SETOF tasks.granted
LANGUAGE plpgsql AS $$
DECLARE
    workspace uuid := actors[1].workspace_id;
    shown tasks.granted[] := again || fresh;
    first_fresh int := cardinality(again) + 1;
    who identity.actor[];
    leases uuid[];
    items uuid[];
    intents bigint[];
BEGIN
    SELECT array_agg(actors[s.request] ORDER BY s.nr), array_agg(s.lease_id ORDER BY s.nr),
           array_agg(s.item_id ORDER BY s.nr)
      INTO who, leases, items
      FROM unnest(shown) WITH ORDINALITY
           AS s (request, wall, lease_id, task_id, item_id, batch_id, place, assigned, intent_id,
                 expires_at, payload, nr);
    intents := transparency.intend_all(workspace, 'payload.released/1',
        ARRAY(SELECT w.member_id FROM unnest(who) AS w), items, leases, 'annotate', policy);
    IF cardinality(fresh) > 0 THEN
        PERFORM exposure.record(who[first_fresh:], items[first_fresh:]);
        INSERT INTO tasks.lease (workspace_id, id, task_id, project_id, item_id, annotator_id,
                                 credential_id, intent_id, expires_at)
        SELECT workspace, f.lease_id, f.task_id, project, f.item_id, actors[f.request].member_id,
               actors[f.request].credential_id, intents[first_fresh - 1 + f.nr], f.expires_at
          FROM unnest(fresh) WITH ORDINALITY
               AS f (request, wall, lease_id, task_id, item_id, batch_id, place, assigned,
                     intent_id, expires_at, payload, nr);
    END IF;
    RETURN QUERY
        SELECT s.request, s.wall, s.lease_id, s.task_id, s.item_id, s.batch_id, s.place,
               s.assigned, intents[s.nr], s.expires_at,
               (SELECT i.payload FROM items.item AS i
                 WHERE i.workspace_id = workspace AND i.id = s.item_id)
          FROM unnest(shown) WITH ORDINALITY
               AS s (request, wall, lease_id, task_id, item_id, batch_id, place, assigned,
                     intent_id, expires_at, payload, nr)
         ORDER BY s.nr;
END $$;

-- The HTTP entry to `grant_leases`, for one caller: authenticates in the same transaction. Definer:
-- it runs as evenhand_queue, which believes what `authenticate` has verified (docs/adr/0007).
CREATE OR REPLACE FUNCTION tasks.lease_next(
    token text, hash bytea, allowed text[], project uuid, hold int, have uuid[],
    fresh_ids uuid[], from_batch uuid, from_place bigint, policy bytea
) RETURNS TABLE (member_id uuid, request int, wall text, lease_id uuid, task_id uuid, item_id uuid,
                 batch_id uuid, place bigint, assigned boolean, intent_id bigint,
                 expires_at timestamptz, payload bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    actors identity.actor[] := identity.authenticate_all(token, ARRAY[hash], allowed);
    locked boolean := conflicts.share_wall(actors[1].workspace_id) IS NOT NULL;
BEGIN
    PERFORM tasks.take_turns(ARRAY[actors[1].member_id]);
    RETURN QUERY SELECT actors[1].member_id, g.*
      FROM tasks.grant_leases(actors, project, hold, ARRAY[have::text], fresh_ids,
                              ARRAY[from_batch], ARRAY[from_place], policy) AS g;
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

-- Ends the actors' leases at the same places as submitted, and their tasks as done; gives what was
-- ended. What is not alive, another's or of another project is not among it and stays as it was.
CREATE OR REPLACE FUNCTION tasks.end_submitted(
    workspace uuid, project uuid, leases uuid[], members uuid[]
) RETURNS TABLE (nr int, task_id uuid, item_id uuid, purpose text)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
        WITH closed AS (
            UPDATE tasks.lease AS l SET state = 'submitted', ended_at = now()
             WHERE l.workspace_id = workspace AND l.id = ANY (leases) AND l.project_id = project
               AND l.annotator_id = members[array_position(leases, l.id)]
               AND l.state = 'active' AND l.expires_at > now()
            RETURNING array_position(leases, l.id) AS nr, l.task_id
        )
        UPDATE tasks.task AS t SET state = 'done'
          FROM closed
         WHERE t.workspace_id = workspace AND t.id = closed.task_id
        RETURNING closed.nr, t.id, t.item_id, t.purpose::text;
END $$;

-- Ends the actor's lease with `outcome`, which is not 'submitted', and moves its task. A lease that
-- is already ended so (a repeated request) is left as it is; one that ended otherwise is refused.
CREATE OR REPLACE FUNCTION tasks.end_lease(
    actor identity.actor, lease uuid, outcome text, sealed_reason bytea
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    WITH closed AS (
        UPDATE tasks.lease AS l SET state = outcome, ended_at = now(), reason = sealed_reason
         WHERE l.workspace_id = actor.workspace_id AND l.id = lease
           AND l.annotator_id = actor.member_id AND l.state = 'active' AND l.expires_at > now()
        RETURNING l.task_id
    )
    UPDATE tasks.task AS t
       SET state = CASE
            WHEN outcome = 'flagged' THEN 'flagged'
            WHEN outcome = 'skipped' AND t.assignee_id IS NOT NULL THEN 'skipped'
            ELSE 'open' END
      FROM closed
     WHERE t.workspace_id = actor.workspace_id AND t.id = closed.task_id;
    IF NOT FOUND THEN
        PERFORM tasks.check_ended(actor, lease, outcome);
    END IF;
END $$;

-- Refuses unless the actor's lease has ended with `outcome`.
CREATE OR REPLACE FUNCTION tasks.check_ended(actor identity.actor, lease uuid, outcome text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE state text;
BEGIN
    SELECT CASE WHEN l.state = 'active' THEN 'expired' ELSE l.state END INTO state
      FROM tasks.lease AS l
     WHERE l.workspace_id = actor.workspace_id AND l.id = lease
       AND l.annotator_id = actor.member_id;
    IF state IS DISTINCT FROM outcome THEN
        PERFORM tasks.refuse_lease(state);
    END IF;
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
