-- Room: judgments. Submit, and carry the next lease in the same round trip.
-- Locks, in this order: wall (shared, when a next lease is wanted), the lease's row, the member.

CREATE OR REPLACE FUNCTION judgments.submit(
    token text, hash bytea, allowed text[], project uuid, lease uuid, fresh_id uuid,
    sealed_answer bytea, mac bytea, spent_ms int, settings int, key text,
    hold int, have uuid[], fresh_ids uuid[], from_batch uuid, from_place bigint, policy bytea
) RETURNS TABLE (judgment_id uuid, submitted_at timestamptz, replayed boolean, purpose text,
                 member_id uuid, item_of_judgment uuid,
                 wall text, lease_id uuid, task_id uuid, item_id uuid, batch_id uuid, place bigint,
                 assigned boolean, intent_id bigint, expires_at timestamptz, payload bytea)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    actor identity.actor := identity.authenticate(token, hash, allowed);
    before tasks.lease;
    made judgments.judgment;
BEGIN
    IF hold > 0 THEN
        PERFORM conflicts.share_wall(actor.workspace_id);
    END IF;
    before := tasks.end_lease(actor, lease, 'submitted', NULL);
    IF before.project_id <> project THEN
        RAISE EXCEPTION USING ERRCODE = 'EH404', MESSAGE = 'lease_not_yours',
            DETAIL = 'You hold no such lease in this project; ask for your next task.';
    END IF;
    IF before.state = 'submitted' THEN
        SELECT j.* INTO made FROM judgments.judgment AS j
         WHERE j.workspace_id = actor.workspace_id AND j.lease_id = lease;
        IF made.answer_mac <> mac THEN
            RAISE EXCEPTION USING ERRCODE = 'EH409', MESSAGE = 'lease_used',
                DETAIL = 'Another answer was already submitted for this lease; it stands.';
        END IF;
    ELSE
        INSERT INTO judgments.judgment AS j
            (workspace_id, id, project_id, item_id, task_id, lease_id, annotator_id, purpose,
             simulated, settings_version, answer, answer_mac, active_ms, idempotency_key)
        SELECT actor.workspace_id, fresh_id, project, before.item_id, before.task_id, lease,
               actor.member_id, t.purpose, actor.simulated, settings, sealed_answer, mac,
               spent_ms, key
          FROM tasks.task AS t
         WHERE t.workspace_id = actor.workspace_id AND t.id = before.task_id
        RETURNING j.* INTO made;
        IF made.purpose = 'gold' THEN
            INSERT INTO platform.job (workspace_id, kind, subject_id)
            VALUES (actor.workspace_id, 'judgment.submitted', made.id);
        END IF;
    END IF;
    RETURN QUERY
        SELECT made.id, made.submitted_at, before.state = 'submitted', made.purpose,
               actor.member_id, made.item_id, g.*
          FROM (SELECT 1) AS one
          LEFT JOIN tasks.grant_leases(actor, project, hold, have, fresh_ids, from_batch,
                                       from_place, policy) AS g ON true;
END $$;
