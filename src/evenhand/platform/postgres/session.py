"""What must hold inside a running server before it may be used, checked over a session."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, cast

import asyncpg

from .config import DURABLE
from .model import ClusterRefused, ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from .model import ServerAddress

__all__ = ["admit"]

_TIMEOUT_S = 20
# The database that initdb makes and that we never use for data.
_MAINTENANCE_DATABASE = "postgres"
_REQUIRED = {
    **DURABLE,
    "data_checksums": "on",
    "listen_addresses": "",
    "server_encoding": "UTF8",
}


def admit(address: ServerAddress) -> None:
    """Create our database if it is missing, and refuse an unsafe server.

    Runs its own event loop in a thread, so that it works below a running loop as well.
    Raises: ClusterRefused when a required setting is off or the password does not fit;
    ServerUnavailable when the server went away.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(lambda: asyncio.run(_admit(address))).result()


class _Link(Protocol):
    """The part of asyncpg's connection that is used here, with types."""

    async def close(self) -> None: ...
    async def execute(self, query: str) -> str: ...
    async def fetch(self, query: str, *args: object) -> Sequence[Mapping[str, object]]: ...
    async def fetchval(self, query: str, *args: object) -> object: ...


async def _admit(address: ServerAddress) -> None:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            link = await _connect(address)
            try:
                await _check_settings(link)
                await _silence_errors(link)
                await _ensure_database(link, address.database)
            finally:
                await link.close()
    except asyncpg.InvalidPasswordError as error:
        raise ClusterRefused(
            "the database refuses the password in the data folder: password file and cluster do "
            "not belong together. Restore both from one backup."
        ) from error
    except (
        OSError,
        asyncpg.InterfaceError,
        # Raised by asyncpg for a query after the farewell of a dying server.
        asyncpg.InternalClientError,
        asyncpg.PostgresError,
    ) as error:
        raise ServerUnavailable(f"the database went away while it was checked: {error}") from error


async def _connect(address: ServerAddress) -> _Link:
    connect = cast(
        "Callable[..., Awaitable[_Link]]",
        asyncpg.connect,  # pyright: ignore[reportUnknownMemberType]
    )
    # Everything is explicit: PG* variables of the caller's environment have no say.
    return await connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        database=_MAINTENANCE_DATABASE,
        ssl=False,
        statement_cache_size=0,
        timeout=_TIMEOUT_S,
    )


async def _ensure_database(link: _Link, name: str) -> None:
    # A crash in the middle leaves no database; the next start creates it.
    if not await link.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name):
        # house: H020 a statement's identifiers cannot be parameters; the name is ours, not a user's
        await link.execute(f'CREATE DATABASE "{name}"')


async def _check_settings(link: _Link) -> None:
    rows = await link.fetch(
        "SELECT name, setting FROM pg_catalog.pg_settings WHERE name = ANY($1::text[])",
        list(_REQUIRED),
    )
    found = {str(row["name"]): str(row["setting"]) for row in rows}
    wrong = sorted(name for name, wanted in _REQUIRED.items() if found.get(name) != wanted)
    if wrong:
        named = ", ".join(f"{name} is {found.get(name)!r}" for name in wrong)
        raise ClusterRefused(
            f"this database is not safe to use: {named}; required: "
            + ", ".join(f"{name} {_REQUIRED[name]!r}" for name in wrong)
            + ". Data checksums can be added with pg_checksums while the server is stopped."
        )


async def _silence_errors(link: _Link) -> None:
    """Keep the text of failed statements' errors, which may quote content, out of the log.

    Background processes keep the configured level `warning`.
    """
    is_set = await link.fetchval(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting"
        " WHERE setdatabase = 0 AND setrole = 0 AND 'log_min_messages=log' = ANY (setconfig))"
    )
    if not is_set:
        await link.execute("ALTER ROLE ALL SET log_min_messages = 'log'")
