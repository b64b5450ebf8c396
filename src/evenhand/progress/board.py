"""The live side: one counting task a process, however many watch.

A stream is a queue of one place: it holds what is to be said next, and a newer snapshot replaces an
older one that was not read yet, so that a slow reader costs no memory.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Tally
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec

from evenhand.platform.clock import utc_now
from evenhand.platform.db import DATABASE_FAULTS, refusal_of
from evenhand.platform.errors import EvenhandError, Forbidden, Unauthenticated
from evenhand.platform.queries import load_queries

from .model import Snapshot, TooManyStreams
from .reading import Counter
from .rules import next_due_s

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from uuid import UUID

    from evenhand.identity import Admission
    from evenhand.platform.db import Database

__all__ = ["CHECK_EVERY_S", "STREAMS_MEMBER", "STREAMS_PROCESS", "Board", "Stream"]

STREAMS_MEMBER: Final = 6
STREAMS_PROCESS: Final = 200
CHECK_EVERY_S: Final = 3.0
_TICK_S = 0.5
_HEARTBEAT_S = 15.0
_Q = load_queries(__package__ or "")
_encode = msgspec.json.encode


@dataclass(eq=False, slots=True)
class Stream:
    """One open stream: whose, of what, and what it is to be told next."""

    admission: Admission
    member: UUID
    project: UUID
    told: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: bytes | None = None
    ended: bool = False

    def tell(self, message: bytes) -> None:
        """Say this next, instead of what was not read yet."""
        self.waiting = message
        self.told.set()

    def end(self) -> None:
        """Say that the session is over, and nothing after it."""
        self.ended = True
        self.told.set()


@dataclass(slots=True)
class _Watched:
    counter: Counter
    due_s: float = 0.0
    version: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    snapshot: Snapshot | None = None
    message: bytes | None = None


class Board:
    """One per process. Counts watched projects and checks the sessions of those who watch."""

    def __init__(self, db: Database, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock_s = clock_s
        self._streams: set[Stream] = set()
        self._kept: OrderedDict[tuple[UUID, UUID], _Watched] = OrderedDict()
        self._wake = asyncio.Event()
        self._closing = False
        self._check_s = 0.0

    @property
    def stream_count(self) -> int:
        """Streams that are open in this process."""
        return len(self._streams)

    @contextmanager
    def opened(self, admission: Admission, *, member: UUID, project: UUID) -> Generator[Stream]:
        """A stream's place until the block ends.

        Raises:
            TooManyStreams: the member or the process has as many as it may.
        """
        mine = Tally(stream.member for stream in self._streams)[member]
        if len(self._streams) >= STREAMS_PROCESS or mine >= STREAMS_MEMBER or self._closing:
            raise TooManyStreams(
                f"At most {STREAMS_MEMBER} live pages a member are open at once; close one."
            )
        stream = Stream(admission, member, project)
        watched = self._find(admission.workspace, project)
        self._streams.add(stream)
        if watched.message is not None:
            stream.tell(watched.message)
        self._wake.set()
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    async def read(self, workspace: UUID, project: UUID) -> Snapshot:
        """The project's progress as it was a moment ago; counted now if nobody watches it.

        Raises:
            Unavailable: the database is away.
        """
        watched = self._find(workspace, project)
        if watched.snapshot is None or self._clock_s() >= watched.due_s:
            await self._count(watched)
        assert watched.snapshot is not None, "a count that failed has raised"  # noqa: S101
        return watched.snapshot

    def _find(self, workspace: UUID, project: UUID) -> _Watched:
        """What is kept of a project; the one that was not asked for longest makes room."""
        key = (workspace, project)
        watched = self._kept.setdefault(key, _Watched(Counter(workspace, project)))
        self._kept.move_to_end(key)
        if len(self._kept) > STREAMS_PROCESS + 1:
            busy = {(stream.admission.workspace, stream.project) for stream in self._streams}
            idle = next(one for one in self._kept if one not in busy)
            del self._kept[idle]
        return watched

    def close(self) -> None:
        """End all streams: the process is about to stop."""
        self._closing = True
        for stream in self._streams:
            stream.told.set()

    async def events(self, stream: Stream) -> AsyncGenerator[bytes]:
        """The stream's bytes (text/event-stream). Nothing of the database is held between them."""
        yield b"retry: 2000\n\n"
        while True:
            try:
                await asyncio.wait_for(stream.told.wait(), _HEARTBEAT_S)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            stream.told.clear()
            if stream.ended:
                yield b"event: ended\ndata: {}\n\n"
                return
            if self._closing:
                return
            message, stream.waiting = stream.waiting, None
            if message is not None:
                yield message

    async def run(self) -> None:
        """Until it is cancelled: count what is due, check who watches."""
        while True:
            if not self._streams:
                self._wake.clear()
                await self._wake.wait()
            await self.tick()
            await asyncio.sleep(_TICK_S)

    async def tick(self) -> None:
        """One round. A database that is away is tried again in the next."""
        for key in {(stream.admission.workspace, stream.project) for stream in self._streams}:
            watched = self._find(*key)
            if self._clock_s() >= watched.due_s:
                try:
                    await self._count(watched)
                except (*DATABASE_FAULTS, EvenhandError):
                    watched.due_s = self._clock_s() + CHECK_EVERY_S
        if self._clock_s() >= self._check_s:
            self._check_s = self._clock_s() + CHECK_EVERY_S
            await self._check_sessions()

    async def _count(self, watched: _Watched) -> None:
        counter = watched.counter
        async with watched.turn:
            began_s = self._clock_s()
            if watched.snapshot is not None and began_s < watched.due_s:
                return
            async with self._db.transaction(counter.workspace) as tx:
                snapshot = await counter.count(tx, utc_now())
            now_s = self._clock_s()
            watched.due_s = next_due_s(now_s=now_s, took_s=now_s - began_s)
            if snapshot == watched.snapshot:
                return
            watched.snapshot = snapshot
            watched.version += 1
            watched.message = _message(watched.version, snapshot)
        for stream in self._streams:
            key = (stream.admission.workspace, stream.project)
            if key == (counter.workspace, counter.project):
                stream.tell(watched.message)

    async def _check_sessions(self) -> None:
        """End the streams whose credential is no longer good; one question a credential."""
        by_credential: dict[bytes, list[Stream]] = {}
        for stream in self._streams:
            by_credential.setdefault(stream.admission.hash, []).append(stream)
        for streams in by_credential.values():
            if await self._is_over(streams[0].admission):
                for stream in streams:
                    stream.end()

    async def _is_over(self, admission: Admission) -> bool:
        try:
            await self._db.fetchval(
                _Q["still_admitted"],
                self._db.token(admission.workspace),
                admission.hash,
                admission.allowed,
            )
        except asyncpg.PostgresError as error:
            return isinstance(refusal_of(error), (Unauthenticated, Forbidden))
        except DATABASE_FAULTS:
            return False  # Away is not over: the next round asks again.
        return False


def _message(version: int, snapshot: Snapshot) -> bytes:
    data = _encode(snapshot.render())
    return b"id: %d\nevent: progress\ndata: %b\n\n" % (version, data)
