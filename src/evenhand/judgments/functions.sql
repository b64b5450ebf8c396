-- Room: judgments. Submit, and carry the next leases in the same round trip, for a group of callers
-- of one project: request n is what stands at place n of every array. All or none: one refusal
-- refuses the group, and the caller sends each again by itself. Definer: it runs as evenhand_queue,
-- which believes what `authenticate_all` has verified (docs/adr/0007, 0009).
-- Locks, in this order: wall (shared, when a next lease is wanted), the members, the leases' rows.

CREATE OR REPLACE FUNCTION judgments.submit(
    token text, hashes bytea[], allowed text[], project uuid, leases uuid[], made_ids uuid[],
    answers bytea[], macs bytea[], spent_ms int[], settings int[], keys text[],
    hold int, haves text[], fresh_leases uuid[], from_batches uuid[], from_places bigint[],
    policy bytea
) RETURNS TABLE (request int, judgment_id uuid, submitted_at timestamptz, replayed boolean,
                 purpose text, member_id uuid, item_of_judgment uuid,
                 wall text, lease_id uuid, task_id uuid, item_id uuid, batch_id uuid, place bigint,
                 assigned boolean, intent_id bigint, expires_at timestamptz, payload bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    actors identity.actor[] := identity.authenticate_all(token, hashes, allowed);
    workspace uuid := actors[1].workspace_id;
    members uuid[] := ARRAY(SELECT a.member_id FROM unnest(actors) AS a);
    made judgments.judgment;
    done judgments.judgment[];
    locked boolean;
BEGIN
    IF hold > 0 THEN
        locked := conflicts.share_wall(workspace) IS NOT NULL;
    END IF;
    PERFORM tasks.take_turns(members);
    FOR made IN
        INSERT INTO judgments.judgment AS j
            (workspace_id, id, project_id, item_id, task_id, lease_id, annotator_id, purpose,
             simulated, settings_version, answer, answer_mac, active_ms, idempotency_key)
        SELECT workspace, made_ids[e.nr], project, e.item_id, e.task_id, leases[e.nr],
               members[e.nr], e.purpose, actors[e.nr].simulated, settings[e.nr], answers[e.nr],
               macs[e.nr], spent_ms[e.nr], keys[e.nr]
          FROM tasks.end_submitted(workspace, project, leases, members) AS e
        RETURNING j.*
    LOOP
        done[array_position(leases, made.lease_id)] := made;
        IF made.purpose = 'gold' THEN
            INSERT INTO platform.job (workspace_id, kind, subject_id)
            VALUES (workspace, 'judgment.submitted', made.id);
        END IF;
    END LOOP;
    FOR nr IN 1 .. cardinality(leases) LOOP
        IF done[nr] IS NULL THEN
            done[nr] := judgments.find_repeated(actors[nr], project, leases[nr], macs[nr]);
        END IF;
    END LOOP;
    RETURN QUERY
        SELECT d.nr::int, d.id, d.submitted_at, d.id <> made_ids[d.nr], d.purpose::text,
               d.annotator_id, d.item_id,
               g.wall, g.lease_id, g.task_id, g.item_id, g.batch_id, g.place, g.assigned,
               g.intent_id, g.expires_at, g.payload
          FROM unnest(done) WITH ORDINALITY
               AS d (workspace_id, id, project_id, item_id, task_id, lease_id, annotator_id,
                     purpose, simulated, settings_version, answer, answer_mac, active_ms,
                     idempotency_key, submitted_at, nr)
          LEFT JOIN tasks.grant_leases(actors, project, hold, haves, fresh_leases, from_batches,
                                       from_places, policy) AS g ON g.request = d.nr;
END $$;

-- The judgment that the actor's lease has led to already, if `mac` says that it is the same answer;
-- refuses otherwise.
CREATE OR REPLACE FUNCTION judgments.find_repeated(
    actor identity.actor, project uuid, lease uuid, mac bytea
) RETURNS judgments.judgment
LANGUAGE plpgsql AS $$
DECLARE made judgments.judgment;
BEGIN
    IF EXISTS (SELECT FROM tasks.lease AS l
                WHERE l.workspace_id = actor.workspace_id AND l.id = lease
                  AND l.annotator_id = actor.member_id AND l.project_id <> project) THEN
        RAISE EXCEPTION USING ERRCODE = 'EH404', MESSAGE = 'lease_not_yours',
            DETAIL = 'You hold no such lease in this project; ask for your next task.';
    END IF;
    PERFORM tasks.check_ended(actor, lease, 'submitted');
    SELECT j.* INTO made FROM judgments.judgment AS j
     WHERE j.workspace_id = actor.workspace_id AND j.lease_id = lease;
    IF made.answer_mac <> mac THEN
        RAISE EXCEPTION USING ERRCODE = 'EH409', MESSAGE = 'lease_used',
            DETAIL = 'Another answer was already submitted for this lease; it stands.';
    END IF;
    RETURN made;
END $$;

-- Marks a project's judgments as gone into a result and gives those of `ids` that are not withdrawn,
-- in their order. Locks: the project (821), exclusively; whoever withdraws takes it shared. Both
-- take it before any other lock.
CREATE OR REPLACE FUNCTION judgments.settle(workspace uuid, project uuid, ids uuid[])
RETURNS SETOF uuid
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(821, hashtext(project::text));
    INSERT INTO judgments.settled AS s (workspace_id, project_id, until)
    VALUES (workspace, project, clock_timestamp())
    ON CONFLICT (workspace_id, project_id) DO UPDATE SET until = excluded.until;
    RETURN QUERY
        SELECT listed.id FROM unnest(ids) WITH ORDINALITY AS listed (id, place)
         WHERE NOT EXISTS (SELECT FROM judgments.withdrawal AS w
                            WHERE w.workspace_id = workspace AND w.judgment_id = listed.id)
         ORDER BY listed.place;
END $$;

-- Raises the reason why the actor may not take a judgment back, if there is one.
CREATE OR REPLACE FUNCTION judgments.check_withdrawable(
    actor identity.actor, made judgments.judgment, most_recent int
) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    window_s int;
    is_open boolean;
BEGIN
    IF made.purpose = 'gold' THEN
        RAISE EXCEPTION USING ERRCODE = 'EH409', MESSAGE = 'undo_gold',
            DETAIL = 'The right answer to this task has been told; yours stands.';
    END IF;
    SELECT p.undo_window_s, b.state = 'open' INTO window_s, is_open
      FROM tasks.task AS t
      JOIN items.batch AS b ON b.workspace_id = actor.workspace_id AND b.id = t.batch_id
      JOIN projects.project AS p
        ON p.workspace_id = actor.workspace_id AND p.id = made.project_id
     WHERE t.workspace_id = actor.workspace_id AND t.id = made.task_id;
    IF NOT is_open THEN
        window_s := 30;
    END IF;
    IF made.submitted_at + make_interval(secs => window_s) < now() OR most_recent <= (
            SELECT count(*) FROM (
                SELECT FROM judgments.judgment AS j
                 WHERE j.workspace_id = actor.workspace_id AND j.annotator_id = actor.member_id
                   AND j.project_id = made.project_id AND j.id > made.id
                   AND NOT EXISTS (SELECT FROM judgments.withdrawal AS w
                                    WHERE w.workspace_id = actor.workspace_id
                                      AND w.judgment_id = j.id)
                 LIMIT most_recent) AS later) THEN
        RAISE EXCEPTION USING ERRCODE = 'EH409', MESSAGE = 'undo_too_late',
            DETAIL = 'This answer can no longer be taken back: it is too old, or too many came'
                     ' after it, or its batch is closed.';
    END IF;
    IF EXISTS (SELECT FROM judgments.settled AS s
                WHERE s.workspace_id = actor.workspace_id AND s.project_id = made.project_id
                  AND s.until >= made.submitted_at) THEN
        RAISE EXCEPTION USING ERRCODE = 'EH409', MESSAGE = 'undo_used',
            DETAIL = 'This answer has gone into a result already; it stands.';
    END IF;
END $$;

-- Takes the actor's judgment back and leases its task to them anew: withdrawal, leaves and lease in
-- one transaction. A repeat gives the same lease again, while it is alive, as a look again. A
-- `wall` that is not 'allowed' stands alone, and nothing was changed.
-- Locks, in this order: project (821, shared), wall (shared), the old lease's row.
CREATE OR REPLACE FUNCTION judgments.withdraw(
    token text, hash bytea, allowed text[], judgment uuid, fresh_id uuid, most_recent int,
    policy bytea
) RETURNS TABLE (wall text, member_id uuid, lease_id uuid, task_id uuid, item_id uuid,
                 intent_id bigint, expires_at timestamptz, payload bytea,
                 answer bytea, answer_intent_id bigint, active_ms int)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    actor identity.actor := identity.authenticate(token, hash, allowed);
    made judgments.judgment;
    given uuid;
BEGIN
    SELECT j.* INTO made FROM judgments.judgment AS j
     WHERE j.workspace_id = actor.workspace_id AND j.id = judgment
       AND j.annotator_id = actor.member_id;
    IF made.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'EH404', MESSAGE = 'not_found',
            DETAIL = 'You have no such judgment.';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(821, hashtext(made.project_id::text));
    member_id := actor.member_id;
    wall := conflicts.check_grant(actor);
    IF wall <> 'allowed' THEN
        IF wall = 'denied' THEN
            PERFORM transparency.intend(actor.workspace_id, 'access.denied/1', actor.member_id,
                made.project_id, NULL, 'annotate', policy, '{"reason":"wall"}');
        END IF;
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM FROM tasks.lease AS l
      WHERE l.workspace_id = actor.workspace_id AND l.id = made.lease_id FOR UPDATE;
    SELECT w.lease_id INTO given FROM judgments.withdrawal AS w
     WHERE w.workspace_id = actor.workspace_id AND w.judgment_id = judgment;
    IF given IS NULL THEN
        PERFORM judgments.check_withdrawable(actor, made, most_recent);
        lease_id := fresh_id;
        SELECT r.task_id, r.item_id, r.intent_id, r.expires_at, r.payload
          INTO task_id, item_id, intent_id, expires_at, payload
          FROM tasks.reopen(actor, made.lease_id, fresh_id, policy) AS r;
        INSERT INTO judgments.withdrawal (workspace_id, judgment_id, lease_id)
        VALUES (actor.workspace_id, judgment, fresh_id);
        PERFORM transparency.intend(actor.workspace_id, 'judgment.withdrawn/1', actor.member_id,
            judgment, NULL, 'undo', policy, NULL);
    ELSE
        SELECT l.id, l.task_id, l.item_id, l.expires_at, i.payload
          INTO lease_id, task_id, item_id, expires_at, payload
          FROM tasks.lease AS l
          JOIN items.item AS i ON i.workspace_id = actor.workspace_id AND i.id = l.item_id
         WHERE l.workspace_id = actor.workspace_id AND l.id = given AND l.state = 'active'
           AND l.expires_at > now();
        IF lease_id IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'EH409', MESSAGE = 'judgment_withdrawn',
                DETAIL = 'This answer was taken back before, and its task has moved on.';
        END IF;
        intent_id := transparency.intend(actor.workspace_id, 'payload.released/1',
            actor.member_id, item_id, lease_id, 'annotate', policy, NULL);
    END IF;
    answer := made.answer;
    active_ms := made.active_ms;
    answer_intent_id := transparency.intend(actor.workspace_id, 'answer.released/1',
        actor.member_id, judgment, NULL, 'undo', policy, NULL);
    RETURN NEXT;
END $$;
GRANT CREATE ON SCHEMA judgments TO evenhand_queue;
ALTER FUNCTION judgments.submit(
    text, bytea[], text[], uuid, uuid[], uuid[], bytea[], bytea[], int[], int[], text[], int,
    text[], uuid[], uuid[], bigint[], bytea) OWNER TO evenhand_queue;
REVOKE CREATE ON SCHEMA judgments FROM evenhand_queue;
REVOKE ALL ON FUNCTION judgments.submit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION judgments.submit TO evenhand_app;
