"""The live side: who is told what, who is refused, when a stream ends, and what it costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest
from tests.ground import Person, Tenant
from tests.hands import lease, submit

from evenhand.identity import remove_member
from evenhand.progress import Board
from evenhand.progress.board import STREAMS_MEMBER, Stream
from evenhand.progress.model import TooManyStreams
from evenhand.projects import Project


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(tenant: Tenant, clock: Clock) -> Board:
    return Board(tenant.db, clock_s=clock)


@pytest.fixture
async def project(tenant: Tenant) -> Project:
    made = await tenant.project()
    await tenant.load(made, 3)
    return made


@pytest.fixture
async def manager(tenant: Tenant) -> Person:
    return await tenant.person("manager")


def opening(board: Board, tenant: Tenant, who: Person, project: Project) -> ExitStack:
    stack = ExitStack()
    admission = tenant.admission(who, "progress.read")
    stack.stream = stack.enter_context(  # type: ignore[attr-defined]
        board.opened(admission, member=who.member, project=project.id)
    )
    return stack


def stream_of(stack: ExitStack) -> Stream:
    return stack.stream  # type: ignore[attr-defined]


async def heard(events: AsyncIterator[bytes]) -> str:
    return (await asyncio.wait_for(anext(events), 5)).decode()


async def test_a_change_is_told_once_to_everybody(
    board: Board, clock: Clock, tenant: Tenant, manager: Person, project: Project
) -> None:
    with opening(board, tenant, manager, project) as one:
        events = board.events(stream_of(one))
        assert await heard(events) == "retry: 2000\n\n"
        await board.tick()
        first = await heard(events)
        assert first.startswith("id: 1\nevent: progress\ndata: {")
        assert json.loads(first.partition("data: ")[2])["tasks"]["open"] == 3
        with opening(board, tenant, tenant.owner, project) as two:
            late = board.events(stream_of(two))
            await heard(late)
            assert await heard(late) == first  # Who comes later, or again, begins with the present.
            who = await tenant.person()
            (held,) = await lease(tenant, who, project)
            await submit(tenant, who, project, held.lease_id)
            await board.tick()
            assert stream_of(one).waiting is None  # Not due yet.
            clock.now_s += 2.0
            await board.tick()
            told = [await heard(events), await heard(late)]
            assert told[0] == told[1]
            assert json.loads(told[0].partition("data: ")[2])["tasks"]["done"] == 1
            clock.now_s += 2.0
            await board.tick()
            assert stream_of(one).waiting is None  # Nothing has changed.
    assert board.stream_count == 0


async def test_a_slow_reader_gets_the_latest_only(board: Board) -> None:
    stream = Stream(None, None, None)  # type: ignore[arg-type]
    for number in range(100):
        stream.tell(b"%d" % number)
    events = board.events(stream)
    await heard(events)
    assert await heard(events) == "99"


async def test_a_member_has_a_few_streams_only(
    board: Board, tenant: Tenant, manager: Person, project: Project
) -> None:
    with ExitStack() as stack:
        for _ in range(STREAMS_MEMBER):
            stack.enter_context(opening(board, tenant, manager, project))
        with pytest.raises(TooManyStreams):
            opening(board, tenant, manager, project)
        stack.enter_context(opening(board, tenant, tenant.owner, project))
    with opening(board, tenant, manager, project):
        assert board.stream_count == 1


async def test_a_process_has_so_many_streams_only(
    board: Board, tenant: Tenant, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenhand.progress.board.STREAMS_PROCESS", 0)
    with pytest.raises(TooManyStreams):
        opening(board, tenant, tenant.owner, project)


async def test_a_stream_ends_with_its_session(
    board: Board, clock: Clock, tenant: Tenant, manager: Person, project: Project
) -> None:
    with (
        opening(board, tenant, manager, project) as one,
        opening(board, tenant, tenant.owner, project) as other,
    ):
        await board.tick()
        actor = await tenant.actor(tenant.owner)
        async with tenant.db.transaction(tenant.id) as tx:
            await remove_member(tx, actor, manager.member)
        clock.now_s += 3.0
        await board.tick()
        assert stream_of(one).ended
        assert not stream_of(other).ended
        events = board.events(stream_of(one))
        assert [piece async for piece in events] == [
            b"retry: 2000\n\n",
            b"event: ended\ndata: {}\n\n",
        ]


async def test_streams_end_when_the_process_stops(
    board: Board, tenant: Tenant, manager: Person, project: Project
) -> None:
    with opening(board, tenant, manager, project) as one:
        events = board.events(stream_of(one))
        await heard(events)
        board.close()
        assert [piece async for piece in events] == []
        with pytest.raises(TooManyStreams):
            opening(board, tenant, manager, project)


async def test_no_connection_is_held_between_events(
    board: Board, tenant: Tenant, manager: Person, project: Project
) -> None:
    with opening(board, tenant, manager, project) as one:
        events = board.events(stream_of(one))
        await board.tick()
        await heard(events)
        await heard(events)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.05)
        pool = tenant.db.pool
        # Whatever else runs in the service holds one for a moment only.
        async with asyncio.timeout(5):
            while pool.get_idle_size() < pool.get_size():
                await asyncio.sleep(0.01)
        waiting.cancel()


async def test_a_heartbeat_when_nothing_happens(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenhand.progress.board._HEARTBEAT_S", 0.01)
    events = board.events(Stream(None, None, None))  # type: ignore[arg-type]
    await heard(events)
    assert await heard(events) == ": still here\n\n"


async def test_many_who_read_count_once(
    board: Board, clock: Clock, tenant: Tenant, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = 0
    transaction = tenant.db.transaction

    def counting(workspace: object) -> object:
        nonlocal counted
        counted += 1
        return transaction(workspace)  # type: ignore[arg-type]

    monkeypatch.setattr(tenant.db, "transaction", counting)
    found = await asyncio.gather(*(board.read(tenant.id, project.id) for _ in range(20)))
    assert counted == 1
    assert all(one == found[0] for one in found)
    clock.now_s += 10
    await board.read(tenant.id, project.id)
    assert counted == 2


async def test_a_database_that_is_away_is_tried_again(
    board: Board, clock: Clock, tenant: Tenant, manager: Person, project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def away(*_: object) -> object:
        raise OSError

    with opening(board, tenant, manager, project) as one:
        with monkeypatch.context() as patched:
            patched.setattr(tenant.db, "transaction", away)
            patched.setattr(tenant.db, "fetchval", away)
            await board.tick()
        assert stream_of(one).waiting is None
        assert not stream_of(one).ended
        clock.now_s += 3
        await board.tick()
        assert stream_of(one).waiting is not None


async def test_what_nobody_watches_makes_room(
    board: Board, tenant: Tenant, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenhand.progress.board.STREAMS_PROCESS", 1)
    others = [await tenant.project() for _ in range(3)]
    with opening(board, tenant, tenant.owner, project) as one:
        await board.tick()
        for other in others:
            await board.read(tenant.id, other.id)
        assert stream_of(one).waiting is not None
        assert board._find(tenant.id, project.id).version == 1  # pyright: ignore[reportPrivateUsage]
