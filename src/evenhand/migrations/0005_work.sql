-- Rooms: projects, items, tasks, judgments. Purpose: the work plane.

CREATE SCHEMA projects;
CREATE SCHEMA items;
CREATE SCHEMA tasks;
CREATE SCHEMA judgments;
GRANT USAGE ON SCHEMA projects, items, tasks, judgments TO evenhand_app;

CREATE TABLE projects.project (
    workspace_id       uuid NOT NULL,
    id                 uuid NOT NULL,
    name               text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    task_type          text NOT NULL,
    settings           jsonb NOT NULL,
    settings_version   int NOT NULL DEFAULT 1 CHECK (settings_version >= 1),
    judgments_per_item int NOT NULL CHECK (judgments_per_item BETWEEN 1 AND 100),
    lease_ttl_s        int NOT NULL CHECK (lease_ttl_s BETWEEN 5 AND 86400),
    instructions       bytea NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id)
);

-- A batch is what one import brings in. Its items are leased only when it is open, so that a large
-- import is flipped by changing one row.
CREATE TABLE items.batch (
    workspace_id uuid NOT NULL,
    id           uuid NOT NULL,
    project_id   uuid NOT NULL,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    purpose      text NOT NULL CHECK (purpose IN ('label', 'gold')),
    state        text NOT NULL CHECK (state IN ('staging', 'open', 'closed')),
    priority     int NOT NULL DEFAULT 0,
    item_count   bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    touched_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects.project (workspace_id, id)
);
CREATE INDEX batch_open ON items.batch (workspace_id, project_id, priority DESC, id)
    WHERE state = 'open';

-- `payload` is what an annotator sees, `meta` what only the customer's own people read back
-- (which model wrote which answer). `external_key` is a keyed hash of the customer's own id, which
-- itself stands sealed in `meta`.
CREATE TABLE items.item (
    workspace_id uuid NOT NULL,
    id           uuid NOT NULL,
    project_id   uuid NOT NULL,
    batch_id     uuid NOT NULL,
    external_key bytea CHECK (length(external_key) = 16),
    payload      bytea NOT NULL,
    meta         bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, batch_id) REFERENCES items.batch (workspace_id, id)
);
CREATE UNIQUE INDEX item_external ON items.item (workspace_id, project_id, external_key)
    WHERE external_key IS NOT NULL;
CREATE INDEX item_batch ON items.item (workspace_id, batch_id, id);

-- One row per wanted judgment. `position` orders a batch: all first judgments, then all second ones.
CREATE TABLE tasks.task (
    workspace_id uuid NOT NULL,
    id           uuid NOT NULL,
    project_id   uuid NOT NULL,
    batch_id     uuid NOT NULL,
    item_id      uuid NOT NULL,
    assignee_id  uuid,
    position     bigint NOT NULL CHECK (position >= 0),
    purpose      text NOT NULL CHECK (purpose IN ('label', 'gold')),
    state        text NOT NULL DEFAULT 'open'
                 CHECK (state IN ('open', 'leased', 'done', 'skipped', 'flagged')),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, item_id) REFERENCES items.item (workspace_id, id),
    FOREIGN KEY (workspace_id, batch_id) REFERENCES items.batch (workspace_id, id),
    FOREIGN KEY (workspace_id, assignee_id) REFERENCES identity.member (workspace_id, id)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 1);
CREATE INDEX task_pool ON tasks.task (workspace_id, batch_id, position)
    WHERE state = 'open' AND assignee_id IS NULL;
CREATE INDEX task_assigned ON tasks.task (workspace_id, assignee_id, batch_id, position)
    WHERE state = 'open' AND assignee_id IS NOT NULL;
CREATE INDEX task_item ON tasks.task (workspace_id, item_id);

-- A lease is an annotator's right to one task for a time; its id is the fencing token of a submit.
CREATE TABLE tasks.lease (
    workspace_id uuid NOT NULL,
    id           uuid NOT NULL,
    task_id      uuid NOT NULL,
    project_id   uuid NOT NULL,
    item_id      uuid NOT NULL,
    annotator_id uuid NOT NULL,
    credential_id uuid NOT NULL,
    state        text NOT NULL DEFAULT 'active' CHECK (state IN
                     ('active', 'submitted', 'skipped', 'flagged', 'released', 'expired',
                      'revoked')),
    intent_id    bigint NOT NULL,
    reason       bytea,
    granted_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, task_id) REFERENCES tasks.task (workspace_id, id),
    FOREIGN KEY (workspace_id, annotator_id) REFERENCES identity.member (workspace_id, id),
    CHECK ((state = 'active') = (ended_at IS NULL))
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 1);
-- A task is in one pair of hands, and one person never gets an item twice: said by the indexes.
CREATE UNIQUE INDEX lease_task ON tasks.lease (workspace_id, task_id) WHERE state = 'active';
CREATE UNIQUE INDEX lease_once ON tasks.lease (workspace_id, annotator_id, item_id)
    WHERE state IN ('active', 'submitted', 'skipped', 'flagged');
CREATE INDEX lease_mine ON tasks.lease (workspace_id, annotator_id, project_id)
    WHERE state = 'active';
CREATE INDEX lease_expiry ON tasks.lease (expires_at) WHERE state = 'active';

-- One annotator's submitted, immutable answer. The lease makes it unique.
CREATE TABLE judgments.judgment (
    workspace_id     uuid NOT NULL,
    id               uuid NOT NULL,
    project_id       uuid NOT NULL,
    item_id          uuid NOT NULL,
    task_id          uuid NOT NULL,
    lease_id         uuid NOT NULL,
    annotator_id     uuid NOT NULL,
    purpose          text NOT NULL CHECK (purpose IN ('label', 'gold')),
    simulated        boolean NOT NULL,
    settings_version int NOT NULL,
    answer           bytea NOT NULL,
    answer_mac       bytea NOT NULL CHECK (length(answer_mac) = 32),
    active_ms        int NOT NULL CHECK (active_ms >= 0),
    idempotency_key  text CHECK (length(idempotency_key) BETWEEN 1 AND 200),
    submitted_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, lease_id),
    FOREIGN KEY (workspace_id, lease_id) REFERENCES tasks.lease (workspace_id, id),
    FOREIGN KEY (workspace_id, item_id) REFERENCES items.item (workspace_id, id),
    FOREIGN KEY (workspace_id, annotator_id) REFERENCES identity.member (workspace_id, id)
);
CREATE UNIQUE INDEX judgment_idempotency
    ON judgments.judgment (workspace_id, annotator_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX judgment_project ON judgments.judgment (workspace_id, project_id, id);

SELECT platform.wall_in('projects.project');
SELECT platform.wall_in('items.batch');
SELECT platform.wall_in('items.item');
SELECT platform.wall_in('tasks.task');
SELECT platform.wall_in('tasks.lease');
SELECT platform.wall_in('judgments.judgment');
CREATE POLICY steward ON tasks.lease FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY steward ON items.batch FOR SELECT TO CURRENT_USER USING (true);

GRANT SELECT, INSERT ON projects.project, items.item, judgments.judgment TO evenhand_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON items.batch TO evenhand_app;
GRANT DELETE ON items.item TO evenhand_app;
GRANT SELECT, INSERT, DELETE ON tasks.task TO evenhand_app;
GRANT UPDATE (state) ON tasks.task TO evenhand_app;
GRANT SELECT, INSERT ON tasks.lease TO evenhand_app;
GRANT UPDATE (state, reason, ended_at, expires_at) ON tasks.lease TO evenhand_app;
