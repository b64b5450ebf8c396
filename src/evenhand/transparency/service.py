"""The process's part in the log: wait for intents to be logged, and lead if nobody else does.

Who waits is told in one of two ways: by the leader in the same process, or by a notification on a
channel of the database (workspace ids only) and one look-up for all that wait. A lost notification
costs a poll, never an entry.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from evenhand.platform.db import DATABASE_FAULTS
from evenhand.platform.errors import EvenhandError
from evenhand.platform.queries import load_queries
from evenhand.tlog import LogError

from .model import Logged, LogUnavailable
from .sequencer import LEADER_LOCK, Sequencer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from evenhand.platform.db import Database

    from .publisher import Publisher
    from .sequencer import UnwrapLogKey

__all__ = ["LogService"]

_Q = load_queries(__package__ or "")
_LOG = logging.getLogger(__name__)
_POLL_S = 0.5
_RETRY_S = 0.3
_EARLY_MAX = 20_000


class LogService:
    """One per process. `start` it, `stop` it, and `await logged(...)`."""

    def __init__(
        self,
        db: Database,
        publisher: Publisher,
        unwrap: UnwrapLogKey,
        *,
        wait_s: float,
        publish_every_s: float,
    ) -> None:
        self._db = db
        self._wait_s = wait_s
        self._publish_every_s = publish_every_s
        self._sequencer = Sequencer(db, publisher, unwrap)
        self._waiting: dict[UUID, dict[int, asyncio.Future[Logged]]] = defaultdict(dict)
        self._early: OrderedDict[tuple[UUID, int], Logged] = OrderedDict()
        self._wake = asyncio.Event()
        self._dirty: set[UUID] = set()
        self._tell = asyncio.Event()
        self._look = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.leading = False

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """What runs until `stop`; none of it may end by itself."""
        return self._tasks

    def start(self) -> None:
        """Begin to listen and to stand for election."""
        self._tasks = [
            asyncio.create_task(self._forever(self._stand), name="log-leader"),
            asyncio.create_task(self._forever(self._listen), name="log-listener"),
            asyncio.create_task(self._forever(self._look_up), name="log-lookup"),
        ]

    async def stop(self) -> None:
        """Stop; what was acknowledged stays, what waits will be appended by the next leader."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def logged(self, workspace: UUID, intents: Iterable[int]) -> dict[int, Logged]:
        """Where each intent stands in the signed tree; returns only when all are in it.

        Raises:
            LogUnavailable: not within the set time. Nothing may be shown.
        """
        wanted = set(intents)
        # The leader may have been faster than the caller: the commit was hardly done.
        found = {i: place for i in wanted if (place := self._early.pop((workspace, i), None))}
        deadline = time.monotonic() + self._wait_s
        while len(found) < len(wanted):
            found |= await self._wait(workspace, wanted - found.keys(), deadline)
            if len(found) < len(wanted):
                if time.monotonic() >= deadline:
                    raise LogUnavailable(
                        "The access could not be logged in time, so nothing is shown; try again."
                    )
                found |= await self._find(workspace, wanted - found.keys())
        return found

    async def _wait(self, workspace: UUID, wanted: set[int], deadline: float) -> dict[int, Logged]:
        """Those of `wanted` that are told of within a short while."""
        waiting = self._waiting[workspace]
        loop = asyncio.get_running_loop()
        futures = {intent: waiting.setdefault(intent, loop.create_future()) for intent in wanted}
        self._dirty.add(workspace)
        (self._wake if self.leading else self._tell).set()
        patience = max(0.0, min(_POLL_S, deadline - time.monotonic()))
        await asyncio.wait(futures.values(), timeout=patience)
        told: dict[int, Logged] = {}
        for intent, future in futures.items():
            if future.done():
                told[intent] = future.result()
            else:
                waiting.pop(intent, None)
        return told

    async def _find(self, workspace: UUID, wanted: set[int]) -> dict[int, Logged]:
        """Those of `wanted` that the database says are in the tree: for who missed being told."""
        try:
            rows = await self._db.fetch(_Q["find_logged"], self._db.token(workspace), list(wanted))
        except DATABASE_FAULTS:
            return {}
        return {row["intent_id"]: Logged(row["index"], row["size"]) for row in rows}

    def _resolve(self, workspace: UUID, logged: dict[int, Logged], *, keep: bool) -> None:
        waiting = self._waiting[workspace]
        for intent, place in logged.items():
            future = waiting.pop(intent, None)
            if future is not None:
                if not future.done():
                    future.set_result(place)
            elif keep:
                self._early[workspace, intent] = place
        while len(self._early) > _EARLY_MAX:
            self._early.popitem(last=False)

    async def _forever(self, part: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await part()
            except (*DATABASE_FAULTS, EvenhandError, LogError, LookupError) as error:
                _LOG.warning("log service: %s: %s; trying again", type(error).__name__, error)
            await asyncio.sleep(_RETRY_S)

    async def _stand(self) -> None:
        """Take the leader's lock if it is free, and lead until the connection is lost."""
        connection = await asyncpg.connect(**self._db.address, timeout=10.0)
        try:
            # Asked again and again: a blocking wait for the lock would hold back VACUUM.
            while not await connection.fetchval(  # noqa: ASYNC110 - the lock is the database's
                "SELECT pg_try_advisory_lock($1)", LEADER_LOCK
            ):
                await asyncio.sleep(_POLL_S)
            self._sequencer.take_over()
            self.leading = True
            publishing = asyncio.create_task(self._publish())
            try:
                await self._lead(connection)
            finally:
                self.leading = False
                publishing.cancel()
        finally:
            connection.terminate()

    async def _lead(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await self._wake.wait()
            self._wake.clear()
            # Looked at in every round: under steady load there is no idle one.
            if connection.is_closed():
                return
            dirty, self._dirty = self._dirty, set()
            if not dirty:
                for workspace, logged in await self._sequencer.append_all():
                    self._resolve(workspace, logged, keep=True)
                continue
            for workspace in dirty:
                while logged := await self._sequencer.append_or_report(workspace):
                    self._resolve(workspace, logged, keep=True)

    async def _publish(self) -> None:
        while True:
            await asyncio.sleep(self._publish_every_s)
            await self._sequencer.publish_grown()

    async def _listen(self) -> None:
        """Hear of intents (when leading) and of growth (when not); tell the leader of ours."""
        connection = await asyncpg.connect(**self._db.address, timeout=10.0)
        try:
            await connection.add_listener("evenhand_intents", self._heard_intents)
            await connection.add_listener("evenhand_logged", self._heard_logged)
            while not connection.is_closed():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_S):
                        await self._tell.wait()
                self._tell.clear()
                if self.leading:
                    continue
                dirty, self._dirty = self._dirty, set()
                for workspace in dirty:
                    await connection.execute(
                        "SELECT pg_notify('evenhand_intents', $1)", workspace.hex
                    )
                self._look.set()
        finally:
            connection.terminate()

    def _heard_intents(self, _c: object, _pid: int, _channel: str, payload: object) -> None:
        if self.leading:
            self._dirty.add(UUID(hex=str(payload)))
            self._wake.set()

    def _heard_logged(self, _c: object, _pid: int, _channel: str, _payload: object) -> None:
        if not self.leading:
            self._look.set()

    async def _look_up(self) -> None:
        while True:
            await self._look.wait()
            self._look.clear()
            if self.leading:
                continue
            for workspace, waiting in list(self._waiting.items()):
                if waiting:
                    found = await self._find(workspace, set(waiting))
                    self._resolve(workspace, found, keep=False)
