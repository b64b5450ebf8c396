"""The lane: never more connections than allowed, none lost, none kept in an unknown state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from evenhand.platform.lane import Lane
from evenhand.platform.migrations import AppLogin


class Opened:
    """A lane, with the count of what it opened."""

    def __init__(self, login: AppLogin, *, size: int = 2, wait_s: float = 5.0) -> None:
        self.count = 0
        self.broken = False
        self._login = login
        self.lane = Lane(self._open, size=size, wait_s=wait_s)

    async def _open(self) -> asyncpg.Connection[asyncpg.Record]:
        if self.broken:
            raise OSError("nobody there")
        self.count += 1
        return await asyncpg.connect(**self._login.address, command_timeout=0.5)

    async def one(self, query: str = "SELECT pg_backend_pid()") -> int:
        return (await self.lane.fetch(query, ()))[0][0]


@pytest.fixture
async def opened(login: AppLogin) -> AsyncIterator[Opened]:
    opened = Opened(login)
    yield opened
    await opened.lane.close()


async def test_many_share_few(opened: Opened) -> None:
    backends = await asyncio.gather(*(opened.one() for _ in range(40)))
    assert len(set(backends)) == opened.count == 2


async def test_a_refused_statement_keeps_its_connection(opened: Opened) -> None:
    first = await opened.one()
    with pytest.raises(asyncpg.DivisionByZeroError):
        await opened.one("SELECT 1 / 0")
    assert await opened.one() == first


async def test_what_timed_out_or_was_cancelled_is_thrown_away(opened: Opened) -> None:
    first = await opened.one()
    with pytest.raises(TimeoutError):
        await opened.one("SELECT 1 FROM pg_sleep(3)")
    second = await opened.one()
    assert second != first
    slow = asyncio.create_task(opened.one("SELECT 1 FROM pg_sleep(3)"))
    await asyncio.sleep(0.1)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert await opened.one() not in {first, second}
    assert len(set(await asyncio.gather(*(opened.one() for _ in range(20))))) == 2


async def test_giving_up_in_the_line_loses_no_connection(opened: Opened) -> None:
    for _ in range(10):
        asked = [asyncio.create_task(opened.one()) for _ in range(12)]
        await asyncio.sleep(0.001)
        for one in asked[::2]:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    assert len(set(await asyncio.gather(*(opened.one() for _ in range(20))))) <= 2
    assert opened.lane._open_count == len(opened.lane._idle) <= 2


async def test_waiting_too_long_is_a_time_out(login: AppLogin) -> None:
    opened = Opened(login, size=1, wait_s=0.05)
    busy = asyncio.create_task(opened.one("SELECT 1 FROM pg_sleep(0.3)"))
    await asyncio.sleep(0.15)
    with pytest.raises(TimeoutError):
        await opened.one()
    assert await busy == 1
    await opened.one()
    await opened.lane.close()


async def test_who_waits_is_not_forgotten_when_the_database_goes_and_comes(opened: Opened) -> None:
    opened.broken = True
    refused = await asyncio.gather(*(opened.one() for _ in range(10)), return_exceptions=True)
    assert all(isinstance(one, OSError) for one in refused)
    opened.broken = False
    assert await opened.one() > 0
    assert opened.lane._open_count == 1


async def test_idle_connections_are_closed_but_for_one(opened: Opened) -> None:
    await asyncio.gather(*(opened.one() for _ in range(10)))
    await opened.lane.trim()
    await opened.lane.trim()
    assert opened.lane._open_count == len(opened.lane._idle) == 1
    await opened.one()


async def test_a_closed_lane_ends_what_comes_back(opened: Opened) -> None:
    busy = asyncio.create_task(opened.one("SELECT 1 FROM pg_sleep(0.2)"))
    await asyncio.sleep(0.1)
    await opened.lane.close()
    assert await busy == 1
    assert opened.lane._open_count == 0
