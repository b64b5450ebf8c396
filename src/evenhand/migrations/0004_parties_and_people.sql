-- Rooms: parties, identity, exposure, conflicts. Purpose: who is who, who may do what, who saw what.

CREATE SCHEMA parties;
CREATE SCHEMA identity;
CREATE SCHEMA exposure;
CREATE SCHEMA conflicts;
GRANT USAGE ON SCHEMA parties, identity, exposure, conflicts TO evenhand_app;

-- parties ----------------------------------------------------------------------------------------

CREATE TABLE parties.party (
    workspace_id uuid NOT NULL,
    id           uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN
                     ('organization', 'person', 'fund', 'government', 'model_endpoint', 'host')),
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role         text NOT NULL CHECK (role IN ('customer', 'vendor', 'rival', 'other')),
    lei          text CHECK (lei ~ '^[A-Z0-9]{20}$'),
    domain       text CHECK (domain ~ '^[a-z0-9.-]{3,253}$'),
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX party_lei ON parties.party (workspace_id, lei) WHERE lei IS NOT NULL;
CREATE UNIQUE INDEX party_domain ON parties.party (workspace_id, domain) WHERE domain IS NOT NULL;

-- A tie holds while its valid interval is open and we know of it. Shares are fractions in [0, 1].
CREATE TABLE parties.tie (
    workspace_id uuid NOT NULL,
    id           uuid NOT NULL,
    from_id      uuid NOT NULL,
    to_id        uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN
                     ('economic', 'votes', 'board_seat', 'appoint', 'veto', 'option', 'debt',
                      'officer', 'employment', 'former_employment', 'revenue_share', 'customer',
                      'sub_processor', 'hosting', 'model_endpoint')),
    share_lo     numeric CHECK (share_lo BETWEEN 0 AND 1),
    share_hi     numeric CHECK (share_hi BETWEEN 0 AND 1),
    valid_from   date,
    valid_to     date,
    known_at     timestamptz NOT NULL DEFAULT now(),
    source       text NOT NULL CHECK (length(source) BETWEEN 1 AND 500),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, from_id) REFERENCES parties.party (workspace_id, id),
    FOREIGN KEY (workspace_id, to_id) REFERENCES parties.party (workspace_id, id),
    CHECK (from_id <> to_id),
    CHECK (share_lo <= share_hi),
    CHECK (valid_from <= valid_to)
);
CREATE INDEX tie_from ON parties.tie (workspace_id, from_id);
CREATE INDEX tie_to ON parties.tie (workspace_id, to_id);

-- identity ---------------------------------------------------------------------------------------

CREATE TABLE identity.workspace (
    workspace_id uuid PRIMARY KEY,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    level        text NOT NULL DEFAULT 'L0' CHECK (level IN ('L0')),
    customer_id  uuid NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id, customer_id) REFERENCES parties.party (workspace_id, id)
);

-- A person across workspaces, known by a keyed hash of the e-mail address only. No grant to the
-- application's role: one definer function finds or makes a row.
CREATE TABLE identity.person (
    id        uuid PRIMARY KEY,
    email_mac bytea NOT NULL UNIQUE CHECK (length(email_mac) = 32)
);

CREATE TABLE identity.member (
    workspace_id uuid NOT NULL,
    id           uuid NOT NULL,
    person_id    uuid NOT NULL REFERENCES identity.person (id),
    party_id     uuid NOT NULL,
    vendor_id    uuid,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    email        text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
    role         text NOT NULL CHECK (role IN
                     ('owner', 'manager', 'reviewer', 'annotator', 'auditor', 'operator')),
    simulated    boolean NOT NULL DEFAULT false,
    removed_at   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, person_id),
    FOREIGN KEY (workspace_id, party_id) REFERENCES parties.party (workspace_id, id),
    FOREIGN KEY (workspace_id, vendor_id) REFERENCES parties.party (workspace_id, id)
);

-- An API key or a browser session. Only SHA-256 of the secret is kept (256 random bits: no salt).
CREATE TABLE identity.credential (
    workspace_id uuid NOT NULL,
    id           uuid NOT NULL,
    secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
    kind         text NOT NULL CHECK (kind IN ('key', 'session')),
    mode         text NOT NULL CHECK (mode IN ('live', 'test')),
    member_id    uuid NOT NULL,
    role         text NOT NULL CHECK (role IN
                     ('owner', 'manager', 'reviewer', 'annotator', 'auditor', 'operator')),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, secret_hash),
    FOREIGN KEY (workspace_id, member_id) REFERENCES identity.member (workspace_id, id)
);

-- A one-time code: for the first owner, for an invited person, or to sign a browser in.
CREATE TABLE identity.invitation (
    workspace_id uuid NOT NULL,
    id           uuid NOT NULL,
    secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
    member_id    uuid NOT NULL,
    invited_by   uuid,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz,
    revoked_at   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, secret_hash),
    FOREIGN KEY (workspace_id, member_id) REFERENCES identity.member (workspace_id, id)
);

-- exposure ---------------------------------------------------------------------------------------

-- Which item a member was given the key to, first time; the vendor is the one of that moment.
CREATE TABLE exposure.shown (
    workspace_id uuid NOT NULL,
    item_id      uuid NOT NULL,
    member_id    uuid NOT NULL,
    vendor_id    uuid,
    shown_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, item_id, member_id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES identity.member (workspace_id, id)
);

-- A person's history with a customer: first and last day on which any of its data was shown.
CREATE TABLE exposure.history (
    workspace_id uuid NOT NULL,
    person_id    uuid NOT NULL REFERENCES identity.person (id),
    first_on     date NOT NULL,
    last_on      date NOT NULL,
    PRIMARY KEY (workspace_id, person_id)
);
CREATE INDEX history_person ON exposure.history (person_id, workspace_id);

-- conflicts --------------------------------------------------------------------------------------

CREATE TABLE conflicts.rivalry (
    workspace_id uuid NOT NULL,
    rival_id     uuid NOT NULL,
    declared_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, rival_id),
    FOREIGN KEY (workspace_id, rival_id) REFERENCES parties.party (workspace_id, id)
);

-- The customer's policy: a threshold per kind of tie (a share, or 0 for "any"), cooling-off time.
CREATE TABLE conflicts.policy (
    workspace_id     uuid PRIMARY KEY,
    version          int NOT NULL CHECK (version >= 1),
    cooling_off_days int NOT NULL CHECK (cooling_off_days BETWEEN 0 AND 3650),
    thresholds       jsonb NOT NULL,
    accept_possible  boolean NOT NULL DEFAULT false
);

-- Counts every change that can alter a verdict; a verdict is good for one epoch only.
CREATE TABLE conflicts.epoch (
    workspace_id uuid PRIMARY KEY,
    value        bigint NOT NULL CHECK (value >= 1)
);

CREATE TABLE conflicts.verdict (
    workspace_id uuid NOT NULL,
    member_id    uuid NOT NULL,
    epoch        bigint NOT NULL,
    allowed      boolean NOT NULL,
    reasons      jsonb NOT NULL,
    good_until   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, member_id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES identity.member (workspace_id, id)
);

SELECT platform.wall_in('parties.party');
SELECT platform.wall_in('parties.tie');
SELECT platform.wall_in('identity.workspace');
SELECT platform.wall_in('identity.member');
SELECT platform.wall_in('identity.credential');
SELECT platform.wall_in('identity.invitation');
SELECT platform.wall_in('exposure.shown');
SELECT platform.wall_in('exposure.history');
SELECT platform.wall_in('conflicts.rivalry');
SELECT platform.wall_in('conflicts.policy');
SELECT platform.wall_in('conflicts.epoch');
SELECT platform.wall_in('conflicts.verdict');

-- What may be read across workspaces by definer functions (and by nothing else): a workspace's
-- id and name for the operator's list; a person's history, rivalries and identifiers for the wall.
CREATE POLICY steward ON identity.workspace FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY steward ON exposure.history FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY steward ON conflicts.rivalry FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY steward ON parties.party FOR SELECT TO CURRENT_USER USING (true);

GRANT SELECT, INSERT ON parties.party, parties.tie TO evenhand_app;
GRANT UPDATE (valid_to) ON parties.tie TO evenhand_app;
GRANT SELECT, INSERT ON identity.workspace, identity.member, identity.credential,
    identity.invitation TO evenhand_app;
GRANT UPDATE (removed_at) ON identity.member TO evenhand_app;
GRANT UPDATE (revoked_at) ON identity.credential TO evenhand_app;
GRANT UPDATE (used_at, revoked_at) ON identity.invitation TO evenhand_app;
GRANT SELECT, INSERT ON exposure.shown, exposure.history TO evenhand_app;
GRANT UPDATE (last_on) ON exposure.history TO evenhand_app;
GRANT SELECT, INSERT, DELETE ON conflicts.rivalry TO evenhand_app;
GRANT SELECT, INSERT, UPDATE ON conflicts.policy, conflicts.epoch, conflicts.verdict
    TO evenhand_app;
