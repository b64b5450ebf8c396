"""The way to PostgreSQL: tokens that end with their transaction, refusals in our own words."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from tests.ground import Address, Tenant, connected

from evenhand.platform import db as db_module
from evenhand.platform.db import DATABASE_FAULTS, Database, refusal_of
from evenhand.platform.errors import (
    Conflict,
    EvenhandError,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from evenhand.platform.migrations import AppLogin


async def settings_left(db: Database) -> set[str]:
    """The token as each connection of the pool has it outside of a transaction."""

    async def look() -> str:
        async with db.pool.acquire() as connection:
            await asyncio.sleep(0.02)
            return await connection.fetchval(
                "SELECT coalesce(current_setting('evenhand.token', true), '')"
            )

    return set(await asyncio.gather(*(look() for _ in range(8))))


async def test_no_token_is_left_behind(tenant: Tenant) -> None:
    """The pool has no reset query: every setting ends with its transaction, however it ends."""
    db = tenant.db
    async with db.transaction(tenant.id) as tx:
        assert await tx.fetchval("SELECT platform.current_workspace()") == tenant.id
    assert await settings_left(db) == {""}
    with pytest.raises(ZeroDivisionError):
        async with db.transaction(tenant.id):
            raise ZeroDivisionError
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with db.transaction(tenant.id) as tx:
            await tx.fetchval("SELECT 1 / 0")
    # The hot functions set the token themselves, each in the transaction of its one statement.
    await tenant.actor(tenant.owner)
    await db.fetchval("SELECT tasks.expire($1)", db.token(tenant.id))
    assert await settings_left(db) == {""}
    assert await db.fetchval("SELECT count(*) FROM identity.member") == 0


async def test_a_cancelled_request_leaves_nothing(tenant: Tenant) -> None:
    async def slow() -> None:
        async with tenant.db.transaction(tenant.id) as tx:
            await tx.fetchval("SELECT pg_sleep(5)")

    request = asyncio.create_task(slow())
    await asyncio.sleep(0.1)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert await settings_left(tenant.db) == {""}


async def test_a_transaction_commits_or_leaves_no_trace(tenant: Tenant) -> None:
    insert = (
        "INSERT INTO parties.party (workspace_id, id, kind, name, role)"
        " VALUES ($1, $2, 'fund', 'x', 'other')"
    )
    kept, lost = uuid4(), uuid4()
    async with tenant.db.transaction(tenant.id) as tx:
        await tx.execute(insert, tenant.id, kept)
    with pytest.raises(ZeroDivisionError):
        async with tenant.db.transaction(tenant.id) as tx:
            await tx.execute(insert, tenant.id, lost)
            raise ZeroDivisionError
    rows = await tenant.rows("SELECT id FROM parties.party WHERE kind = 'fund'")
    assert [row["id"] for row in rows] == [kept]


async def test_the_three_ways_to_ask(db: Database) -> None:
    assert [row[0] for row in await db.fetch("SELECT generate_series(1, $1::int)", 3)] == [1, 2, 3]
    row = await db.fetchrow("SELECT 1 AS one, 2 AS two")
    assert row is not None
    assert dict(row) == {"one": 1, "two": 2}
    assert await db.fetchrow("SELECT 1 WHERE false") is None
    assert await db.fetchval("SELECT $1::text", "x") == "x"


async def test_the_clock_is_the_databases(db: Database) -> None:
    said: float = await db.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
    assert abs(db.now_s() - said) < 0.5
    db._offset_s += 1000
    assert db.now_s() - said > 900
    await db._read_clock()
    assert abs(db.now_s() - said) < 1


async def test_the_clock_is_followed(login: AppLogin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db_module, "_CLOCK_EVERY_S", 0.02)
    db = await Database.connect(login.address, token_secret=login.token_secret, pool_size=1)
    try:
        true_s = db.now_s()
        db._offset_s += 1000
        await asyncio.sleep(0.2)
        assert abs(db.now_s() - true_s) < 2
    finally:
        await db.close()


async def test_a_database_that_goes_away_is_survived(db: Database, admin: Address) -> None:
    await asyncio.gather(*(db.fetchval("SELECT pg_sleep(0.05)") for _ in range(4)))
    async with connected(admin) as superuser:
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename LIKE '%_app_login'"
        )
    seen = []
    for _ in range(8):
        try:
            seen.append(await db.fetchval("SELECT 1"))
        except DATABASE_FAULTS as error:
            refusal = refusal_of(error)
            assert isinstance(refusal, Unavailable)
            assert refusal.stable_code == "database_away"
    assert seen[-1] == 1


def test_a_database_that_was_never_connected_mints_nothing() -> None:
    db = Database(None, {}, None, None)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="not connected"):
        db.token(uuid4())


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("EH401", Unauthenticated),
        ("EH403", Forbidden),
        ("EH404", NotFound),
        ("EH409", Conflict),
        ("EH410", Expired),
        ("EH422", Invalid),
    ],
)
async def test_what_a_function_refuses_becomes_a_kind(
    db: Database, state: str, kind: type[EvenhandError]
) -> None:
    raises = (
        f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'the_code',"
        " DETAIL = 'What to try.'; END $$"
    )
    with pytest.raises(asyncpg.PostgresError) as raised:
        await db.fetch(raises)
    refusal = refusal_of(raised.value)
    assert type(refusal) is kind
    assert refusal.stable_code == "the_code"
    assert refusal.detail == "What to try."
    # Without a detail the code has to do.
    with pytest.raises(asyncpg.PostgresError) as raised:
        await db.fetch(raises.replace(", DETAIL = 'What to try.'", ""))
    refusal = refusal_of(raised.value)
    assert refusal is not None
    assert refusal.detail == "the_code"


def test_other_errors_are_faults_or_absence() -> None:
    assert refusal_of(ValueError("x")) is None
    assert refusal_of(asyncpg.UniqueViolationError("x")) is None
    for error in (
        OSError(),
        TimeoutError(),
        asyncpg.TooManyConnectionsError("x"),
        asyncpg.InterfaceError("x"),
    ):
        assert isinstance(refusal_of(error), Unavailable)


@pytest.mark.parametrize("error", [asyncpg.DeadlockDetectedError, asyncpg.SerializationError])
def test_a_collision_is_told_as_one(error: type[asyncpg.PostgresError]) -> None:
    refusal = refusal_of(error("x"))
    assert isinstance(refusal, Unavailable)
    assert refusal.stable_code == "collision"


async def test_closing_twice_or_without_a_database_is_quick(login: AppLogin) -> None:
    db = await Database.connect(login.address, token_secret=login.token_secret, pool_size=2)
    held = await db.pool.acquire()
    closing = asyncio.create_task(db.close())
    await asyncio.sleep(0.05)
    await db.pool.release(held)
    async with asyncio.timeout(5):
        await closing
