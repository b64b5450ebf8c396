-- name: count_items
-- Gives, per project, its items and how many of them anybody was shown. Reads projects.project,
-- items.batch, items.item, exposure.shown.
SELECT p.id, p.name,
       (SELECT coalesce(sum(b.item_count), 0)::bigint FROM items.batch AS b
         WHERE b.workspace_id = $1 AND b.project_id = p.id AND b.state <> 'staging') AS item_count,
       coalesce(seen.item_count, 0) AS shown_count
  FROM projects.project AS p
  LEFT JOIN (
        SELECT i.project_id, count(DISTINCT s.item_id) AS item_count
          FROM exposure.shown AS s
          JOIN items.item AS i ON i.workspace_id = $1 AND i.id = s.item_id
         WHERE s.workspace_id = $1 GROUP BY i.project_id) AS seen ON seen.project_id = p.id
 WHERE p.workspace_id = $1 ORDER BY p.id;

-- name: share_by_vendor
-- Gives, per vendor (NULL: the customer's own people), distinct items shown and people, in one
-- project or (NULL) in all. Reads exposure.shown, items.item, parties.party.
SELECT s.vendor_id, p.name AS vendor_name, count(DISTINCT s.item_id) AS item_count,
       count(DISTINCT s.member_id) AS member_count
  FROM exposure.shown AS s
  LEFT JOIN parties.party AS p ON p.workspace_id = $1 AND p.id = s.vendor_id
 WHERE s.workspace_id = $1
   AND ($2::uuid IS NULL OR EXISTS (
        SELECT FROM items.item AS i
         WHERE i.workspace_id = $1 AND i.id = s.item_id AND i.project_id = $2))
 GROUP BY s.vendor_id, p.name ORDER BY item_count DESC, s.vendor_id;

-- name: share_by_member
-- Gives the $3 members that were shown most, in one project or (NULL) in all. A member that changed
-- vendors stands once per vendor. Reads exposure.shown, items.item, identity.member, parties.party.
SELECT s.member_id, m.name AS member_name, m.role, p.name AS vendor_name,
       count(*) AS item_count
  FROM exposure.shown AS s
  JOIN identity.member AS m ON m.workspace_id = $1 AND m.id = s.member_id
  LEFT JOIN parties.party AS p ON p.workspace_id = $1 AND p.id = s.vendor_id
 WHERE s.workspace_id = $1
   AND ($2::uuid IS NULL OR EXISTS (
        SELECT FROM items.item AS i
         WHERE i.workspace_id = $1 AND i.id = s.item_id AND i.project_id = $2))
 GROUP BY s.member_id, m.name, m.role, s.vendor_id, p.name
 ORDER BY item_count DESC, s.member_id LIMIT $3;

-- name: shown_to_member
-- Gives items that the member $2 was shown, after the item $4, in one project or (NULL) in all.
-- Reads exposure.shown through shown_member, items.item.
SELECT s.item_id, i.project_id, s.shown_at
  FROM exposure.shown AS s
  JOIN items.item AS i ON i.workspace_id = $1 AND i.id = s.item_id
 WHERE s.workspace_id = $1 AND s.member_id = $2 AND s.item_id > $4
   AND ($3::uuid IS NULL OR i.project_id = $3)
 ORDER BY s.item_id LIMIT $5;

-- name: read_wall
-- Gives members after the id $2 with the last verdict on each and whether it is of the present
-- epoch. Reads identity.member, parties.party, conflicts.verdict, conflicts.epoch.
SELECT m.id, m.name, m.role, p.name AS vendor_name, m.removed_at, v.allowed, v.reasons,
       v.epoch = e.value AND v.good_until > now() AS present
  FROM identity.member AS m
  JOIN conflicts.epoch AS e ON e.workspace_id = $1
  LEFT JOIN parties.party AS p ON p.workspace_id = $1 AND p.id = m.vendor_id
  LEFT JOIN conflicts.verdict AS v ON v.workspace_id = $1 AND v.member_id = m.id
 WHERE m.workspace_id = $1 AND m.id > $2
   AND (NOT $3 OR (NOT v.allowed AND m.removed_at IS NULL))
 ORDER BY m.id LIMIT $4;

-- name: find_item_named
-- Gives the id of the project's item whose own id has the keyed hash $3. Reads items.item through
-- item_external.
SELECT id FROM items.item WHERE workspace_id = $1 AND project_id = $2 AND external_key = $3;
