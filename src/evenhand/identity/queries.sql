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

-- name: former_memberships
-- Gives, of a person who was removed before, the party it is here and the vendors it came through.
-- Reads identity.member.
SELECT (array_agg(m.party_id ORDER BY m.id DESC))[1] AS party_id,
       array_agg(m.vendor_id) FILTER (WHERE m.vendor_id IS NOT NULL) AS vendors
  FROM identity.member AS m WHERE m.workspace_id = $1 AND m.person_id = $2;

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
    (workspace_id, id, secret_hash, member_id, invited_by, expires_at, purpose)
VALUES ($1, $2, $3, $4, $5, now() + $6::interval, $7);

-- name: revoke_invitations_of
-- Gives nothing. Writes identity.invitation: every unused one of a member.
UPDATE identity.invitation SET revoked_at = now()
 WHERE workspace_id = $1 AND member_id = $2 AND used_at IS NULL AND revoked_at IS NULL;

-- name: list_invitations
-- Gives invitations that nobody has used, after the id $2, oldest first: the newest one of each
-- present member, never its code. Reads identity.invitation, identity.member, parties.party.
SELECT i.id, i.member_id, m.name, m.email, m.role, m.vendor_id, p.name AS vendor_name,
       i.invited_by, by.name AS inviter_name, i.created_at, i.expires_at,
       CASE WHEN i.revoked_at IS NOT NULL THEN 'revoked'
            WHEN i.expires_at <= now() THEN 'expired' ELSE 'open' END AS state
  FROM identity.invitation AS i
  JOIN identity.member AS m ON m.workspace_id = $1 AND m.id = i.member_id
  LEFT JOIN parties.party AS p ON p.workspace_id = $1 AND p.id = m.vendor_id
  LEFT JOIN identity.member AS by ON by.workspace_id = $1 AND by.id = i.invited_by
 WHERE i.workspace_id = $1 AND i.id > $2 AND i.used_at IS NULL AND i.purpose = 'join'
   AND m.removed_at IS NULL
   AND NOT EXISTS (SELECT FROM identity.invitation AS later
                    WHERE later.workspace_id = $1 AND later.member_id = i.member_id
                      AND later.id > i.id)
 ORDER BY i.id LIMIT $3;

-- name: invited_role
-- Gives member_id and role of whom an invitation is for. Reads identity.invitation, identity.member.
SELECT i.member_id, m.role FROM identity.invitation AS i
  JOIN identity.member AS m ON m.workspace_id = $1 AND m.id = i.member_id
 WHERE i.workspace_id = $1 AND i.id = $2 AND i.purpose = 'join';

-- name: revoke_invitation
-- Gives the id if the invitation could still be used: of a revocation and an acceptance that come at
-- once, one wins. Writes identity.invitation.
UPDATE identity.invitation SET revoked_at = now()
 WHERE workspace_id = $1 AND id = $2 AND used_at IS NULL AND revoked_at IS NULL
   AND expires_at > now() RETURNING id;

-- name: find_invitation
-- Gives a live invitation of a present member, not used up. The rank of whoever invited must still
-- reach the member's. Reads identity.invitation, identity.member, identity.workspace.
SELECT i.purpose, i.expires_at, i.member_id, m.name, m.email, m.role, w.name AS workspace
  FROM identity.invitation AS i
  JOIN identity.member AS m ON m.workspace_id = $1 AND m.id = i.member_id
  JOIN identity.workspace AS w ON w.workspace_id = $1
  LEFT JOIN identity.member AS by ON by.workspace_id = $1 AND by.id = i.invited_by
 WHERE i.workspace_id = $1 AND i.secret_hash = $2 AND i.used_at IS NULL AND i.revoked_at IS NULL
   AND i.expires_at > now() AND m.removed_at IS NULL
   AND (i.invited_by IS NULL OR (by.removed_at IS NULL
        AND array_position($3::text[], by.role) <= array_position($3::text[], m.role)));

-- name: use_invitation
-- Gives member_id, name, role of a live invitation and uses it up, in one statement, so that of many
-- that come at once one succeeds. Its purpose is one of $4, and the rank of whoever invited still
-- reaches the member's. Writes identity.invitation, reads identity.member.
UPDATE identity.invitation AS i SET used_at = now()
  FROM identity.member AS m
 WHERE i.workspace_id = $1 AND i.secret_hash = $2 AND i.used_at IS NULL AND i.revoked_at IS NULL
   AND i.expires_at > now() AND m.workspace_id = $1 AND m.id = i.member_id
   AND m.removed_at IS NULL AND i.purpose = ANY ($4)
   AND (i.invited_by IS NULL OR EXISTS (
        SELECT FROM identity.member AS by
         WHERE by.workspace_id = $1 AND by.id = i.invited_by AND by.removed_at IS NULL
           AND array_position($3::text[], by.role) <= array_position($3::text[], m.role)))
RETURNING i.member_id, m.name, m.role, i.purpose;

-- name: has_come_in
-- Gives whether the member ever had a credential or a password. Reads identity.credential, password.
SELECT EXISTS (SELECT FROM identity.credential AS c
                WHERE c.workspace_id = $1 AND c.member_id = $2)
    OR EXISTS (SELECT FROM identity.password AS p
                WHERE p.workspace_id = $1 AND p.member_id = $2);

-- name: get_member
-- Gives a present member with what its sign-in has. Reads identity.member, identity.password,
-- identity.second_factor, identity.recovery_code, identity.workspace.
SELECT m.id, m.person_id, m.name, m.email, m.role, m.simulated, w.name AS workspace,
       p.changed_at, p.reset_at, f.confirmed_at, f.sealed, f.last_step,
       (SELECT count(*) FROM identity.recovery_code AS r
         WHERE r.workspace_id = $1 AND r.member_id = $2 AND r.used_at IS NULL) AS codes_left
  FROM identity.member AS m
  JOIN identity.workspace AS w ON w.workspace_id = $1
  LEFT JOIN identity.password AS p ON p.workspace_id = $1 AND p.member_id = m.id
  LEFT JOIN identity.second_factor AS f ON f.workspace_id = $1 AND f.member_id = m.id
 WHERE m.workspace_id = $1 AND m.id = $2 AND m.removed_at IS NULL;

-- name: find_member_by_email
-- Gives the id of a present member. Reads identity.member; few rows a workspace, for the operator.
SELECT id FROM identity.member
 WHERE workspace_id = $1 AND lower(email) = lower($2) AND removed_at IS NULL;

-- name: change_role
-- Gives the id if the member was present and had another role. Writes identity.member.
UPDATE identity.member SET role = $3
 WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL AND role <> $3 RETURNING id;

-- name: insert_idempotency
-- Gives nothing; nothing is written if the key is there. Writes platform.idempotency.
INSERT INTO platform.idempotency (workspace_id, actor_id, key, request_mac, made_id)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING;

-- name: find_idempotency
-- Gives request_mac, made_id. Reads platform.idempotency.
SELECT request_mac, made_id FROM platform.idempotency
 WHERE workspace_id = $1 AND actor_id = $2 AND key = $3;

-- name: bind_service_key
-- Gives the fingerprint that is bound. Writes identity.service_key through a definer.
SELECT identity.bind_service_key($1);

-- name: password_params
-- Gives how the passwords behind an address were hashed. Crosses workspaces, gives no id or hash.
SELECT params FROM identity.password_params($1) AS params;

-- name: match_password
-- Gives the memberships behind an address and whether a hash is theirs. Crosses workspaces.
SELECT workspace_id, member_id, params, changed_at, matched
  FROM identity.match_password($1, $2, $3);

-- name: take_try
-- Gives the seconds to wait, 0 when the try is taken. Writes identity.throttle through a definer.
SELECT identity.take_try($1, $2, $3, $4);

-- name: return_try
-- Gives nothing. Writes identity.throttle through a definer.
SELECT identity.return_try($1, $2);

-- name: set_password
-- Gives nothing. Writes identity.password.
INSERT INTO identity.password (workspace_id, member_id, person_id, params, hash, reset_at)
VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END)
ON CONFLICT (workspace_id, member_id) DO UPDATE
   SET params = $4, hash = $5, changed_at = clock_timestamp(), reset_at = CASE WHEN $6 THEN now() END;

-- name: rehash_password
-- Gives nothing; the password is the same, so `changed_at` stays. Writes identity.password.
UPDATE identity.password SET params = $3, hash = $4
 WHERE workspace_id = $1 AND member_id = $2 AND changed_at = $5;

-- name: tell_reset
-- Gives nothing: the member was told. Writes identity.password.
UPDATE identity.password SET reset_at = NULL
 WHERE workspace_id = $1 AND member_id = $2 AND reset_at IS NOT NULL;

-- name: forget_password
-- Gives nothing. Writes identity.password.
DELETE FROM identity.password WHERE workspace_id = $1 AND member_id = $2;

-- name: begin_second_factor
-- Gives the member's id unless a confirmed one is there. Writes identity.second_factor.
INSERT INTO identity.second_factor AS f (workspace_id, member_id, sealed) VALUES ($1, $2, $3)
ON CONFLICT (workspace_id, member_id) DO UPDATE SET sealed = $3, last_step = 0
   WHERE f.confirmed_at IS NULL
RETURNING f.member_id;

-- name: confirm_second_factor
-- Gives the member's id if one waited. Writes identity.second_factor.
UPDATE identity.second_factor SET confirmed_at = now(), last_step = $3
 WHERE workspace_id = $1 AND member_id = $2 AND confirmed_at IS NULL RETURNING member_id;

-- name: use_step
-- Gives the member's id if the time step is later than every one used before: of many that come at
-- once with one code, one succeeds. Writes identity.second_factor.
UPDATE identity.second_factor SET last_step = $3
 WHERE workspace_id = $1 AND member_id = $2 AND confirmed_at IS NOT NULL AND last_step < $3
RETURNING member_id;

-- name: remove_second_factor
-- Gives the member's id if there was one. Writes identity.second_factor.
DELETE FROM identity.second_factor WHERE workspace_id = $1 AND member_id = $2 RETURNING member_id;

-- name: insert_recovery_code
-- Gives nothing. Writes identity.recovery_code.
INSERT INTO identity.recovery_code (workspace_id, member_id, code_hash) VALUES ($1, $2, $3);

-- name: use_recovery_code
-- Gives the member's id if the code was unused. Writes identity.recovery_code.
UPDATE identity.recovery_code SET used_at = now()
 WHERE workspace_id = $1 AND member_id = $2 AND code_hash = $3 AND used_at IS NULL
RETURNING member_id;

-- name: forget_recovery_codes
-- Gives nothing. Writes identity.recovery_code.
DELETE FROM identity.recovery_code WHERE workspace_id = $1 AND member_id = $2;

-- name: insert_session
-- Gives nothing. Writes identity.credential.
INSERT INTO identity.credential
    (workspace_id, id, secret_hash, kind, mode, member_id, role, expires_at, ends_at, last_seen_at,
     device)
VALUES ($1, $2, $3, 'session', 'live', $4, $5, now() + $6::interval, now() + $7::interval, now(), $8);

-- name: list_sessions
-- Gives the member's live sessions, newest first. Reads identity.credential.
SELECT id, created_at, last_seen_at, ends_at, device FROM identity.credential
 WHERE workspace_id = $1 AND member_id = $2 AND kind = 'session' AND revoked_at IS NULL
   AND expires_at > now() ORDER BY id DESC LIMIT 100;

-- name: end_session
-- Gives the id if it was a live session of the member. Writes identity.credential.
UPDATE identity.credential SET revoked_at = now()
 WHERE workspace_id = $1 AND member_id = $2 AND id = $3 AND kind = 'session'
   AND revoked_at IS NULL RETURNING id;

-- name: end_sessions_of
-- Gives ids of the member's sessions that were live, but for $3. Writes identity.credential.
UPDATE identity.credential SET revoked_at = now()
 WHERE workspace_id = $1 AND member_id = $2 AND kind = 'session' AND revoked_at IS NULL
   AND id <> $3 RETURNING id;

-- name: replace_session
-- Gives nothing: whoever signs in leaves the session that the browser brought. Writes credential.
UPDATE identity.credential SET revoked_at = now()
 WHERE workspace_id = $1 AND secret_hash = $2 AND kind = 'session' AND revoked_at IS NULL;

-- name: extend_sessions
-- Gives nothing. Moves the idle end of live sessions that were used. Writes identity.credential.
UPDATE identity.credential
   SET last_seen_at = now(), expires_at = least(ends_at, now() + $3::interval)
 WHERE workspace_id = $1 AND secret_hash = ANY ($2) AND kind = 'session' AND revoked_at IS NULL
   AND expires_at > now() AND ends_at IS NOT NULL;

-- name: credential_kind
-- Gives kind and role of a live credential. Reads identity.credential.
SELECT kind, role FROM identity.credential WHERE workspace_id = $1 AND id = $2;
