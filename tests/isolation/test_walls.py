"""Row-level security as the second wall: what the application's role gets, whatever it says."""

from __future__ import annotations

import hmac
import time
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.ground import Address, Tenant, connected
from tests.isolation.furniture import furnish, leave_waiting, workspace_tables

from evenhand.platform.migrations import AppLogin

SET_TOKEN = "SELECT set_config('evenhand.token', $1, true)"


def minted(secret: bytes, workspace: UUID, *, lives_s: float) -> str:
    """A token as the specification words it, made without the product's code."""
    said = f"{workspace.hex}:{int(time.time() + lives_s)}"
    return f"{said}:{hmac.digest(secret, said.encode(), 'sha256').hex()}"


def forgeries(secret: bytes, workspace: UUID, other: UUID) -> dict[str, str]:
    """What is not a token of `workspace`, by how it fails."""
    good = minted(secret, workspace, lives_s=60)
    return {
        "empty": "",
        "the bare id": str(workspace),
        "the bare id in hex": workspace.hex,
        "another secret": minted(b"?" * 32, workspace, lives_s=60),
        "expired": minted(secret, workspace, lives_s=-1),
        "another workspace's name under this one's proof": other.hex + good[32:],
        "a later expiry under an old proof": f"{good[:33]}99999999999{good[-65:]}",
        "no proof": good[:-64] + "0" * 64,
        "cut": good[:-1],
        "longer": good + "0",
        "upper case": good.upper(),
        "only a proof": ":" + good[-64:],
    }


async def counts(connection: asyncpg.Connection[asyncpg.Record], token: str) -> dict[str, int]:
    """Rows that the connection sees of each workspace table under a token."""
    found = {}
    for table in await workspace_tables(connection):
        async with connection.transaction():
            await connection.execute(SET_TOKEN, token)
            found[table] = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return found


async def test_what_a_token_opens(
    tenant: Tenant, other_tenant: Tenant, login: AppLogin, admin: Address
) -> None:
    await furnish(tenant, "canaryalpha")
    await furnish(other_tenant, "canarybeta")
    await leave_waiting(tenant, other_tenant)
    async with connected(admin) as superuser:
        tables = await workspace_tables(superuser)
        for table in tables:
            owners = await superuser.fetch(f"SELECT DISTINCT workspace_id FROM {table}")
            # Every table holds rows of both, or the zeros below would say nothing.
            assert {row[0] for row in owners} == {tenant.id, other_tenant.id}, table
    async with connected(login.address) as app:
        for how, token in forgeries(login.token_secret, tenant.id, other_tenant.id).items():
            try:
                seen = await counts(app, token)
            except asyncpg.DataError:
                continue  # Not even the form of a token: refused louder than by zero rows.
            assert set(seen.values()) == {0}, how
        # None at all.
        for table in tables:
            assert await app.fetchval(f"SELECT count(*) FROM {table}") == 0, table
        for one in (tenant, other_tenant):
            token = minted(login.token_secret, one.id, lives_s=60)
            for table in tables:
                async with app.transaction():
                    await app.execute(SET_TOKEN, token)
                    rows = await app.fetch(f"SELECT DISTINCT workspace_id FROM {table}")
                assert [row[0] for row in rows] == [one.id], table


async def test_nothing_is_written_for_another_workspace(
    tenant: Tenant, other_tenant: Tenant, login: AppLogin
) -> None:
    ours = await furnish(tenant, "canaryalpha")
    theirs = await furnish(other_tenant, "canarybeta")
    async with connected(login.address) as app:

        async def attempt(query: str, *args: object) -> str:
            async with app.transaction():
                await app.execute(SET_TOKEN, minted(login.token_secret, tenant.id, lives_s=60))
                return await app.execute(query, *args)

        for workspace, target in [(tenant.id, theirs), (other_tenant.id, theirs)]:
            assert (
                await attempt(
                    "UPDATE tasks.lease SET state = 'revoked', ended_at = now()"
                    " WHERE workspace_id = $1 AND id = $2",
                    workspace,
                    target["lease_id"],
                )
                == "UPDATE 0"
            )
            assert (
                await attempt(
                    "DELETE FROM items.item WHERE workspace_id = $1 AND id = $2",
                    workspace,
                    target["item_id"],
                )
                == "DELETE 0"
            )
        party = (
            "INSERT INTO parties.party (workspace_id, id, kind, name, role)"
            " VALUES ($1, $2, 'fund', 'x', 'other')"
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await attempt(party, other_tenant.id, uuid4())
        # A row of ours that points at theirs: the key has the workspace in it.
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await attempt(
                "INSERT INTO parties.tie (workspace_id, id, from_id, to_id, kind, source)"
                " VALUES ($1, $2, $3, $4, 'votes', 'x')",
                tenant.id,
                uuid4(),
                ours["vendor_id"],
                theirs["rival_id"],
            )
        # A row cannot be pushed over the wall.
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await attempt("UPDATE items.batch SET workspace_id = $1", other_tenant.id)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM platform.token_secret",
        "SELECT secret FROM platform.token_secret",
        "SELECT * FROM identity.person",
        "INSERT INTO identity.person (id, email_mac) VALUES (gen_random_uuid(), sha256('x'))",
        "SELECT platform.wall_in('items.item')",
        "CREATE TABLE public.mine (a int)",
        "CREATE TABLE items.mine (a int)",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine (a int)",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE ROLE mine",
        "SET ROLE evenhand_owner",
        "SET SESSION AUTHORIZATION evenhand_owner",
        "ALTER TABLE items.item DISABLE ROW LEVEL SECURITY",
        "DROP POLICY workspace ON items.item",
        "DROP TABLE items.item",
        "COPY items.item FROM STDIN",
        "COPY items.item TO '/dev/null'",
        "COPY items.item TO PROGRAM 'true'",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT lo_import('/etc/passwd')",
        "ALTER SYSTEM SET fsync = off",
        "UPDATE judgments.judgment SET active_ms = 0",
        "DELETE FROM judgments.judgment",
        "DELETE FROM transparency.entry",
        "UPDATE transparency.entry SET leaf = 'x'",
        "DELETE FROM exposure.shown",
    ],
)
async def test_what_the_role_may_not_do(login: AppLogin, statement: str) -> None:
    async with connected(login.address) as app:
        attempt = app.execute(statement) if not statement.endswith("FROM STDIN") else _copy(app)
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError)):
            await attempt


async def _copy(app: asyncpg.Connection[asyncpg.Record]) -> str:
    return await app.copy_records_to_table(
        "item",
        schema_name="items",
        columns=["workspace_id", "id"],
        records=[(uuid4(), uuid4())],
    )


async def test_no_row_security_off_for_the_role(tenant: Tenant, login: AppLogin) -> None:
    async with connected(login.address) as app, app.transaction():
        await app.execute("SET LOCAL row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.fetch("SELECT id FROM identity.member")


async def test_truncate_is_granted_nowhere(login: AppLogin) -> None:
    async with connected(login.address) as app:
        for table in await workspace_tables(app):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(f"TRUNCATE {table}")


async def test_another_databases_role_may_not_connect(login: AppLogin, template: Address) -> None:
    elsewhere: Address = {**login.address, "database": "evenhand_template"}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(**elsewhere)


async def test_the_setting_of_the_queue_opens_nothing_to_the_application(
    tenant: Tenant, other_tenant: Tenant, login: AppLogin, admin: Address
) -> None:
    """What `authenticate` says to the queue's policies is no credential in anybody else's mouth."""
    ours = await furnish(tenant, "canaryalpha")
    theirs = await furnish(other_tenant, "canarybeta")
    async with connected(admin) as superuser:
        hashes = "SELECT secret_hash FROM identity.credential WHERE workspace_id = $1"
        their_hash = await superuser.fetchval(f"{hashes} AND role = 'annotator'", other_tenant.id)
    async with connected(login.address) as app:
        tables = await workspace_tables(app)
        for token in ("", minted(login.token_secret, tenant.id, lives_s=60)):
            async with app.transaction():
                await app.execute(SET_TOKEN, token)
                await app.execute(
                    "SELECT set_config('evenhand.verified', $1, true)", str(other_tenant.id)
                )
                for table in tables:
                    seen = await app.fetch(f"SELECT DISTINCT workspace_id FROM {table}")
                    assert {row[0] for row in seen} <= {tenant.id}, table
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("SET ROLE evenhand_queue")
        # The functions that run as the queue verify the token that they are given, whatever an
        # earlier statement of the transaction set.
        for forged in (
            minted(b"\0" * 32, other_tenant.id, lives_s=60),
            minted(login.token_secret, other_tenant.id, lives_s=-60),
            minted(login.token_secret, tenant.id, lives_s=60),
        ):
            with pytest.raises(asyncpg.PostgresError) as refused:
                async with app.transaction():
                    await app.execute(
                        "SELECT set_config('evenhand.verified', $1, true)", str(other_tenant.id)
                    )
                    await app.fetch(
                        "SELECT * FROM tasks.lease_next($1, $2, ARRAY['annotator'], $3, 1,"
                        " '{}', ARRAY[gen_random_uuid()], NULL, 0, $4)",
                        forged,
                        their_hash,
                        theirs["project_id"],
                        b"\0" * 32,
                    )
            assert refused.value.sqlstate == "EH401"
    # As the queue itself, without a verified workspace, a statement fails; with one it sees one.
    async with connected(admin) as superuser:
        for said, expected in ((None, None), ("", None), (str(tenant.id), {tenant.id})):
            try:
                async with superuser.transaction():
                    if said is not None:
                        await superuser.execute(
                            "SELECT set_config('evenhand.verified', $1, true)", said
                        )
                    await superuser.execute("SET LOCAL ROLE evenhand_queue")
                    rows = await superuser.fetch("SELECT DISTINCT workspace_id FROM items.item")
            except (asyncpg.UndefinedObjectError, asyncpg.InvalidTextRepresentationError):
                assert expected is None, said
            else:
                assert {row[0] for row in rows} == expected, said
    assert ours["project_id"] != theirs["project_id"]
