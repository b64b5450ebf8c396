"""The application's way to PostgreSQL: one role that owns nothing, one token.

A unit of work is either one call of a SQL function (`Database.fetch*`, one round trip; the function
sets the token itself) on a connection of the lane, or a `transaction` on one of the pool. Settings
are always transaction-local, which is why nothing is reset between two users of a connection
(tests/platform/test_db.py proves that nothing is left behind).

No statement of the lane may take longer than a caller would wait. A transaction may, since imports
and results are written in some; a request's own time limit (web.py) ends it by cancelling, and then
its connection is thrown away: waiting for a rollback would be waiting for a server that may hang.
"""

from __future__ import annotations

import asyncio
import hmac
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
from .lane import Lane
from .tokens import TokenMinter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from uuid import UUID

    from asyncpg.pool import PoolConnectionProxy

__all__ = ["DATABASE_FAULTS", "Database", "DatabaseAddress", "Tx", "refusal_of"]

Tx: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
DatabaseAddress: TypeAlias = dict[str, Any]

_OPEN_WORKSPACE = "SELECT set_config('evenhand.token', $1, true)"
_CLOCK_EVERY_S = 30.0
# Waiting longer for a free connection than a caller would wait for an answer helps nobody.
# Few enough that statements wait here, in their order, and not for each other in the database: with
# 12 a submit-and-lease cost it a tenth more on two cores, and the slowest waited longest.
_LANE_MOST = 6
_ACQUIRE_S = 3.0
_STATEMENT_S = 6.0
_BULK_STATEMENT_S = 60.0
_NOTICE_MAC_CHARS = 32

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
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    OSError,
    TimeoutError,
)
_COLLIDED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
DATABASE_FAULTS = (asyncpg.PostgresError, *_AWAY)
"""All that a statement can raise: what a loop that must not die waits out and tries again."""


def refusal_of(error: BaseException) -> EvenhandError | None:
    """The refusal that a database error stands for, or None when it is a fault of ours."""
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate in _KINDS:
        message: str = error.args[0]
        detail: str | None = getattr(error, "detail", None)
        return _KINDS[error.sqlstate](detail or message, code=message)
    if isinstance(error, _COLLIDED):
        return Unavailable(
            "Another request changed the same things at the same moment; nothing was changed by"
            " this one. Send it again.",
            code="collision",
        )
    if isinstance(error, _AWAY):
        return Unavailable("The database is away; try again in a moment.", code="database_away")
    return None


class Database:
    """A pool of the application's role, with the minter of its workspace tokens."""

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], address: DatabaseAddress, lane: Lane, first: Lane
    ) -> None:
        self.pool = pool
        self.address = address
        self._lane = lane
        self._first_lane = first
        self._offset_s = 0.0
        self._minter: TokenMinter | None = None
        self._notice_key = b""
        self._clock_task: asyncio.Task[None] | None = None

    @classmethod
    async def connect(
        cls, address: DatabaseAddress, *, token_secret: bytes, pool_size: int
    ) -> Database:
        """Open the pool. `address` holds asyncpg's connection arguments of the app's role."""

        async def keep_nothing(_connection: object) -> None:
            """Settings are transaction-local; there is nothing to reset."""

        async def open_one() -> asyncpg.Connection[asyncpg.Record]:
            return await asyncpg.connect(
                **address, command_timeout=_STATEMENT_S, timeout=_STATEMENT_S
            )

        pool = await asyncpg.create_pool(
            **address,
            min_size=1,
            max_size=pool_size,
            max_inactive_connection_lifetime=60.0,
            command_timeout=_BULK_STATEMENT_S,
            timeout=_STATEMENT_S,
            reset=keep_nothing,
        )
        lane = Lane(open_one, size=min(pool_size, _LANE_MOST), wait_s=_ACQUIRE_S)
        first = Lane(open_one, size=2, wait_s=_ACQUIRE_S)
        database = cls(pool, address, lane, first)
        database._minter = TokenMinter(token_secret, database.now_s)
        database._notice_key = hmac.digest(token_secret, b"evenhand/notice/1", "sha256")
        await database._read_clock()
        database._clock_task = asyncio.create_task(database._follow_clock())
        return database

    async def close(self) -> None:
        """Finish what runs and close the pool."""
        if self._clock_task is not None:
            self._clock_task.cancel()
        await self._lane.close()
        await self._first_lane.close()
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

    def sign_notice(self, said: str) -> str:
        """`said` for a notification, with a mark that only this service's processes can make:
        whoever may connect to the database may also notify.
        """
        mac = hmac.digest(self._notice_key, said.encode("ascii"), "sha256").hex()
        return f"{said} {mac[:_NOTICE_MAC_CHARS]}"

    def read_notice(self, text: str) -> str | None:
        """What `sign_notice` signed, or None."""
        said, _, _ = text.rpartition(" ")
        if not text.isascii() or not hmac.compare_digest(self.sign_notice(said), text):
            return None
        return said

    @asynccontextmanager
    async def transaction(self, workspace: UUID) -> AsyncGenerator[Tx]:
        """A transaction that sees one workspace; commits at the end, rolls back on an error."""
        async with self.pool.acquire(timeout=_ACQUIRE_S) as tx:
            block = tx.transaction()
            try:
                await block.start()
                await tx.fetchval(_OPEN_WORKSPACE, self.token(workspace))
                yield tx
                await block.commit()
            except (TimeoutError, asyncio.CancelledError):
                tx.terminate()
                raise
            except BaseException:
                # A refused commit has ended the transaction already.
                if not tx.is_closed() and tx.is_in_transaction():
                    await block.rollback()
                raise

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        """Rows of one statement in a transaction of its own."""
        return await self._lane.fetch(query, args)

    async def fetch_first(self, query: str, *args: object) -> list[asyncpg.Record]:
        """As `fetch`, past the line: for the log, which everybody who stands in it waits for."""
        return await self._first_lane.fetch(query, args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        """First row of one statement in a transaction of its own."""
        rows = await self._lane.fetch(query, args)
        return rows[0] if rows else None

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the driver's type
        """First value of one statement in a transaction of its own."""
        rows = await self._lane.fetch(query, args)
        return rows[0][0] if rows else None

    async def _read_clock(self) -> None:
        before = time.monotonic()
        said: float = await self.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
        self._offset_s = said - (before + time.monotonic()) / 2

    async def _follow_clock(self) -> None:
        while True:
            await asyncio.sleep(_CLOCK_EVERY_S)
            try:
                await self._lane.trim()
                await self._first_lane.trim()
                await self._read_clock()
            except DATABASE_FAULTS:
                continue  # The next round reads it; requests say for themselves what is away.
