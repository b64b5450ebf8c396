-- Room: identity. Who is calling: one function for every credential, in the caller's transaction.

DO $$ BEGIN
    CREATE TYPE identity.actor AS (
        workspace_id uuid, member_id uuid, person_id uuid, party_id uuid, vendor_id uuid,
        name text, role text, simulated boolean, credential_id uuid, mode text);
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- Sets the workspace token for the transaction and gives the actor behind each secret's hash, in
-- their order. Refuses all when for one of them there is no live credential of a present member, or
-- its role is not among `allowed`.
CREATE OR REPLACE FUNCTION identity.authenticate_all(token text, hashes bytea[], allowed text[])
RETURNS identity.actor[]
LANGUAGE plpgsql AS $$
DECLARE
    workspace uuid;
    actors identity.actor[];
    refused text;
BEGIN
    token := set_config('evenhand.token', token, true);
    workspace := platform.current_workspace();
    IF workspace IS NOT NULL THEN
        -- Believed by the policies of evenhand_queue, for the functions that run as it.
        token := set_config('evenhand.verified', workspace::text, true);
        SELECT array_agg((m.workspace_id, m.id, m.person_id, m.party_id, m.vendor_id, m.name,
                          c.role, m.simulated, c.id, c.mode)::identity.actor
                         ORDER BY array_position(hashes, c.secret_hash)),
               min(c.role) FILTER (WHERE c.role <> ALL (allowed))
          INTO actors, refused
          FROM identity.credential AS c
          JOIN identity.member AS m ON m.workspace_id = workspace AND m.id = c.member_id
         WHERE c.workspace_id = workspace AND c.secret_hash = ANY (hashes)
           AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())
           AND m.removed_at IS NULL;
    END IF;
    IF actors IS NULL OR cardinality(actors) < cardinality(hashes) THEN
        RAISE EXCEPTION USING ERRCODE = 'EH401', MESSAGE = 'sign_in_required',
            DETAIL = 'No valid key or session came with the request; sign in again.';
    END IF;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'EH403', MESSAGE = 'permission_denied',
            DETAIL = format('The role %s may not do this; ask an owner of the workspace.',
                            refused);
    END IF;
    RETURN actors;
END $$;

-- As `authenticate_all`, for one.
CREATE OR REPLACE FUNCTION identity.authenticate(token text, hash bytea, allowed text[])
RETURNS identity.actor
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (identity.authenticate_all(token, ARRAY[hash], allowed))[1];
END $$;

-- Finds or makes the person behind a keyed hash of an e-mail address. Definer: `identity.person`
-- spans workspaces and the application's role has no grant on it.
CREATE OR REPLACE FUNCTION identity.person_for(mac bytea, fresh_id uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE found_id uuid;
BEGIN
    INSERT INTO identity.person (id, email_mac) VALUES (fresh_id, mac)
        ON CONFLICT (email_mac) DO NOTHING;
    SELECT p.id INTO found_id FROM identity.person AS p WHERE p.email_mac = mac;
    RETURN found_id;
END $$;
REVOKE ALL ON FUNCTION identity.person_for(bytea, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.person_for(bytea, uuid) TO evenhand_app;

-- Ids and names of all workspaces, for the operator's list. Definer: it crosses workspaces.
CREATE OR REPLACE FUNCTION identity.list_workspaces() RETURNS TABLE (id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT w.workspace_id, w.name FROM identity.workspace AS w ORDER BY w.created_at, w.workspace_id
$$;
REVOKE ALL ON FUNCTION identity.list_workspaces() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.list_workspaces() TO evenhand_app;

-- Binds the database to the service's key at the first start; gives the fingerprint that is bound.
-- Definer: the table has no grant.
CREATE OR REPLACE FUNCTION identity.bind_service_key(fresh bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE bound bytea;
BEGIN
    INSERT INTO identity.service_key (fingerprint) VALUES (fresh) ON CONFLICT DO NOTHING;
    SELECT k.fingerprint INTO bound FROM identity.service_key AS k;
    RETURN bound;
END $$;
REVOKE ALL ON FUNCTION identity.bind_service_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.bind_service_key(bytea) TO evenhand_app;

-- How the passwords behind an address were hashed: usually one row, none for an unknown address.
-- Definer: it crosses workspaces, and gives no name, id or hash of any.
CREATE OR REPLACE FUNCTION identity.password_params(mac bytea) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT k.params FROM identity.person AS p
      JOIN identity.password AS k ON k.person_id = p.id
     WHERE p.email_mac = mac
$$;
REVOKE ALL ON FUNCTION identity.password_params(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.password_params(bytea) TO evenhand_app;

-- Memberships behind an address, and whether the hash made with their own parameters is theirs.
-- Definer: it crosses workspaces; the hashes come in and never go out.
CREATE OR REPLACE FUNCTION identity.match_password(mac bytea, made_with text[], made bytea[])
RETURNS TABLE (workspace_id uuid, member_id uuid, params text, changed_at timestamptz,
               matched boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.workspace_id, k.member_id, k.params, k.changed_at,
           EXISTS (SELECT FROM unnest(made_with, made) AS tried (params, hash)
                    WHERE tried.params = k.params AND tried.hash = k.hash)
      FROM identity.person AS p JOIN identity.password AS k ON k.person_id = p.id
     WHERE p.email_mac = mac ORDER BY k.workspace_id
$$;
REVOKE ALL ON FUNCTION identity.match_password(bytea, text[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.match_password(bytea, text[], bytea[]) TO evenhand_app;

-- Takes one try from every bucket, or gives the seconds to wait and takes nothing. A bucket gives
-- `free` tries, then each doubles the wait from one second up to `most_s`. The rows are locked in
-- the order of the array, which the caller sorts. Definer: it belongs to no workspace.
CREATE OR REPLACE FUNCTION identity.take_try(
    buckets bytea[], free int[], most_s float8[], forget_s float8) RETURNS float8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    at timestamptz := clock_timestamp();
    wait float8 := 0;
    row identity.throttle;
    counts int[] := '{}';
BEGIN
    DELETE FROM identity.throttle AS t WHERE t.bucket IN (
        SELECT old.bucket FROM identity.throttle AS old
         WHERE old.last_at < at - make_interval(secs => forget_s) AND old.open_at < at
         ORDER BY old.last_at LIMIT 20 FOR UPDATE SKIP LOCKED);
    FOR place IN 1 .. cardinality(buckets) LOOP
        INSERT INTO identity.throttle (bucket, tries, last_at, open_at)
            VALUES (buckets[place], 0, at, at) ON CONFLICT (bucket) DO NOTHING;
        SELECT t.bucket, t.tries, t.last_at, t.open_at INTO row FROM identity.throttle AS t
         WHERE t.bucket = buckets[place] FOR UPDATE;
        at := clock_timestamp();
        IF row.last_at < at - make_interval(secs => forget_s) THEN
            row.tries := 0;
        END IF;
        counts := counts || (row.tries + 1);
        wait := greatest(wait, extract(epoch FROM row.open_at - at));
    END LOOP;
    IF wait > 0 THEN
        RETURN wait;
    END IF;
    FOR place IN 1 .. cardinality(buckets) LOOP
        UPDATE identity.throttle AS t SET tries = counts[place], last_at = at,
               open_at = at + make_interval(secs => CASE WHEN counts[place] < free[place] THEN 0
                   ELSE least(most_s[place],
                              power(2.0, least(counts[place] - free[place], 30))) END)
         WHERE t.bucket = buckets[place];
    END LOOP;
    RETURN 0;
END $$;
REVOKE ALL ON FUNCTION identity.take_try(bytea[], int[], float8[], float8) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.take_try(bytea[], int[], float8[], float8) TO evenhand_app;

-- After a success: `cleared` begin anew, `returned` get this one try back. Definer, as above.
CREATE OR REPLACE FUNCTION identity.return_try(cleared bytea[], returned bytea[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM identity.throttle AS t WHERE t.bucket = ANY (cleared);
    UPDATE identity.throttle AS t SET tries = greatest(t.tries - 1, 0), open_at = t.last_at
     WHERE t.bucket = ANY (returned);
$$;
REVOKE ALL ON FUNCTION identity.return_try(bytea[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.return_try(bytea[], bytea[]) TO evenhand_app;
