-- Rooms: transparency, tasks, judgments. Purpose: the same checks, on columns instead of tables.
--
-- A table's CHECK is read from its text again in each statement that writes the table, and tested
-- on each update, whatever column it changes: a fourteenth of what a submit-and-lease cost the
-- database. A domain's check is kept by the session and tested where its column is set.

CREATE DOMAIN platform.digest AS bytea CHECK (length(VALUE) = 32);
CREATE DOMAIN transparency.leaf_kind AS text CHECK (VALUE ~ '^[a-z_]+\.[a-z_]+/[0-9]+$');
CREATE DOMAIN tasks.purpose AS text CHECK (VALUE IN ('label', 'gold'));
CREATE DOMAIN tasks.place AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN tasks.task_state AS text
    CHECK (VALUE IN ('open', 'leased', 'done', 'skipped', 'flagged'));
CREATE DOMAIN tasks.lease_state AS text CHECK (VALUE IN
    ('active', 'submitted', 'skipped', 'flagged', 'released', 'expired', 'revoked', 'withdrawn'));
CREATE DOMAIN judgments.active_ms AS int CHECK (VALUE >= 0);
CREATE DOMAIN judgments.request_key AS text CHECK (length(VALUE) BETWEEN 1 AND 200);

ALTER TABLE transparency.intent
    DROP CONSTRAINT intent_kind_check, DROP CONSTRAINT intent_policy_check,
    ALTER COLUMN kind TYPE transparency.leaf_kind, ALTER COLUMN policy TYPE platform.digest;
ALTER TABLE tasks.task
    DROP CONSTRAINT task_position_check, DROP CONSTRAINT task_purpose_check,
    DROP CONSTRAINT task_state_check,
    ALTER COLUMN position TYPE tasks.place, ALTER COLUMN purpose TYPE tasks.purpose,
    ALTER COLUMN state TYPE tasks.task_state;
DROP TRIGGER drop_draft ON tasks.lease;
ALTER TABLE tasks.lease
    DROP CONSTRAINT lease_state_check,
    ALTER COLUMN state TYPE tasks.lease_state;
CREATE TRIGGER drop_draft AFTER UPDATE OF state ON tasks.lease
    FOR EACH ROW WHEN (NEW.drafted AND NEW.state <> 'active') EXECUTE FUNCTION tasks.drop_draft();
ALTER TABLE judgments.judgment
    DROP CONSTRAINT judgment_purpose_check, DROP CONSTRAINT judgment_answer_mac_check,
    DROP CONSTRAINT judgment_active_ms_check, DROP CONSTRAINT judgment_idempotency_key_check,
    ALTER COLUMN purpose TYPE tasks.purpose, ALTER COLUMN answer_mac TYPE platform.digest,
    ALTER COLUMN active_ms TYPE judgments.active_ms,
    ALTER COLUMN idempotency_key TYPE judgments.request_key;
