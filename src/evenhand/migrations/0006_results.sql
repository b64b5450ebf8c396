-- Rooms: gold, consensus. Purpose: what is known of answers and of annotators.

CREATE SCHEMA gold;
CREATE SCHEMA consensus;
GRANT USAGE ON SCHEMA gold, consensus TO evenhand_app;

CREATE TABLE gold.gold (
    workspace_id uuid NOT NULL,
    item_id      uuid NOT NULL,
    project_id   uuid NOT NULL,
    sealed       bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, item_id),
    FOREIGN KEY (workspace_id, item_id) REFERENCES items.item (workspace_id, id)
);

CREATE TABLE gold.score (
    workspace_id uuid NOT NULL,
    judgment_id  uuid NOT NULL,
    project_id   uuid NOT NULL,
    item_id      uuid NOT NULL,
    annotator_id uuid NOT NULL,
    correct      boolean NOT NULL,
    scored_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, judgment_id),
    FOREIGN KEY (workspace_id, judgment_id) REFERENCES judgments.judgment (workspace_id, id)
);
CREATE INDEX score_annotator ON gold.score (workspace_id, project_id, annotator_id);

-- One aggregation. `summary` holds counts and coefficients; what names content is sealed.
CREATE TABLE consensus.run (
    workspace_id   uuid NOT NULL,
    id             uuid NOT NULL,
    project_id     uuid NOT NULL,
    method         text NOT NULL,
    version        text NOT NULL,
    state          text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    input_hash     bytea,
    summary        jsonb NOT NULL DEFAULT '{}',
    ranking        bytea,
    failure        text,
    requested_by   uuid NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects.project (workspace_id, id)
);

CREATE TABLE consensus.result (
    workspace_id uuid NOT NULL,
    run_id       uuid NOT NULL,
    item_id      uuid NOT NULL,
    sealed       bytea NOT NULL,
    PRIMARY KEY (workspace_id, run_id, item_id),
    FOREIGN KEY (workspace_id, run_id) REFERENCES consensus.run (workspace_id, id)
);

CREATE TABLE consensus.skill (
    workspace_id   uuid NOT NULL,
    run_id         uuid NOT NULL,
    annotator_id   uuid NOT NULL,
    judgment_count int NOT NULL,
    skill_prob     double precision NOT NULL CHECK (skill_prob BETWEEN 0 AND 1),
    PRIMARY KEY (workspace_id, run_id, annotator_id),
    FOREIGN KEY (workspace_id, run_id) REFERENCES consensus.run (workspace_id, id)
);

SELECT platform.wall_in('gold.gold');
SELECT platform.wall_in('gold.score');
SELECT platform.wall_in('consensus.run');
SELECT platform.wall_in('consensus.result');
SELECT platform.wall_in('consensus.skill');
GRANT SELECT, INSERT ON gold.gold, gold.score, consensus.skill TO evenhand_app;
GRANT DELETE ON gold.gold TO evenhand_app;
GRANT SELECT, INSERT, UPDATE ON consensus.result TO evenhand_app;
GRANT SELECT, INSERT, UPDATE ON consensus.run TO evenhand_app;
