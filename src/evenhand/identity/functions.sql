-- Room: identity. Who is calling: one function for every credential, in the caller's transaction.

DO $$ BEGIN
    CREATE TYPE identity.actor AS (
        workspace_id uuid, member_id uuid, person_id uuid, party_id uuid, vendor_id uuid,
        name text, role text, simulated boolean, credential_id uuid, mode text);
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- Sets the workspace token for the transaction and gives the actor behind a secret's hash.
-- Refuses: no live credential of a present member, or a role that is not among `allowed`.
CREATE OR REPLACE FUNCTION identity.authenticate(token text, hash bytea, allowed text[])
RETURNS identity.actor
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    workspace uuid;
    actor identity.actor;
BEGIN
    PERFORM set_config('evenhand.token', token, true);
    workspace := platform.current_workspace();
    SELECT m.workspace_id, m.id, m.person_id, m.party_id, m.vendor_id, m.name, c.role,
           m.simulated, c.id, c.mode
      INTO actor
      FROM identity.credential AS c
      JOIN identity.member AS m ON m.workspace_id = workspace AND m.id = c.member_id
     WHERE c.workspace_id = workspace AND c.secret_hash = hash
       AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())
       AND m.removed_at IS NULL;
    IF actor.member_id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'EH401', MESSAGE = 'sign_in_required',
            DETAIL = 'No valid key or session came with the request; sign in again.';
    END IF;
    IF actor.role <> ALL (allowed) THEN
        RAISE EXCEPTION USING ERRCODE = 'EH403', MESSAGE = 'permission_denied',
            DETAIL = format('The role %s may not do this; ask an owner of the workspace.',
                            actor.role);
    END IF;
    RETURN actor;
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
