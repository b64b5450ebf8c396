-- Rooms: identity, tasks, consensus. Purpose: whoever was removed can be invited again; which items
-- stand behind a place of the leaderboard.

-- A person is a present member once. Earlier memberships keep their rows: what was judged, shown and
-- logged under them stays theirs.
ALTER TABLE identity.member DROP CONSTRAINT member_workspace_id_person_id_key;
CREATE UNIQUE INDEX member_present ON identity.member (workspace_id, person_id)
    WHERE removed_at IS NULL;
CREATE INDEX member_person ON identity.member (workspace_id, person_id, id);

-- The queue's claim is told what the same grant has taken; the room's own file makes it anew.
DO $$ BEGIN
    DROP FUNCTION IF EXISTS tasks.claim(identity.actor, uuid, boolean, uuid, bigint);
EXCEPTION WHEN undefined_object THEN NULL;  -- A new database: there was never such a type.
END $$;

-- Invitations nobody has used, and a member's newest one.
CREATE INDEX invitation_unused ON identity.invitation (workspace_id, id)
    WHERE used_at IS NULL AND purpose = 'join';
CREATE INDEX invitation_member ON identity.invitation (workspace_id, member_id, id);

-- Item ids behind one place of a run's leaderboard, a thousand a row, ascending. Which items share a
-- name, and who won there, says something of content: the ids are sealed, padded to a power of two.
CREATE TABLE consensus.standing (
    workspace_id uuid NOT NULL,
    run_id       uuid NOT NULL,
    rank         int NOT NULL CHECK (rank >= 1),
    outcome      text NOT NULL CHECK (outcome IN ('any', 'won', 'lost', 'tied')),
    piece        int NOT NULL CHECK (piece >= 0),
    sealed       bytea NOT NULL,
    PRIMARY KEY (workspace_id, run_id, rank, outcome, piece),
    FOREIGN KEY (workspace_id, run_id) REFERENCES consensus.run (workspace_id, id)
);
ALTER TABLE consensus.standing ALTER COLUMN sealed SET STATISTICS 0;

SELECT platform.wall_in('consensus.standing');
GRANT SELECT, INSERT, DELETE ON consensus.standing TO evenhand_app;
