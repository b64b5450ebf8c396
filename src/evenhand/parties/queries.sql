-- name: insert_party
-- Gives nothing. Writes parties.party.
INSERT INTO parties.party (workspace_id, id, kind, name, role, lei, domain)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: insert_tie
-- Gives nothing. Writes parties.tie.
INSERT INTO parties.tie
    (workspace_id, id, from_id, to_id, kind, share_lo, share_hi, valid_from, valid_to, source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: list_parties
-- Gives parties after the id $2 that are no persons. Reads parties.party.
SELECT id, kind, name, role, lei, domain FROM parties.party
 WHERE workspace_id = $1 AND kind <> 'person' AND id > $2 ORDER BY id LIMIT $3;

-- name: list_ties
-- Gives ties after the id $2. Reads parties.tie.
SELECT id, from_id, to_id, kind, share_lo, share_hi, valid_from, valid_to, source
  FROM parties.tie WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3;
