"""Brings a database to the present schema, and refuses what it does not know.

Order: roles (cluster-wide, no login, owning nothing but the schema), numbered files of
`evenhand/migrations` once each, then every room's `functions*.sql` again whenever its text changed.
All in one transaction under an advisory lock, so that two starters cannot race.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING

import asyncpg

from .errors import Unavailable
from .ids import random_bytes
from .tokens import hmac_pads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .db import DatabaseAddress

__all__ = ["AppLogin", "MigrationError", "migrate"]

_LOCK = 0x45564E48  # "EVNH"
_LEAST_VERSION = 150_000


class MigrationError(Unavailable):
    """The database cannot be brought to the schema of this program."""

    code = "migration_refused"


@dataclass(frozen=True, slots=True)
class AppLogin:
    """How the application logs in, and the secret of its workspace tokens."""

    address: DatabaseAddress = field(repr=False)
    token_secret: bytes = field(repr=False)
    applied: tuple[str, ...] = ()


async def migrate(admin: DatabaseAddress, rooms: Sequence[str]) -> AppLogin:
    """Migrate as the administrator and return the application's login.

    `rooms` are packages that may hold `functions*.sql`, lowest first.

    Raises:
        MigrationError: server too old, files changed after they ran, or a newer schema.
    """
    connection = await asyncpg.connect(**admin, timeout=10.0)
    try:
        if connection.get_server_version().major * 10_000 < _LEAST_VERSION:
            raise MigrationError("PostgreSQL 15 or newer is needed.")
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            await _make_roles(connection)
            await connection.execute("SET LOCAL ROLE evenhand_owner")
            applied = await _apply_files(connection, rooms)
            secret = await _token_secret(connection)
            # Under the lock too: two starters that alter one role at once are refused.
            await connection.execute("RESET ROLE")
            await connection.execute("REVOKE evenhand_queue FROM evenhand_owner")
            login = await _app_login(connection, secret)
    finally:
        await connection.close()
    return AppLogin(
        address={**admin, "user": login, "password": _app_password(secret)},
        token_secret=secret,
        applied=tuple(applied),
    )


async def _make_roles(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Owner and group roles are of the whole cluster; CONNECT is of this database alone."""
    await connection.execute(
        """
        DO $$
        DECLARE wanted text;
        BEGIN
            FOREACH wanted IN ARRAY ARRAY['evenhand_owner', 'evenhand_app',
                                             'evenhand_queue'] LOOP
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                    BEGIN
                        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
                    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
                    END;
                END IF;
            END LOOP;
            IF NOT pg_has_role(current_user, 'evenhand_owner', 'MEMBER') THEN
                EXECUTE format('GRANT evenhand_owner TO %I', current_user);
            END IF;
            -- Until this transaction ends the owner may replace the functions of that role.
            GRANT evenhand_queue TO evenhand_owner;
            EXECUTE format('GRANT CREATE ON DATABASE %I TO evenhand_owner', current_database());
            EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC',
                           current_database());
            REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        END $$
        """
    )


async def _apply_files(
    connection: asyncpg.Connection[asyncpg.Record], rooms: Sequence[str]
) -> list[str]:
    await connection.execute(
        """
        CREATE SCHEMA IF NOT EXISTS migration;
        CREATE TABLE IF NOT EXISTS migration.applied (
            name text PRIMARY KEY, hash text NOT NULL, at timestamptz NOT NULL DEFAULT now())
        """
    )
    done = {
        row["name"]: row["hash"]
        for row in await connection.fetch("SELECT name, hash FROM migration.applied")
    }
    numbered = _numbered_files()
    unknown = {name for name in done if name[:1].isdigit()} - set(numbered)
    if unknown:
        raise MigrationError(
            f"The database has migrations that this program does not know ({min(unknown)}):"
            " it was used by a newer Evenhand. Start that one."
        )
    applied: list[str] = []
    for name, text in numbered.items():
        if name not in done:
            await _apply(connection, name, text)
            applied.append(name)
        elif done[name] != _hash(text):
            raise MigrationError(f"Migration {name} was changed after it ran here.")
    for name, text in _function_files(rooms).items():
        if done.get(name) != _hash(text):
            await _apply(connection, name, text)
            applied.append(name)
    return applied


async def _apply(connection: asyncpg.Connection[asyncpg.Record], name: str, text: str) -> None:
    await connection.execute(text)
    await connection.execute(
        "INSERT INTO migration.applied (name, hash) VALUES ($1, $2)"
        " ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, at = now()",
        name,
        _hash(text),
    )


async def _token_secret(connection: asyncpg.Connection[asyncpg.Record]) -> bytes:
    secret = random_bytes(32)
    inner, outer = hmac_pads(secret)
    await connection.execute(
        "INSERT INTO platform.token_secret (secret, inner_pad, outer_pad) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING",
        secret,
        inner,
        outer,
    )
    kept: bytes = await connection.fetchval("SELECT secret FROM platform.token_secret")
    return kept


async def _app_login(connection: asyncpg.Connection[asyncpg.Record], secret: bytes) -> str:
    """Make this database's login role; its password follows from the token secret.

    So every host with the administrator's URL computes the same one and no file holds it.
    """
    login: str = await connection.fetchval("SELECT left(current_database(), 50) || '_app_login'")
    await connection.execute(
        "SELECT set_config('evenhand.app_password', $1, true)", _app_password(secret)
    )
    await connection.execute(
        """
        DO $$
        DECLARE login text := left(current_database(), 50) || '_app_login';
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
                EXECUTE format('CREATE ROLE %I', login);
            END IF;
            EXECUTE format('ALTER ROLE %I LOGIN INHERIT PASSWORD %L', login,
                           current_setting('evenhand.app_password'));
            EXECUTE format('GRANT evenhand_app TO %I', login);
            EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login);
        END $$
        """
    )
    await connection.execute("SELECT set_config('evenhand.app_password', '', true)")
    return login


def _app_password(secret: bytes) -> str:
    return hmac.digest(secret, b"evenhand/app-login/1", "sha256").hex()


def _numbered_files() -> dict[str, str]:
    folder = resources.files("evenhand.migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}


def _function_files(rooms: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for room in rooms:
        entries = resources.files(room).iterdir()
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith("functions") and entry.name.endswith(".sql"):
                found[f"{room}/{entry.name}"] = entry.read_text(encoding="utf-8")
    return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
