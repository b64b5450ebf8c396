-- Room: vault. Purpose: wrapped keys. Nothing here opens without the key holder.

CREATE SCHEMA vault;
GRANT USAGE ON SCHEMA vault TO evenhand_app;

-- KEK of a project, wrapped by the workspace's key (which the key holder alone has).
CREATE TABLE vault.project_key (
    workspace_id uuid NOT NULL,
    project_id   uuid NOT NULL,
    key_id       uuid NOT NULL,
    wrapped      bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, project_id)
);

-- Data keys, wrapped by the project's KEK. One is current until its objects or its day are used up.
CREATE TABLE vault.data_key (
    workspace_id uuid NOT NULL,
    id           uuid NOT NULL,
    project_id   uuid NOT NULL,
    wrapped      bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES vault.project_key (workspace_id, project_id)
);
CREATE INDEX data_key_newest ON vault.data_key (workspace_id, project_id, created_at DESC);

SELECT platform.wall_in('vault.project_key');
SELECT platform.wall_in('vault.data_key');
GRANT SELECT, INSERT ON vault.project_key, vault.data_key TO evenhand_app;
