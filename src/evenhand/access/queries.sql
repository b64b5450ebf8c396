-- name: names_of
-- Gives id, name, role, vendor_name of the members among the ids $2. Reads identity.member,
-- parties.party.
SELECT m.id, m.name, m.role, p.name AS vendor_name
  FROM identity.member AS m
  LEFT JOIN parties.party AS p ON p.workspace_id = $1 AND p.id = m.vendor_id
 WHERE m.workspace_id = $1 AND m.id = ANY ($2);
