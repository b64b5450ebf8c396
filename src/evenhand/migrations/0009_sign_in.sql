-- Room: identity. Purpose: how people sign in: passwords, second factors, sessions, limits on tries.

-- Which service key this database belongs to: SHA-256 over a label and the key. No grant to the
-- application's role: one definer function binds the first key and tells later which one it was.
CREATE TABLE identity.service_key (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32)
);

-- Tries by account and network, under a keyed hash of either. No grant to the application's role.
-- No next try before `open_at`; what is idle for long is forgotten.
CREATE TABLE identity.throttle (
    bucket  bytea PRIMARY KEY CHECK (length(bucket) = 32),
    tries   int NOT NULL CHECK (tries >= 0),
    last_at timestamptz NOT NULL,
    open_at timestamptz NOT NULL
);
CREATE INDEX throttle_last ON identity.throttle (last_at);

-- A member's password of this workspace; nothing of it holds in another one. The hash is HMAC under
-- the service's key over argon2id with `params`. The application's role may compare and replace it
-- and never read it. `reset_at`: set through a reset link, and not yet told to the member.
CREATE TABLE identity.password (
    workspace_id uuid NOT NULL,
    member_id    uuid NOT NULL,
    person_id    uuid NOT NULL REFERENCES identity.person (id),
    params       text NOT NULL CHECK (length(params) BETWEEN 1 AND 100),
    hash         bytea NOT NULL CHECK (length(hash) = 32),
    changed_at   timestamptz NOT NULL DEFAULT now(),
    reset_at     timestamptz,
    PRIMARY KEY (workspace_id, member_id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES identity.member (workspace_id, id)
);
CREATE INDEX password_person ON identity.password (person_id, workspace_id);

-- TOTP (RFC 6238). The secret is sealed under the service's key; a time step is accepted once.
CREATE TABLE identity.second_factor (
    workspace_id uuid NOT NULL,
    member_id    uuid NOT NULL,
    sealed       bytea NOT NULL CHECK (length(sealed) BETWEEN 40 AND 100),
    confirmed_at timestamptz,
    last_step    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, member_id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES identity.member (workspace_id, id)
);

-- Each is a keyed hash and works once.
CREATE TABLE identity.recovery_code (
    workspace_id uuid NOT NULL,
    member_id    uuid NOT NULL,
    code_hash    bytea NOT NULL CHECK (length(code_hash) = 32),
    used_at      timestamptz,
    PRIMARY KEY (workspace_id, member_id, code_hash),
    FOREIGN KEY (workspace_id, member_id) REFERENCES identity.member (workspace_id, id)
);

-- A session ends at `expires_at`, which moves while it is used, up to `ends_at`.
ALTER TABLE identity.credential
    ADD COLUMN ends_at      timestamptz,
    ADD COLUMN last_seen_at timestamptz,
    ADD COLUMN device       text CHECK (length(device) BETWEEN 1 AND 100);

-- join: the first entry of an invited person. self: of a member for its own next browser.
-- reset: from the operator's command line; good for a new password and nothing else.
ALTER TABLE identity.invitation
    ADD COLUMN purpose text NOT NULL DEFAULT 'join' CHECK (purpose IN ('join', 'self', 'reset'));

SELECT platform.wall_in('identity.password');
SELECT platform.wall_in('identity.second_factor');
SELECT platform.wall_in('identity.recovery_code');

-- The look-up by e-mail comes before the workspace is known; definer functions alone read it so.
CREATE POLICY steward ON identity.password FOR SELECT TO CURRENT_USER USING (true);

GRANT SELECT (workspace_id, member_id, person_id, params, changed_at, reset_at), INSERT, DELETE
    ON identity.password TO evenhand_app;
GRANT UPDATE (params, hash, changed_at, reset_at) ON identity.password TO evenhand_app;
GRANT SELECT, INSERT, DELETE ON identity.second_factor, identity.recovery_code TO evenhand_app;
GRANT UPDATE (sealed, confirmed_at, last_step) ON identity.second_factor TO evenhand_app;
GRANT UPDATE (used_at) ON identity.recovery_code TO evenhand_app;
GRANT UPDATE (expires_at, last_seen_at) ON identity.credential TO evenhand_app;
GRANT UPDATE (role) ON identity.member TO evenhand_app;
