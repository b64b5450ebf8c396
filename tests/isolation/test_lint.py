"""The catalogue lint: silent on the real schema, and each rule catches its smallest breach."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from tests.ground import Address, connected
from tests.isolation.furniture import workspace_tables

from evenhand.platform.lint import RULES, LintRefused, lint_catalogue
from evenhand.platform.migrations import AppLogin

FENCED = (
    "CREATE TABLE items.extra (workspace_id uuid NOT NULL, id uuid NOT NULL{more},"
    " PRIMARY KEY (workspace_id, id)); SELECT platform.wall_in('items.extra')"
)
DEFINER = "LANGUAGE sql SECURITY DEFINER {more} AS 'SELECT 1'"

# Each breach in one or two statements of the superuser, in a transaction that is rolled back.
# {login} is the application's login role.
BREACHES: list[tuple[str, str]] = [
    ("the role is superuser", "ALTER ROLE {login} SUPERUSER"),
    ("the role is superuser", "ALTER ROLE {login} BYPASSRLS"),
    ("the role is superuser", "ALTER ROLE {login} CREATEROLE"),
    ("the role is superuser", "ALTER ROLE {login} CREATEDB"),
    ("the role is superuser", "ALTER ROLE {login} REPLICATION"),
    ("the role is superuser", "GRANT evenhand_owner TO {login}"),
    ("the role is superuser", "CREATE TABLE public.x (); ALTER TABLE public.x OWNER TO {login}"),
    ("the queue's role", "GRANT evenhand_queue TO {login}"),
    ("the queue's role", "GRANT evenhand_queue TO evenhand_app"),
    ("the queue's role", "ALTER ROLE evenhand_queue LOGIN"),
    ("the queue's role", "ALTER ROLE evenhand_queue BYPASSRLS"),
    ("the queue's role", "ALTER TABLE items.item OWNER TO evenhand_queue"),
    ("the queue's role", "ALTER FUNCTION items.check_added_items() OWNER TO evenhand_queue"),
    ("the queue's role", "GRANT CREATE ON SCHEMA tasks TO evenhand_queue"),
    ("a table without forced", "ALTER TABLE items.item NO FORCE ROW LEVEL SECURITY"),
    ("a table without forced", "ALTER TABLE items.item DISABLE ROW LEVEL SECURITY"),
    ("a table without forced", "CREATE TABLE tasks.extra (workspace_id uuid PRIMARY KEY)"),
    ("a table of all workspaces", "GRANT SELECT ON platform.token_secret TO evenhand_app"),
    ("a table of all workspaces", "GRANT SELECT (secret) ON platform.token_secret TO evenhand_app"),
    ("a table of all workspaces", "GRANT INSERT ON identity.person TO evenhand_app"),
    ("a table of all workspaces", "GRANT SELECT ON identity.person TO PUBLIC"),
    ("a workspace column", ("ALTER TABLE platform.job DROP CONSTRAINT job_pkey;"
     " ALTER TABLE platform.job ALTER workspace_id DROP NOT NULL")),
    ("a workspace column", "CREATE TABLE items.extra (id uuid)"),
    ("a primary or unique key", FENCED.format(more=" UNIQUE")),
    ("a primary or unique key", "CREATE UNIQUE INDEX ON items.item (id)"),
    ("a primary or unique key", "CREATE UNIQUE INDEX ON items.item (md5(payload))"),
    ("a foreign key without", FENCED.format(more=" UNIQUE, up uuid REFERENCES items.extra (id)")),
    ("a policy that is not", "CREATE POLICY extra ON items.item USING (true)"),
    ("a policy that is not", "ALTER POLICY workspace ON items.item USING (true)"),
    ("a policy that is not", "ALTER POLICY workspace ON items.item WITH CHECK (true)"),
    ("a policy that is not", ("DROP POLICY workspace ON items.item;"
     " CREATE POLICY workspace ON items.item WITH CHECK (true)")),
    ("a policy that is not", ("ALTER POLICY workspace ON items.item USING"
     " (workspace_id = (SELECT platform.current_workspace()) OR id IS NULL)")),
    ("a policy that is not", ("CREATE POLICY steward ON items.item FOR SELECT"
     " TO evenhand_owner USING (true)")),
    ("a policy that is not", "ALTER POLICY steward ON items.batch TO PUBLIC"),
    ("a policy that is not", "ALTER POLICY queue ON items.item TO evenhand_app"),
    ("a policy that is not", "ALTER POLICY queue ON items.item USING (true)"),
    ("a policy that is not", "ALTER POLICY workspace ON items.item TO PUBLIC"),
    ("a table without its workspace policy", "DROP POLICY workspace ON items.item"),
    ("a function that runs as its owner without",
     (f"CREATE FUNCTION items.f() RETURNS int {DEFINER.format(more='')};"
     " REVOKE ALL ON FUNCTION items.f() FROM PUBLIC")),
    ("a function that runs as its owner without",
     (f"CREATE FUNCTION items.f() RETURNS int {DEFINER.format(more='SET search_path = items')};"
     " REVOKE ALL ON FUNCTION items.f() FROM PUBLIC")),
    ("a function that runs as its owner and that everybody",
     "CREATE FUNCTION items.f() RETURNS int "
     + DEFINER.format(more="SET search_path = pg_catalog, pg_temp")),
    ("a function that runs as its owner and that everybody",
     "GRANT EXECUTE ON FUNCTION platform.current_workspace() TO PUBLIC"),
    ("a TRUNCATE, TRIGGER or REFERENCES", "GRANT TRUNCATE ON items.item TO evenhand_app"),
    ("a TRUNCATE, TRIGGER or REFERENCES", "GRANT TRIGGER ON items.item TO evenhand_app"),
    ("a TRUNCATE, TRIGGER or REFERENCES", "GRANT REFERENCES ON items.item TO {login}"),
    ("a view or materialized view", "CREATE VIEW items.v AS SELECT 1 AS one"),
    ("a view or materialized view", "CREATE MATERIALIZED VIEW items.v AS SELECT 1 AS one"),
    ("a setting without which", "SET LOCAL synchronous_commit = off"),
]  # fmt: skip


@asynccontextmanager
async def broken(
    admin: Address, login: AppLogin, breach: str
) -> AsyncGenerator[asyncpg.Connection[asyncpg.Record]]:
    """The application's role in a schema that is broken until the end of the block."""
    async with connected(admin) as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(breach.format(login=login.address["user"]))
            await connection.execute(f"SET LOCAL ROLE {login.address['user']}")
            yield connection
        finally:
            await transaction.rollback()


async def test_the_real_schema_passes(login: AppLogin) -> None:
    async with connected(login.address) as app:
        await lint_catalogue(app)


@pytest.mark.parametrize(
    ("rule", "breach"), BREACHES, ids=[f"{i}-{b[0]}" for i, b in enumerate(BREACHES)]
)
async def test_a_breach_is_named(login: AppLogin, admin: Address, rule: str, breach: str) -> None:
    (whole,) = [name for name in RULES if name.startswith(rule)]
    async with broken(admin, login, breach) as app:
        with pytest.raises(LintRefused) as refused:
            await lint_catalogue(app)
    assert f"{whole}: " in refused.value.detail
    assert refused.value.stable_code == "catalogue_refused"


def test_every_rule_has_its_breach() -> None:
    for rule in RULES:
        assert any(rule.startswith(named) for named, _ in BREACHES), rule


async def test_each_table_needs_its_policy(login: AppLogin, admin: Address) -> None:
    async with connected(login.address) as app:
        tables = await workspace_tables(app)
    assert len(tables) > 20
    for table in tables:
        async with broken(admin, login, f"DROP POLICY workspace ON {table}") as app:
            with pytest.raises(LintRefused) as refused:
                await lint_catalogue(app)
        assert f"a table without its workspace policy: {table}" in refused.value.detail


async def test_each_table_needs_its_row_security(login: AppLogin, admin: Address) -> None:
    async with connected(login.address) as app:
        tables = await workspace_tables(app)
    for table in tables:
        breach = f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"
        async with broken(admin, login, breach) as app:
            with pytest.raises(LintRefused) as refused:
                await lint_catalogue(app)
        assert f"forced row-level security: {table}" in refused.value.detail
