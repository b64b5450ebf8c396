-- name: share_by_vendor
-- Gives, per vendor (NULL: the customer's own people), how many distinct items it was shown.
-- Reads exposure.shown, parties.party.
SELECT s.vendor_id, p.name AS vendor_name, count(DISTINCT s.item_id) AS item_count,
       count(DISTINCT s.member_id) AS member_count
  FROM exposure.shown AS s
  LEFT JOIN parties.party AS p ON p.workspace_id = s.workspace_id AND p.id = s.vendor_id
 WHERE s.workspace_id = $1
 GROUP BY s.vendor_id, p.name ORDER BY item_count DESC, s.vendor_id;

-- name: share_by_member
-- Gives the members that were shown most, with their count of items. Reads exposure.shown.
SELECT s.member_id, s.vendor_id, count(*) AS item_count FROM exposure.shown AS s
 WHERE s.workspace_id = $1 GROUP BY s.member_id, s.vendor_id
 ORDER BY item_count DESC, s.member_id LIMIT $2;
