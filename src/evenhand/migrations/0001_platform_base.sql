-- Room: platform. Purpose: the workspace token, jobs, idempotency keys.
-- All files here run as role evenhand_owner; the application logs in as a member of evenhand_app.

CREATE SCHEMA platform;
GRANT USAGE ON SCHEMA platform TO evenhand_app;

-- HMAC-SHA-256 keys of the workspace token, already padded to the block size (RFC 2104), because
-- the core has sha256() and no hmac(). The application's role has no grant here.
CREATE TABLE platform.token_secret (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    secret    bytea NOT NULL CHECK (length(secret) = 32),
    inner_pad bytea NOT NULL CHECK (length(inner_pad) = 64),
    outer_pad bytea NOT NULL CHECK (length(outer_pad) = 64)
);

-- The workspace named by the transaction's token, or NULL when there is none, it is forged, or it
-- is past its time. Token: 32 hex digits of the workspace, ':', expiry in seconds since the epoch,
-- ':', 64 hex digits of HMAC-SHA-256 over what stands before.
CREATE FUNCTION platform.current_workspace() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    token text := current_setting('evenhand.token', true);
    cut   int := length(token) - 65;
    pads  platform.token_secret;
BEGIN
    IF token IS NULL OR cut < 34 THEN
        RETURN NULL;
    END IF;
    SELECT * INTO pads FROM platform.token_secret;
    IF encode(sha256(pads.outer_pad || sha256(
            pads.inner_pad || convert_to(left(token, cut), 'UTF8'))), 'hex')
        <> right(token, 64)
        OR substr(token, 34, cut - 33)::bigint < extract(epoch FROM clock_timestamp())
    THEN
        RETURN NULL;
    END IF;
    RETURN left(token, 32)::uuid;
END $$;
REVOKE ALL ON FUNCTION platform.current_workspace() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.current_workspace() TO evenhand_app;

-- Gives a workspace table its walls: row-level security that also binds the owner, one policy.
CREATE FUNCTION platform.wall_in(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY workspace ON %s'
        ' USING (workspace_id = (SELECT platform.current_workspace()))'
        ' WITH CHECK (workspace_id = (SELECT platform.current_workspace()))', target);
END $$;
REVOKE ALL ON FUNCTION platform.wall_in(regclass) FROM PUBLIC;

-- Background work and past-tense events; a row is deleted in the transaction that does its work.
CREATE TABLE platform.job (
    workspace_id uuid NOT NULL,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    kind         text NOT NULL CHECK (kind ~ '^[a-z_]+(\.[a-z_]+)+$'),
    subject_id   uuid NOT NULL,
    args         jsonb NOT NULL DEFAULT '{}',
    state        text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'failed')),
    attempts     int NOT NULL DEFAULT 0,
    run_at       timestamptz NOT NULL DEFAULT now(),
    last_error   text,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX job_ready ON platform.job (run_at) WHERE state = 'ready';
SELECT platform.wall_in('platform.job');
CREATE POLICY steward ON platform.job FOR SELECT TO CURRENT_USER USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON platform.job TO evenhand_app;

-- Workspaces with a job that is due; ids only. Crosses workspaces, hence a definer function.
CREATE FUNCTION platform.workspaces_with_due_jobs(most int) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT due.workspace_id FROM (
        SELECT job.workspace_id FROM platform.job AS job
        WHERE job.state = 'ready' AND job.run_at <= now() ORDER BY job.run_at LIMIT most
    ) AS due
$$;
REVOKE ALL ON FUNCTION platform.workspaces_with_due_jobs(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.workspaces_with_due_jobs(int) TO evenhand_app;

-- What an Idempotency-Key did: ids and a keyed hash of the request, never a payload.
CREATE TABLE platform.idempotency (
    workspace_id uuid NOT NULL,
    actor_id     uuid NOT NULL,
    key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_mac  bytea NOT NULL CHECK (length(request_mac) = 32),
    made_id      uuid NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, actor_id, key)
);
SELECT platform.wall_in('platform.idempotency');
GRANT SELECT, INSERT ON platform.idempotency TO evenhand_app;
