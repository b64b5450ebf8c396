-- name: authenticate
-- Gives the actor. Reads credential, member; sets the token of $1.
SELECT workspace_id, member_id, person_id, party_id, vendor_id, name, role, simulated,
       credential_id, mode
  FROM identity.authenticate($1, $2, $3);

-- name: insert_workspace
-- Gives nothing. Writes identity.workspace.
INSERT INTO identity.workspace (workspace_id, name, customer_id) VALUES ($1, $2, $3);

-- name: get_workspace
-- Gives name, level, customer_id. Reads identity.workspace.
SELECT name, level, customer_id FROM identity.workspace WHERE workspace_id = $1;

-- name: list_workspaces
-- Gives id, name of every workspace. Crosses workspaces; for the operator's command line.
SELECT id, name FROM identity.list_workspaces();

-- name: person_for
-- Gives the person's id. Finds or makes identity.person.
SELECT identity.person_for($1, $2);

-- name: insert_member
-- Gives nothing. Writes identity.member.
INSERT INTO identity.member
    (workspace_id, id, person_id, party_id, vendor_id, name, email, role, simulated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: list_members
-- Gives members after the id $2, oldest first. Reads identity.member.
SELECT id, party_id, name, email, role, vendor_id, simulated, removed_at FROM identity.member
 WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3;

-- name: find_member
-- Gives id, role of a present member. Reads identity.member.
SELECT id, role FROM identity.member WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL;

-- name: remove_member
-- Gives the id if the member was present. Writes identity.member.
UPDATE identity.member SET removed_at = now()
 WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL RETURNING id;

-- name: find_owner
-- Gives the id of the first present owner. Reads identity.member.
SELECT id FROM identity.member
 WHERE workspace_id = $1 AND role = 'owner' AND removed_at IS NULL ORDER BY id LIMIT 1;

-- name: insert_credential
-- Gives nothing. Writes identity.credential.
INSERT INTO identity.credential
    (workspace_id, id, secret_hash, kind, mode, member_id, role, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8::interval);

-- name: list_keys
-- Gives API keys, never their hash. Reads identity.credential.
SELECT id, mode, member_id, role, created_at, expires_at, revoked_at FROM identity.credential
 WHERE workspace_id = $1 AND kind = 'key' AND id > $2 ORDER BY id LIMIT $3;

-- name: revoke_credential
-- Gives the id if it was live. Writes identity.credential.
UPDATE identity.credential SET revoked_at = now()
 WHERE workspace_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING id;

-- name: revoke_credentials_of
-- Gives nothing. Writes identity.credential: every live one of a member.
UPDATE identity.credential SET revoked_at = now()
 WHERE workspace_id = $1 AND member_id = $2 AND revoked_at IS NULL;

-- name: insert_invitation
-- Gives nothing. Writes identity.invitation.
INSERT INTO identity.invitation
    (workspace_id, id, secret_hash, member_id, invited_by, expires_at)
VALUES ($1, $2, $3, $4, $5, now() + $6::interval);

-- name: use_invitation
-- Gives member_id, role of a live invitation and uses it up, in one statement, so that of many
-- that come at once one succeeds. Writes identity.invitation, reads identity.member.
UPDATE identity.invitation AS i SET used_at = now()
  FROM identity.member AS m
 WHERE i.workspace_id = $1 AND i.secret_hash = $2 AND i.used_at IS NULL AND i.revoked_at IS NULL
   AND i.expires_at > now() AND m.workspace_id = $1 AND m.id = i.member_id
   AND m.removed_at IS NULL
RETURNING i.member_id, m.name, m.role;

-- name: insert_idempotency
-- Gives nothing; nothing is written if the key is there. Writes platform.idempotency.
INSERT INTO platform.idempotency (workspace_id, actor_id, key, request_mac, made_id)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING;

-- name: find_idempotency
-- Gives request_mac, made_id. Reads platform.idempotency.
SELECT request_mac, made_id FROM platform.idempotency
 WHERE workspace_id = $1 AND actor_id = $2 AND key = $3;
