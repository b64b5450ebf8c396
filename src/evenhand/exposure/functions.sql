-- Room: exposure. The ledger of what was shown, written where the key is granted.

CREATE OR REPLACE FUNCTION exposure.record(actor identity.actor, item uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO exposure.shown (workspace_id, item_id, member_id, vendor_id)
    VALUES (actor.workspace_id, item, actor.member_id, actor.vendor_id)
    ON CONFLICT DO NOTHING;
END $$;
