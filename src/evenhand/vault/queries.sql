-- name: insert_project_key
-- Gives nothing. Writes vault.project_key. The first writer wins.
INSERT INTO vault.project_key (workspace_id, project_id, key_id, wrapped)
VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: find_project_key
-- Gives key_id, wrapped. Reads vault.project_key.
SELECT key_id, wrapped FROM vault.project_key WHERE workspace_id = $1 AND project_id = $2;

-- name: insert_data_key
-- Gives nothing. Writes vault.data_key.
INSERT INTO vault.data_key (workspace_id, id, project_id, wrapped) VALUES ($1, $2, $3, $4);

-- name: find_data_key
-- Gives project_id, wrapped and the project's key_id and wrapped_parent. Reads both key tables.
SELECT d.project_id, d.wrapped, p.key_id, p.wrapped AS wrapped_parent
  FROM vault.data_key AS d
  JOIN vault.project_key AS p ON p.workspace_id = d.workspace_id AND p.project_id = d.project_id
 WHERE d.workspace_id = $1 AND d.id = $2;
