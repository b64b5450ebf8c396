-- Room: transparency. Purpose: intents, entries, checkpoints: one log per workspace.

CREATE SCHEMA transparency;
GRANT USAGE ON SCHEMA transparency TO evenhand_app;

-- A log's identity. The signing seed and the details key are wrapped by the workspace's key (vault).
CREATE TABLE transparency.log (
    workspace_id    uuid PRIMARY KEY,
    origin          text NOT NULL UNIQUE,
    vkey            text NOT NULL,
    wrapped_seed    bytea NOT NULL,
    wrapped_details bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);

-- What is about to be shown, decided or done; written in the transaction that decides it.
-- No content and no outside ids: our ids, and words from fixed sets.
CREATE TABLE transparency.intent (
    workspace_id uuid NOT NULL,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    kind         text NOT NULL CHECK (kind ~ '^[a-z_]+\.[a-z_]+/[0-9]+$'),
    actor_id     uuid,
    object_id    uuid,
    lease_id     uuid,
    purpose      text,
    policy       bytea NOT NULL CHECK (length(policy) = 32),
    extra        jsonb,
    occurred_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (workspace_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000);

-- The log itself. The index is the leaf's place in the tree and has no gap.
CREATE TABLE transparency.entry (
    workspace_id uuid NOT NULL,
    index        bigint NOT NULL CHECK (index >= 0),
    intent_id    bigint NOT NULL,
    partition    bytea,
    leaf         bytea NOT NULL CHECK (length(leaf) BETWEEN 1 AND 65535),
    PRIMARY KEY (workspace_id, index),
    UNIQUE (workspace_id, intent_id)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.2);
CREATE INDEX entry_partition ON transparency.entry (workspace_id, partition, index)
    WHERE partition IS NOT NULL;

-- The signed head. Only `append` moves it, and only from the size that its caller saw.
CREATE TABLE transparency.checkpoint (
    workspace_id uuid PRIMARY KEY,
    size         bigint NOT NULL CHECK (size >= 0),
    edge         bytea NOT NULL,
    note         text NOT NULL,
    signed_at    timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id) REFERENCES transparency.log (workspace_id)
);

SELECT platform.wall_in('transparency.log');
SELECT platform.wall_in('transparency.intent');
SELECT platform.wall_in('transparency.entry');
SELECT platform.wall_in('transparency.checkpoint');
CREATE POLICY steward ON transparency.intent FOR SELECT TO CURRENT_USER USING (true);
GRANT SELECT, INSERT ON transparency.log, transparency.entry TO evenhand_app;
GRANT SELECT, INSERT, DELETE ON transparency.intent TO evenhand_app;
GRANT SELECT, INSERT, UPDATE ON transparency.checkpoint TO evenhand_app;
