"""Migrations: from nothing to the present, again for nothing, in races, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from tests.ground import Address, connected, run_as

from evenhand.app.compose import ROOMS
from evenhand.platform import migrations
from evenhand.platform.lint import lint_catalogue
from evenhand.platform.migrations import MigrationError, migrate


@pytest.fixture
async def empty(postgres: Address) -> AsyncIterator[Address]:
    """A database with nothing in it."""
    name = f"m_{uuid4().hex[:12]}"
    await run_as(postgres, f"CREATE DATABASE {name}")
    yield {**postgres, "database": name}
    await run_as(
        postgres,
        f"DROP DATABASE {name} WITH (FORCE)",
        f"DROP ROLE IF EXISTS {name}_app_login",
    )


async def test_an_empty_database_becomes_the_present_one(empty: Address) -> None:
    login = await migrate(empty, ROOMS)
    numbered = [name for name in login.applied if name[:1].isdigit()]
    assert numbered == sorted(migrations._numbered_files())
    async with connected(login.address) as app:
        await lint_catalogue(app)
    again = await migrate(empty, ROOMS)
    assert again.applied == ()
    assert (again.address, again.token_secret) == (login.address, login.token_secret)


async def test_two_starters_do_not_race(empty: Address) -> None:
    logins = await asyncio.gather(*(migrate(empty, ROOMS) for _ in range(4)))
    assert len({login.token_secret for login in logins}) == 1
    assert sum(bool(login.applied) for login in logins) == 1
    async with connected(logins[-1].address) as app:
        await lint_catalogue(app)


async def test_a_failure_leaves_nothing_half_done(
    empty: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = migrations._numbered_files()
    with monkeypatch.context() as patched:
        patched.setattr(
            migrations, "_numbered_files", lambda: {**files, "9999_bad.sql": "SELECT 1 / 0"}
        )
        with pytest.raises(asyncpg.DivisionByZeroError):
            await migrate(empty, ROOMS)
    async with connected(empty) as superuser:
        assert await superuser.fetchval("SELECT to_regclass('migration.applied')") is None
    assert (await migrate(empty, ROOMS)).applied


async def test_a_function_file_that_changed_is_applied_again(
    empty: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty, ROOMS)
    whole = migrations._function_files(ROOMS)
    name = "evenhand.items/functions.sql"
    with monkeypatch.context() as patched:
        changed = {**whole, name: whole[name] + "\n-- changed"}
        patched.setattr(migrations, "_function_files", lambda _rooms: changed)
        assert (await migrate(empty, ROOMS)).applied == (name,)
    assert (await migrate(empty, ROOMS)).applied == (name,)


async def test_all_function_files_can_be_applied_again(
    empty: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an upgrade of every room would."""
    await migrate(empty, ROOMS)
    whole = migrations._function_files(ROOMS)
    changed = {name: text + "\n-- changed" for name, text in whole.items()}
    monkeypatch.setattr(migrations, "_function_files", lambda _rooms: changed)
    assert set((await migrate(empty, ROOMS)).applied) == set(whole)


async def test_a_file_that_changed_after_it_ran_is_refused(
    empty: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty, ROOMS)
    files = migrations._numbered_files()
    first = min(files)
    changed = {**files, first: files[first] + "\n"}
    monkeypatch.setattr(migrations, "_numbered_files", lambda: changed)
    with pytest.raises(MigrationError, match=f"{first} was changed") as refused:
        await migrate(empty, ROOMS)
    assert refused.value.stable_code == "migration_refused"


async def test_a_newer_schema_is_refused(empty: Address) -> None:
    await migrate(empty, ROOMS)
    await run_as(empty, "INSERT INTO migration.applied (name, hash) VALUES ('9000_later.sql', 'x')")
    with pytest.raises(MigrationError, match="9000_later"):
        await migrate(empty, ROOMS)


async def test_an_old_server_is_refused(empty: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "_LEAST_VERSION", 990_000)
    with pytest.raises(MigrationError, match="or newer is needed"):
        await migrate(empty, ROOMS)


def test_numbers_are_without_gap_and_name_room_and_purpose() -> None:
    names = sorted(migrations._numbered_files())
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    for text in migrations._numbered_files().values():
        assert text.startswith(("-- Room: ", "-- Rooms: "))
        assert "Purpose: " in text.splitlines()[0]


async def test_the_logins_password_follows_from_the_database(empty: Address) -> None:
    login = await migrate(empty, ROOMS)
    guessed: Address = {**login.address, "password": "guess"}
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(**guessed)
    async with connected(empty) as superuser:
        assert not await superuser.fetchval(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls"
            "  FROM pg_roles WHERE rolname = $1",
            login.address["user"],
        )
