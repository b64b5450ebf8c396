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

-- For each actor, in their order: 'allowed', 'denied', or 'unknown' (no verdict for this epoch yet:
-- the caller computes one with `conflicts.rules` and comes back). Locks: shared on the workspace's
-- wall until the transaction ends, so that a change of ties waits for grants in flight and none is
-- granted beside it; on a person's first look of the day also the person (`check_first_look`).
CREATE OR REPLACE FUNCTION conflicts.check_grants(actors identity.actor[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    workspace uuid := actors[1].workspace_id;
    said text[];
    locked boolean := conflicts.share_wall(workspace) IS NOT NULL;
BEGIN
    SELECT array_agg(
               CASE WHEN v.allowed AND h.last_on = current_date THEN 'allowed'
                    WHEN v.allowed THEN 'first'
                    WHEN NOT v.allowed THEN 'denied'
                    ELSE 'unknown' END
               ORDER BY a.place)
      INTO said
      FROM unnest(actors) WITH ORDINALITY
           AS a (workspace_id, member_id, person_id, party_id, vendor_id, name, role, simulated,
                 credential_id, mode, place)
      LEFT JOIN conflicts.verdict AS v
        ON v.workspace_id = workspace AND v.member_id = a.member_id AND v.good_until > now()
       AND v.epoch = (SELECT e.value FROM conflicts.epoch AS e WHERE e.workspace_id = workspace)
      LEFT JOIN exposure.history AS h
        ON h.workspace_id = workspace AND h.person_id = a.person_id;
    WHILE 'first' = ANY (said) LOOP
        said[array_position(said, 'first')] :=
            conflicts.check_first_look(actors[array_position(said, 'first')]);
    END LOOP;
    RETURN said;
END $$;

-- As `check_grants`, for one.
CREATE OR REPLACE FUNCTION conflicts.check_grant(actor identity.actor) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (conflicts.check_grants(ARRAY[actor]))[1];
END $$;

-- 'allowed' or 'unknown', for an actor whom the verdict allows and who has seen nothing of this
-- workspace today. Locks: the person, so that two rival customers cannot both be first.
CREATE OR REPLACE FUNCTION conflicts.check_first_look(actor identity.actor) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
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
