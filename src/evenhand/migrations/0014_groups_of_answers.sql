-- Rooms: tasks, judgments. Purpose: submits and grants take a group of callers at once.
--
-- The functions that took one caller go; those that take a group are made by the rooms' own files.

DROP FUNCTION IF EXISTS judgments.submit(
    text, bytea, text[], uuid, uuid, uuid, bytea, bytea, int, int, text, int, uuid[], uuid[], uuid,
    bigint, bytea);
DROP FUNCTION IF EXISTS tasks.lease_next(
    text, bytea, text[], uuid, int, uuid[], uuid[], uuid, bigint, bytea);
DO $$ BEGIN
    DROP FUNCTION IF EXISTS tasks.grant_leases(
        identity.actor, uuid, int, uuid[], uuid[], uuid, bigint, bytea);
    DROP FUNCTION IF EXISTS tasks.grant_one(identity.actor, tasks.task, uuid, int, bytea);
    DROP FUNCTION IF EXISTS tasks.end_lease(identity.actor, uuid, text, bytea);
    DROP FUNCTION IF EXISTS exposure.record(identity.actor, uuid);
EXCEPTION WHEN undefined_object THEN NULL;  -- A new database: there was never such a type.
END $$;
DROP TYPE IF EXISTS tasks.granted;
DROP TYPE IF EXISTS tasks.ended;

-- Sealed bytes, keyed hashes and random ids are never compared by a query's plan. Their samples were
-- most of what gathering statistics cost, every few seconds under load.
ALTER TABLE items.item
    ALTER COLUMN payload SET STATISTICS 0, ALTER COLUMN meta SET STATISTICS 0,
    ALTER COLUMN external_key SET STATISTICS 0;
ALTER TABLE tasks.lease ALTER COLUMN reason SET STATISTICS 0;
ALTER TABLE judgments.judgment
    ALTER COLUMN answer SET STATISTICS 0, ALTER COLUMN answer_mac SET STATISTICS 0;
ALTER TABLE transparency.intent
    ALTER COLUMN policy SET STATISTICS 0, ALTER COLUMN extra SET STATISTICS 0;
ALTER TABLE transparency.entry
    ALTER COLUMN leaf SET STATISTICS 0;
