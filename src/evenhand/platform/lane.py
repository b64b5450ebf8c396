"""Connections for single statements: the short way of everything that is one call of a function.

A pool's generality (proxies, resets, wrapped time-outs) costs more than the statement it carries;
here a connection is taken from a stack and put back. Whoever finds the stack empty opens another
connection, up to `size`, and then waits in line. A connection whose statement was cancelled, timed
out or broke off is thrown away, since nobody knows what it is still doing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

__all__ = ["Lane"]

_FAREWELL_S = 1.0

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Lane:
    """At most `size` connections, made by `connect`, each lent to one statement at a time."""

    def __init__(
        self, connect: Callable[[], Awaitable[Connection]], *, size: int, wait_s: float
    ) -> None:
        self._connect = connect
        self._size = size
        self._wait_s = wait_s
        self._idle: list[Connection] = []
        self._open_count = 0
        self._line: deque[asyncio.Future[Connection | None]] = deque()
        self._spare_count = 0

    async def fetch(self, query: str, args: Sequence[object]) -> list[asyncpg.Record]:
        """Rows of one statement, in a transaction of its own.

        Raises:
            TimeoutError: no connection became free in time, or the statement took too long.
            asyncpg.PostgresError, OSError: what the driver says.
        """
        connection = await self._take()
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query, *args)
        except asyncpg.PostgresError:
            self._put(connection)
            raise
        except BaseException:
            connection.terminate()
            self._put(connection)
            raise
        self._put(connection)
        return rows

    async def trim(self) -> None:
        """Close what lay idle since the last call, all but one."""
        spare = min(self._spare_count, len(self._idle) - 1)
        # From the bottom of the stack: those that were not used for longest.
        leaving, self._idle = self._idle[: max(spare, 0)], self._idle[max(spare, 0) :]
        self._open_count -= len(leaving)
        self._spare_count = len(self._idle)
        for connection in leaving:
            await _part_from(connection)

    async def close(self) -> None:
        """End every idle connection now, and each lent one when it comes back."""
        self._size = 0
        leaving, self._idle = self._idle, []
        self._open_count -= len(leaving)
        for connection in leaving:
            await _part_from(connection)

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                self._spare_count = min(self._spare_count, len(self._idle))
                return connection
            self._open_count -= 1
        self._spare_count = 0
        if self._open_count < self._size:
            self._open_count += 1
        elif (lent := await self._queue()) is not None:
            return lent
        try:
            return await self._connect()
        except BaseException:
            self._vacate()
            raise

    async def _queue(self) -> Connection | None:
        """A connection that came back, or None: a place to open one, counted already."""
        mine: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._line.append(mine)
        try:
            async with asyncio.timeout(self._wait_s):
                return await mine
        except BaseException:
            if mine.done() and not mine.cancelled():
                # It was given at the very moment of giving up.
                self._put(mine.result())
            raise

    def _put(self, connection: Connection | None) -> None:
        """To who waits longest, else onto the stack; a broken one leaves its place."""
        if connection is None or connection.is_closed():
            self._vacate()
        elif self._size == 0:
            connection.terminate()
            self._vacate()
        elif (first := self._first_in_line()) is not None:
            first.set_result(connection)
        else:
            self._idle.append(connection)

    def _vacate(self) -> None:
        """A connection less: who waits longest may open another."""
        if self._size and (first := self._first_in_line()) is not None:
            first.set_result(None)
        else:
            self._open_count -= 1

    def _first_in_line(self) -> asyncio.Future[Connection | None] | None:
        while self._line:
            first = self._line.popleft()
            if not first.done():
                return first
        return None


async def _part_from(connection: Connection) -> None:
    try:
        await connection.close(timeout=_FAREWELL_S)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
