-- Room: platform. Purpose: the narrow role that the hot functions of the queue run as.
--
-- Row-level security asks `platform.current_workspace()` once per statement, which verifies the
-- token each time: two dozen verifications in one submit-and-lease. A function that runs as
-- evenhand_queue verifies once, says so in a setting, and the policies of that role believe the
-- setting. Nobody can log in as or become evenhand_queue; it owns two functions and no table.

DO $$
DECLARE walled regclass;
BEGIN
    -- `workspace` no longer speaks for everybody: two policies of one role would be joined by OR.
    FOR walled IN
        SELECT format('%I.%I', p.schemaname, p.tablename) FROM pg_policies AS p
         WHERE p.policyname = 'workspace'
    LOOP
        EXECUTE format('ALTER POLICY workspace ON %s TO evenhand_app, evenhand_owner', walled);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION platform.wall_in(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY workspace ON %s TO evenhand_app, evenhand_owner'
        ' USING (workspace_id = (SELECT platform.current_workspace()))'
        ' WITH CHECK (workspace_id = (SELECT platform.current_workspace()))', target);
END $$;

-- Opens a table to evenhand_queue, in the workspace that its function has verified. Without a
-- verified one the setting is missing or empty and the statement fails.
CREATE FUNCTION platform.wall_in_queue(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format(
        'CREATE POLICY queue ON %s TO evenhand_queue'
        ' USING (workspace_id = current_setting(''evenhand.verified'')::uuid)'
        ' WITH CHECK (workspace_id = current_setting(''evenhand.verified'')::uuid)',
        target);
END $$;
REVOKE ALL ON FUNCTION platform.wall_in_queue(regclass) FROM PUBLIC;

SELECT platform.wall_in_queue(target) FROM unnest(ARRAY[
    'platform.job', 'transparency.intent', 'identity.credential', 'identity.member',
    'exposure.shown', 'exposure.history', 'conflicts.verdict', 'conflicts.epoch',
    'conflicts.policy', 'projects.project', 'items.batch', 'items.item', 'tasks.task',
    'tasks.lease', 'judgments.judgment']::regclass[]) AS target;

GRANT USAGE ON SCHEMA platform, transparency, identity, exposure, conflicts, projects, items,
    tasks, judgments TO evenhand_queue;
GRANT EXECUTE ON FUNCTION platform.current_workspace() TO evenhand_queue;
GRANT SELECT ON identity.credential, identity.member, conflicts.epoch, conflicts.policy,
    conflicts.verdict, projects.project, items.batch, items.item, tasks.task, tasks.lease,
    exposure.history, exposure.shown, judgments.judgment, transparency.intent TO evenhand_queue;
GRANT INSERT ON platform.job, transparency.intent, exposure.shown, exposure.history, tasks.lease,
    judgments.judgment TO evenhand_queue;
GRANT UPDATE (last_on) ON exposure.history TO evenhand_queue;
GRANT UPDATE (good_until) ON conflicts.verdict TO evenhand_queue;
GRANT UPDATE (state) ON tasks.task TO evenhand_queue;
GRANT UPDATE (state, reason, ended_at) ON tasks.lease TO evenhand_queue;
