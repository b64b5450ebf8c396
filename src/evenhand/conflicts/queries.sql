-- name: lock_wall
-- Gives nothing. Locks the workspace's wall alone: grants in flight finish first.
SELECT pg_advisory_xact_lock(817, hashtext($1::uuid::text));

-- name: share_wall
-- Gives nothing. Locks the workspace's wall beside others: no change while a verdict is stored.
SELECT pg_advisory_xact_lock_shared(817, hashtext($1::uuid::text));

-- name: insert_policy
-- Gives nothing. Writes conflicts.policy.
INSERT INTO conflicts.policy (workspace_id, version, cooling_off_days, thresholds, accept_possible)
VALUES ($1, 1, $2, $3::jsonb, $4);

-- name: get_policy
-- Gives the policy. Reads conflicts.policy.
SELECT version, cooling_off_days, thresholds, accept_possible FROM conflicts.policy
 WHERE workspace_id = $1;

-- name: start_epoch
-- Gives nothing. Writes conflicts.epoch.
INSERT INTO conflicts.epoch (workspace_id, value) VALUES ($1, 1);

-- name: next_epoch
-- Gives the new epoch. Writes conflicts.epoch: every verdict of before is void.
UPDATE conflicts.epoch SET value = value + 1 WHERE workspace_id = $1 RETURNING value;

-- name: get_epoch
-- Gives the epoch. Reads conflicts.epoch.
SELECT value FROM conflicts.epoch WHERE workspace_id = $1;

-- name: insert_rivalry
-- Gives nothing. Writes conflicts.rivalry.
INSERT INTO conflicts.rivalry (workspace_id, rival_id) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: find_member
-- Gives person, party, vendor of a member. Reads identity.member.
SELECT id, person_id, party_id, vendor_id, name FROM identity.member
 WHERE workspace_id = $1 AND id = $2;

-- name: ties_to_rivals
-- Gives every tie, in either direction, between one of the parties $2 and a declared rival.
-- Reads parties.tie, parties.party, conflicts.rivalry.
SELECT t.kind, us.name AS our_name, them.name AS rival_name, t.from_id = them.id AS rival_holds,
       t.share_lo, t.share_hi, t.valid_from, t.valid_to, t.known_at
  FROM conflicts.rivalry AS r
  JOIN parties.party AS them ON them.workspace_id = $1 AND them.id = r.rival_id
  JOIN parties.tie AS t ON t.workspace_id = $1 AND (t.from_id = them.id OR t.to_id = them.id)
  JOIN parties.party AS us ON us.workspace_id = $1
   AND us.id = CASE WHEN t.from_id = them.id THEN t.to_id ELSE t.from_id END
 WHERE r.workspace_id = $1 AND us.id = ANY ($2)
 ORDER BY t.id;

-- name: days_since_rival
-- Gives days since the person saw a rival's data, or NULL. Crosses workspaces in a definer function.
SELECT conflicts.days_since_rival($1, $2);

-- name: store_verdict
-- Gives nothing. Writes conflicts.verdict if the epoch is still the one it was computed for.
INSERT INTO conflicts.verdict (workspace_id, member_id, epoch, allowed, reasons, good_until)
SELECT $1, $2, e.value, $4, $5::jsonb, $6 FROM conflicts.epoch AS e
 WHERE e.workspace_id = $1 AND e.value = $3
ON CONFLICT (workspace_id, member_id) DO UPDATE
   SET epoch = excluded.epoch, allowed = excluded.allowed, reasons = excluded.reasons,
       good_until = excluded.good_until;

-- name: members_allowed
-- Gives members whose last verdict allowed them. Reads conflicts.verdict.
SELECT member_id FROM conflicts.verdict WHERE workspace_id = $1 AND allowed;
