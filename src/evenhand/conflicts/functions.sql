-- Room: conflicts. The wall in the same transaction as the grant.

-- Days since `person` last saw data of a rival of `workspace`, NULL if never. Rivalry counts in
-- both directions (specs/neutrality.md section 3: symmetric). Rivals are matched by LEI or domain.
-- Definer: it crosses workspaces; it tells a number and never whose data it was.
CREATE OR REPLACE FUNCTION conflicts.days_since_rival(workspace uuid, person uuid) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT min(current_date - h.last_on)
      FROM exposure.history AS h
     WHERE h.person_id = person AND h.workspace_id <> workspace
       AND EXISTS (
            SELECT FROM identity.workspace AS here
              JOIN parties.party AS us
                ON us.workspace_id = here.workspace_id AND us.id = here.customer_id
              JOIN identity.workspace AS there ON there.workspace_id = h.workspace_id
              JOIN parties.party AS them
                ON them.workspace_id = there.workspace_id AND them.id = there.customer_id
             WHERE here.workspace_id = workspace
               AND (EXISTS (SELECT FROM conflicts.rivalry AS r
                              JOIN parties.party AS named
                                ON named.workspace_id = r.workspace_id AND named.id = r.rival_id
                             WHERE r.workspace_id = workspace
                               AND (named.lei = them.lei OR named.domain = them.domain))
                 OR EXISTS (SELECT FROM conflicts.rivalry AS r
                              JOIN parties.party AS named
                                ON named.workspace_id = r.workspace_id AND named.id = r.rival_id
                             WHERE r.workspace_id = there.workspace_id
                               AND (named.lei = us.lei OR named.domain = us.domain))))
$$;
REVOKE ALL ON FUNCTION conflicts.days_since_rival(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION conflicts.days_since_rival(uuid, uuid) TO evenhand_app, evenhand_queue;

-- Locks: the workspace's wall, shared, until the transaction ends. Whoever will ask `check_grant`
-- after locking rows of leases calls this before: a change of the wall takes leases back under the
-- exclusive lock, and the two would wait for each other.
CREATE OR REPLACE FUNCTION conflicts.share_wall(workspace uuid) RETURNS void
LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared(817, hashtext(workspace::text))
$$;

-- 'allowed', 'denied', or 'unknown' (no verdict for this epoch yet: the caller computes one with
-- `conflicts.rules` and comes back). Locks: shared on the workspace's wall until the transaction
-- ends, so that a change of ties waits for grants in flight and none is granted beside it; on a
-- person's first look of the day also the person, so that two rival customers cannot both be first.
CREATE OR REPLACE FUNCTION conflicts.check_grant(actor identity.actor) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    said boolean;
    seen date;
    locked boolean := conflicts.share_wall(actor.workspace_id) IS NOT NULL;
BEGIN
    SELECT v.allowed, h.last_on INTO said, seen
      FROM conflicts.verdict AS v
      JOIN conflicts.epoch AS e ON e.workspace_id = actor.workspace_id AND e.value = v.epoch
      LEFT JOIN exposure.history AS h
        ON h.workspace_id = actor.workspace_id AND h.person_id = actor.person_id
     WHERE v.workspace_id = actor.workspace_id AND v.member_id = actor.member_id
       AND v.good_until > now();
    IF said IS NULL THEN
        RETURN 'unknown';
    ELSIF NOT said THEN
        RETURN 'denied';
    ELSIF seen = current_date THEN
        RETURN 'allowed';
    END IF;
    PERFORM pg_advisory_xact_lock(818, hashtext(actor.person_id::text));
    IF conflicts.days_since_rival(actor.workspace_id, actor.person_id) <= (
            SELECT p.cooling_off_days FROM conflicts.policy AS p
             WHERE p.workspace_id = actor.workspace_id) THEN
        UPDATE conflicts.verdict AS v SET good_until = now()
         WHERE v.workspace_id = actor.workspace_id AND v.member_id = actor.member_id;
        RETURN 'unknown';
    END IF;
    INSERT INTO exposure.history AS h (workspace_id, person_id, first_on, last_on)
    VALUES (actor.workspace_id, actor.person_id, current_date, current_date)
    ON CONFLICT (workspace_id, person_id) DO UPDATE SET last_on = excluded.last_on;
    RETURN 'allowed';
END $$;
