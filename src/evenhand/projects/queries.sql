-- name: insert_project
-- Gives nothing. Writes projects.project.
INSERT INTO projects.project
    (workspace_id, id, name, task_type, settings, judgments_per_item, lease_ttl_s, instructions)
VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8);

-- name: list_projects
-- Gives projects after the id $2, oldest first. Reads projects.project.
SELECT id, name, task_type, settings, settings_version, judgments_per_item, lease_ttl_s, created_at
  FROM projects.project WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3;

-- name: get_project
-- Gives one project without its instructions. Reads projects.project.
SELECT id, name, task_type, settings, settings_version, judgments_per_item, lease_ttl_s, created_at
  FROM projects.project WHERE workspace_id = $1 AND id = $2;

-- name: get_instructions
-- Gives the sealed instructions. Reads projects.project.
SELECT instructions FROM projects.project WHERE workspace_id = $1 AND id = $2;
