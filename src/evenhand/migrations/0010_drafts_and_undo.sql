-- Rooms: projects, tasks, judgments. Purpose: drafts kept by the server, and taking an answer back.

-- How long a submitted answer may be taken back by its annotator.
ALTER TABLE projects.project
    ADD COLUMN undo_window_s int NOT NULL DEFAULT 600 CHECK (undo_window_s BETWEEN 30 AND 86400);

-- A lease whose judgment was withdrawn; the task then has a fresh lease, with an id of its own.
ALTER TABLE tasks.lease DROP CONSTRAINT lease_state_check;
ALTER TABLE tasks.lease ADD CONSTRAINT lease_state_check CHECK (state IN
    ('active', 'submitted', 'skipped', 'flagged', 'released', 'expired', 'revoked', 'withdrawn'));

-- What an annotator has typed into a task and not yet submitted, sealed. `version` counts the
-- writes: whoever writes says which one he has seen.
CREATE TABLE tasks.draft (
    workspace_id uuid NOT NULL,
    lease_id     uuid NOT NULL,
    annotator_id uuid NOT NULL,
    project_id   uuid NOT NULL,
    version      int NOT NULL CHECK (version >= 1),
    sealed       bytea NOT NULL CHECK (length(sealed) <= 270000),
    saved_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, lease_id),
    FOREIGN KEY (workspace_id, lease_id) REFERENCES tasks.lease (workspace_id, id),
    FOREIGN KEY (workspace_id, annotator_id) REFERENCES identity.member (workspace_id, id)
);
CREATE INDEX draft_mine ON tasks.draft (workspace_id, annotator_id);

-- Set when a draft is written, so that the end of a lease without one costs nothing more.
ALTER TABLE tasks.lease ADD COLUMN drafted boolean NOT NULL DEFAULT false;
CREATE FUNCTION tasks.drop_draft() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM tasks.draft AS d WHERE d.workspace_id = NEW.workspace_id AND d.lease_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER drop_draft AFTER UPDATE OF state ON tasks.lease
    FOR EACH ROW WHEN (NEW.drafted AND NEW.state <> 'active') EXECUTE FUNCTION tasks.drop_draft();

-- Judgments that their annotators took back. The judgment's own row never changes.
CREATE TABLE judgments.withdrawal (
    workspace_id uuid NOT NULL,
    judgment_id  uuid NOT NULL,
    lease_id     uuid NOT NULL,
    withdrawn_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, judgment_id),
    UNIQUE (workspace_id, lease_id),
    FOREIGN KEY (workspace_id, judgment_id) REFERENCES judgments.judgment (workspace_id, id),
    FOREIGN KEY (workspace_id, lease_id) REFERENCES tasks.lease (workspace_id, id)
);

-- Until when a project's judgments have gone into a result (an aggregation or an export): those
-- cannot be taken back any more.
CREATE TABLE judgments.settled (
    workspace_id uuid NOT NULL,
    project_id   uuid NOT NULL,
    until        timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, project_id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects.project (workspace_id, id)
);

-- An annotator's own latest answers, and what they set aside.
CREATE INDEX judgment_mine ON judgments.judgment (workspace_id, annotator_id, id);
CREATE INDEX lease_set_aside ON tasks.lease (workspace_id, annotator_id, ended_at)
    WHERE state IN ('skipped', 'flagged');

SELECT platform.wall_in('tasks.draft');
SELECT platform.wall_in('judgments.withdrawal');
SELECT platform.wall_in('judgments.settled');
GRANT SELECT, INSERT, UPDATE, DELETE ON tasks.draft TO evenhand_app;
-- Ending a lease in `judgments.submit` fires the trigger as evenhand_queue.
SELECT platform.wall_in_queue('tasks.draft');
GRANT SELECT, DELETE ON tasks.draft TO evenhand_queue;
GRANT UPDATE (drafted) ON tasks.lease TO evenhand_app;
GRANT SELECT, INSERT ON judgments.withdrawal TO evenhand_app;
GRANT SELECT, INSERT, UPDATE ON judgments.settled TO evenhand_app;
