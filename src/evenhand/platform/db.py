"""The application's way to PostgreSQL: one pool, one role that owns nothing, one token.

A unit of work is either one call of a SQL function (`Database.fetch*`, one round trip; the function
sets the token itself) or a `transaction`. Settings are always transaction-local, which is why the
pool skips asyncpg's reset query (tests/platform/test_db.py proves that nothing is left behind).
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from .errors import (
    Conflict,
    EvenhandError,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from .tokens import TokenMinter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from uuid import UUID

    from asyncpg.pool import PoolConnectionProxy

__all__ = ["DATABASE_FAULTS", "Database", "DatabaseAddress", "Tx", "refusal_of"]

Tx: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
DatabaseAddress: TypeAlias = dict[str, Any]

_OPEN_WORKSPACE = "SELECT set_config('evenhand.token', $1, true)"
_CLOCK_EVERY_S = 30.0
# Waiting longer for a free connection than a caller would wait for an answer helps nobody.
_ACQUIRE_S = 8.0

# SQL functions refuse with SQLSTATE 'EH' + three digits and the stable code as the message.
_KINDS: dict[str, type[EvenhandError]] = {
    "EH401": Unauthenticated,
    "EH403": Forbidden,
    "EH404": NotFound,
    "EH409": Conflict,
    "EH410": Expired,
    "EH422": Invalid,
}
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.QueryCanceledError,
    OSError,
    TimeoutError,
)
DATABASE_FAULTS = (asyncpg.PostgresError, *_AWAY)
"""All that a statement can raise: what a loop that must not die waits out and tries again."""


def refusal_of(error: BaseException) -> EvenhandError | None:
    """The refusal that a database error stands for, or None when it is a fault of ours."""
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate in _KINDS:
        message: str = error.args[0]
        detail: str | None = getattr(error, "detail", None)
        return _KINDS[error.sqlstate](detail or message, code=message)
    if isinstance(error, _AWAY):
        return Unavailable("The database is away; try again in a moment.", code="database_away")
    return None


class Database:
    """A pool of the application's role, with the minter of its workspace tokens."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], address: DatabaseAddress) -> None:
        self.pool = pool
        self.address = address
        self._offset_s = 0.0
        self._minter: TokenMinter | None = None
        self._clock_task: asyncio.Task[None] | None = None

    @classmethod
    async def connect(
        cls, address: DatabaseAddress, *, token_secret: bytes, pool_size: int
    ) -> Database:
        """Open the pool. `address` holds asyncpg's connection arguments of the app's role."""

        async def keep_nothing(_connection: object) -> None:
            """Settings are transaction-local; there is nothing to reset."""

        pool = await asyncpg.create_pool(
            **address,
            min_size=1,
            max_size=pool_size,
            max_inactive_connection_lifetime=60.0,
            command_timeout=60.0,
            timeout=10.0,
            reset=keep_nothing,
        )
        database = cls(pool, address)
        database._minter = TokenMinter(token_secret, database.now_s)
        await database._read_clock()
        database._clock_task = asyncio.create_task(database._follow_clock())
        return database

    async def close(self) -> None:
        """Finish what runs and close the pool."""
        if self._clock_task is not None:
            self._clock_task.cancel()
        try:
            await asyncio.wait_for(self.pool.close(), 5.0)
        except (TimeoutError, *_AWAY):
            self.pool.terminate()

    def now_s(self) -> float:
        """Seconds since the epoch by the database's clock, kept by our monotonic one."""
        return time.monotonic() + self._offset_s

    def token(self, workspace: UUID) -> str:
        """The token that opens `workspace` to row-level security for a short time."""
        if self._minter is None:
            raise RuntimeError("the database is not connected")
        return self._minter.token(workspace)

    @asynccontextmanager
    async def transaction(self, workspace: UUID) -> AsyncGenerator[Tx]:
        """A transaction that sees one workspace; commits at the end, rolls back on an error."""
        async with self.pool.acquire(timeout=_ACQUIRE_S) as tx, tx.transaction():
            await tx.fetchval(_OPEN_WORKSPACE, self.token(workspace))
            yield tx

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        """Rows of one statement in a transaction of its own."""
        async with self.pool.acquire(timeout=_ACQUIRE_S) as connection:
            return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        """First row of one statement in a transaction of its own."""
        async with self.pool.acquire(timeout=_ACQUIRE_S) as connection:
            return await connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the driver's type
        """First value of one statement in a transaction of its own."""
        async with self.pool.acquire(timeout=_ACQUIRE_S) as connection:
            return await connection.fetchval(query, *args)

    async def executemany(self, query: str, rows: Sequence[Sequence[object]]) -> None:
        """One statement for many argument rows, in one transaction."""
        async with self.pool.acquire(timeout=_ACQUIRE_S) as connection:
            await connection.executemany(query, rows)

    async def _read_clock(self) -> None:
        before = time.monotonic()
        said: float = await self.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
        self._offset_s = said - (before + time.monotonic()) / 2

    async def _follow_clock(self) -> None:
        while True:
            await asyncio.sleep(_CLOCK_EVERY_S)
            try:
                await self._read_clock()
            except DATABASE_FAULTS:
                continue  # The next round reads it; requests say for themselves what is away.
