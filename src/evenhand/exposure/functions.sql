-- Room: exposure. The ledger of what was shown, written where the key is granted.

-- Notes for each actor, in their order, that it is shown the item at the same place.
CREATE OR REPLACE FUNCTION exposure.record(actors identity.actor[], items uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO exposure.shown (workspace_id, item_id, member_id, vendor_id)
    SELECT seen.workspace_id, seen.item_id, seen.member_id, seen.vendor_id
      FROM ROWS FROM (unnest(actors), unnest(items))
           AS seen (workspace_id, member_id, person_id, party_id, vendor_id, name, role, simulated,
                    credential_id, mode, item_id)
    ON CONFLICT DO NOTHING;
END $$;
