"""The catalogue lint: what row-level security needs, asked of the database itself at start-up.

Each question gives the names of what breaks a rule of specs/trust.md section 3; any name at all and
the service refuses to serve. It runs as the application's role: what that role cannot see it cannot
use either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .errors import EvenhandError

if TYPE_CHECKING:
    import asyncpg

__all__ = ["RULES", "LintRefused", "lint_catalogue"]

_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'public', 'migration')"
_GLOBAL = (
    "('platform.token_secret', 'identity.person', 'identity.service_key', 'identity.throttle')"
)
_STEWARDS = (
    "('platform.job', 'transparency.intent', 'identity.workspace', 'exposure.history',"
    " 'conflicts.rivalry', 'parties.party', 'tasks.lease', 'items.batch',"
    " 'identity.password')"
)

RULES: Final[dict[str, str]] = {
    "the role is superuser, bypasses row security, or owns something": """
        SELECT r.rolname FROM pg_roles AS r
         WHERE r.rolname = current_user AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole
               OR r.rolcreatedb OR r.rolreplication
               OR EXISTS (SELECT FROM pg_class AS c WHERE c.relowner = r.oid)
               OR EXISTS (SELECT FROM pg_proc AS p WHERE p.proowner = r.oid)
               OR pg_has_role(r.oid, 'evenhand_owner', 'MEMBER'))""",
    "the queue's role can be had, or has more than its two functions": f"""
        SELECT r.rolname FROM pg_roles AS r
         WHERE r.rolname = 'evenhand_queue' AND (r.rolsuper OR r.rolbypassrls OR r.rolcanlogin
               OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
               OR pg_has_role(current_user, r.oid, 'MEMBER')
               OR EXISTS (SELECT FROM pg_class AS c WHERE c.relowner = r.oid))
        UNION ALL
        SELECT p.oid::regprocedure::text FROM pg_proc AS p
          JOIN pg_roles AS r ON r.oid = p.proowner AND r.rolname = 'evenhand_queue'
          JOIN pg_namespace AS n ON n.oid = p.pronamespace
         WHERE n.nspname || '.' || p.proname NOT IN ('tasks.lease_next', 'judgments.submit')
        UNION ALL
        SELECT n.nspname FROM pg_namespace AS n
         WHERE {_OURS} AND has_schema_privilege('evenhand_queue', n.oid, 'CREATE')""",
    "a table without forced row-level security": f"""
        SELECT n.nspname || '.' || c.relname FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND {_OURS}
           AND n.nspname || '.' || c.relname NOT IN {_GLOBAL}
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity)""",
    "a table of all workspaces that the application may touch": f"""
        SELECT n.nspname || '.' || c.relname FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND n.nspname || '.' || c.relname IN {_GLOBAL}
           AND (has_table_privilege(c.oid, 'SELECT') OR has_table_privilege(c.oid, 'INSERT')
                OR has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE')
                OR has_any_column_privilege(c.oid, 'SELECT'))""",
    "a workspace column that is missing or may be null": f"""
        SELECT n.nspname || '.' || c.relname FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
          LEFT JOIN pg_attribute AS a
            ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped
         WHERE c.relkind IN ('r', 'p') AND {_OURS}
           AND n.nspname || '.' || c.relname NOT IN {_GLOBAL}
           AND (a.attnum IS NULL OR NOT a.attnotnull)""",
    "a primary or unique key that does not lead with the workspace": f"""
        SELECT i.indexrelid::regclass::text FROM pg_index AS i
          JOIN pg_class AS c ON c.oid = i.indrelid
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
          LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
         WHERE i.indisunique AND {_OURS}
           AND n.nspname || '.' || c.relname NOT IN {_GLOBAL}
           AND a.attname IS DISTINCT FROM 'workspace_id'
           AND i.indexrelid::regclass::text <> 'transparency.log_origin_key'""",
    "a foreign key without the workspace in it": f"""
        SELECT f.conname FROM pg_constraint AS f
          JOIN pg_class AS c ON c.oid = f.conrelid
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
          JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
         WHERE f.contype = 'f' AND {_OURS} AND NOT a.attnum = ANY (f.conkey)
           AND f.confrelid <> 'identity.person'::regclass""",
    "a policy that is not the workspace's": f"""
        SELECT p.schemaname || '.' || p.tablename || ' ' || p.policyname FROM pg_policies AS p
         WHERE (
            (p.policyname = 'workspace' AND p.permissive = 'PERMISSIVE' AND p.cmd = 'ALL'
             AND p.qual ~ '^\\(workspace_id = \\( SELECT platform\\.current_workspace\\(\\)'
             AND p.with_check = p.qual AND p.roles = '{{evenhand_app,evenhand_owner}}')
            OR (p.policyname = 'queue' AND p.permissive = 'PERMISSIVE' AND p.cmd = 'ALL'
             AND p.qual = '(workspace_id = (current_setting(''evenhand.verified''::text))::uuid)'
             AND p.with_check = p.qual AND p.roles = '{{evenhand_queue}}')
            OR (p.policyname = 'steward' AND p.cmd = 'SELECT' AND p.roles = '{{evenhand_owner}}'
                AND p.schemaname || '.' || p.tablename IN {_STEWARDS})) IS NOT TRUE""",
    "a table without its workspace policy": f"""
        SELECT n.nspname || '.' || c.relname FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND {_OURS}
           AND n.nspname || '.' || c.relname NOT IN {_GLOBAL}
           AND NOT EXISTS (SELECT FROM pg_policies AS p WHERE p.schemaname = n.nspname
                              AND p.tablename = c.relname AND p.policyname = 'workspace')""",
    "a function that runs as its owner without a fixed search_path": f"""
        SELECT p.oid::regprocedure::text FROM pg_proc AS p
          JOIN pg_namespace AS n ON n.oid = p.pronamespace
         WHERE p.prosecdef AND {_OURS}
           AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)""",
    "a function that runs as its owner and that everybody may call": f"""
        SELECT p.oid::regprocedure::text FROM pg_proc AS p
          JOIN pg_namespace AS n ON n.oid = p.pronamespace
         WHERE p.prosecdef AND {_OURS}
           AND (p.proacl IS NULL OR EXISTS (
                SELECT FROM aclexplode(p.proacl) AS a
                 WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE'))""",
    "a TRUNCATE, TRIGGER or REFERENCES right of the application": f"""
        SELECT n.nspname || '.' || c.relname FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND {_OURS}
           AND (has_table_privilege(c.oid, 'TRUNCATE') OR has_table_privilege(c.oid, 'TRIGGER')
                OR has_table_privilege(c.oid, 'REFERENCES'))""",
    "a view or materialized view": f"""
        SELECT n.nspname || '.' || c.relname FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('v', 'm') AND {_OURS}""",
    "a setting without which an acknowledged write can be lost": """
        SELECT s.name FROM pg_settings AS s
         WHERE (s.name IN ('fsync', 'full_page_writes') AND s.setting <> 'on')
            OR (s.name = 'synchronous_commit' AND s.setting = 'off')""",
}
"""What is wrong, and the query that names it."""


class LintRefused(EvenhandError):
    """The database does not keep tenants apart; serving would be a promise we cannot keep."""

    code = "catalogue_refused"


async def lint_catalogue(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Ask every question.

    Raises:
        LintRefused: naming all that is wrong.
    """
    wrong: list[str] = []
    for rule, question in RULES.items():
        wrong += [f"{rule}: {row[0]}" for row in await connection.fetch(question)]
    if wrong:
        raise LintRefused("The database is not safe to serve from. " + "; ".join(wrong) + ".")
