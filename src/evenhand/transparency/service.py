"""The process's part in the log: wait for intents to be logged, and lead if nobody else does.

Who waits is told in one of two ways: by the leader in the same process, or by a signed notice on a
channel of the database that says which intents stand where (`notices.py`). Whoever was not told
within a second is looked up in the database. A lost notice costs a look, never an entry.

The pace: the first intent is appended at once. Having appended, the leader rests for `_PACE_S` and
then looks again by itself, until it has found nothing `_LOOKS` times. So under load a group
collects what came meanwhile, and whoever has just heard of growth need not wake it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

import asyncpg

from evenhand.platform.db import DATABASE_FAULTS
from evenhand.platform.errors import EvenhandError
from evenhand.platform.queries import load_queries
from evenhand.tlog import LogError

from .model import Logged, LogUnavailable
from .notices import parse_notice
from .sequencer import LEADER_LOCK, Sequencer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

    from evenhand.platform.db import Database

    from .publisher import Publisher
    from .sequencer import UnwrapLogKey

__all__ = ["LogService"]

_Q = load_queries(__package__ or "")
_LOG = logging.getLogger(__name__)
_POLL_S = 0.5
_RETRY_S = 0.3
_PACE_S = 0.002
_LOOKS = 3
_LAST_LOOK_S = 1.0
_EARLY_MAX = 4096

_Waiting: TypeAlias = "dict[int, list[asyncio.Future[Logged]]]"


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
        self._waiting: dict[UUID, _Waiting] = {}
        self._early: OrderedDict[tuple[UUID, int], Logged] = OrderedDict()
        self._wake = asyncio.Event()
        self._dirty: set[UUID] = set()
        self._tell = asyncio.Event()
        self._look = asyncio.Event()
        self._grew_s: dict[UUID, float] = {}
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
        # The leader may have been faster than the caller: the commit was hardly done.
        found: dict[int, Logged] = {}
        missing: dict[int, asyncio.Future[Logged]] = {}
        loop = asyncio.get_running_loop()
        for intent in intents:
            place = self._early.get((workspace, intent))
            if place is not None:
                found[intent] = place
            elif intent not in missing:
                missing[intent] = loop.create_future()
        if missing:
            found |= await self._wait(workspace, missing)
        return found

    async def _wait(
        self, workspace: UUID, futures: dict[int, asyncio.Future[Logged]]
    ) -> dict[int, Logged]:
        """Until each future is told its place."""
        waiting = self._waiting.setdefault(workspace, {})
        for intent, future in futures.items():
            waiting.setdefault(intent, []).append(future)
        self._dirty.add(workspace)
        (self._wake if self.leading else self._tell).set()
        limit = asyncio.get_running_loop().call_later(self._wait_s, _give_up, futures)
        try:
            return {intent: await future for intent, future in futures.items()}
        except TimeoutError as error:
            found = await self._last_look(workspace, futures)
            if len(found) < len(futures):
                raise LogUnavailable(
                    "The access could not be logged in time, so nothing is shown; try again."
                ) from error
            return found
        finally:
            limit.cancel()
            self._forget(workspace, futures)

    def _forget(self, workspace: UUID, futures: dict[int, asyncio.Future[Logged]]) -> None:
        """Take out whoever gave up; whoever was told is out already."""
        waiting = self._waiting.get(workspace)
        if waiting is None:
            return
        for intent, future in futures.items():
            others = waiting.get(intent)
            if others is not None and future in others:
                others.remove(future)
                if not others:
                    del waiting[intent]
        if not waiting:
            del self._waiting[workspace]

    async def _last_look(
        self, workspace: UUID, futures: dict[int, asyncio.Future[Logged]]
    ) -> dict[int, Logged]:
        found = {i: f.result() for i, f in futures.items() if f.done() and not f.exception()}
        try:
            async with asyncio.timeout(_LAST_LOOK_S):
                return found | await self._find(workspace, futures.keys() - found.keys())
        except TimeoutError:
            return found

    async def _find(self, workspace: UUID, wanted: Collection[int]) -> dict[int, Logged]:
        """Those of `wanted` that the database says are in the tree: for who missed being told."""
        try:
            rows = await self._db.fetch_first(
                _Q["find_logged"], self._db.token(workspace), list(wanted)
            )
        except DATABASE_FAULTS:
            return {}
        return {row["intent_id"]: Logged(row["index"], row["size"]) for row in rows}

    def _resolve(self, workspace: UUID, logged: Mapping[int, Logged]) -> None:
        """Tell who waits; keep the rest for who is about to ask."""
        waiting = self._waiting.get(workspace)
        for intent, place in logged.items():
            futures = None if waiting is None else waiting.pop(intent, None)
            if futures is None:
                self._early[workspace, intent] = place
                continue
            for future in futures:
                if not future.done():
                    future.set_result(place)
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
        """Group after group, until the lock's connection is lost."""
        looks: dict[UUID, int] = {}
        looked_everywhere_s = 0.0
        while True:
            if looks:
                await asyncio.sleep(_PACE_S)
            else:
                await _woken(self._wake)
            self._wake.clear()
            # Looked at in every round: under steady load there is no idle one.
            if connection.is_closed():
                return
            dirty, self._dirty = self._dirty | looks.keys(), set()
            now = time.monotonic()
            # Some intents nobody waits for, and some signals are lost.
            if now - looked_everywhere_s >= _POLL_S:
                looked_everywhere_s = now
                dirty |= await self._sequencer.find_waiting()
            for workspace in dirty:
                left = _LOOKS if await self._append(workspace) else looks.get(workspace, 0) - 1
                if left > 0:
                    looks[workspace] = left
                else:
                    looks.pop(workspace, None)

    async def _append(self, workspace: UUID) -> bool:
        """Append a group and tell; True when there was one."""
        logged = await self._sequencer.append_or_report(workspace)
        self._resolve(workspace, logged)
        return bool(logged)

    async def _publish(self) -> None:
        while True:
            await asyncio.sleep(self._publish_every_s)
            await self._sequencer.publish_grown()

    async def _listen(self) -> None:
        """Hear of intents (when leading) and of growth (when not); tell the leader of ours."""
        connection = await asyncpg.connect(**self._db.address, timeout=10.0)
        counted_s, waited = time.monotonic(), self._who_waits()
        try:
            await connection.add_listener("evenhand_intents", self._heard_intents)
            await connection.add_listener("evenhand_logged", self._heard_logged)
            while not connection.is_closed():
                await _woken(self._tell)
                self._tell.clear()
                # Whoever waited at the last count and still does was not told: look.
                if time.monotonic() - counted_s >= _POLL_S:
                    counted_s = time.monotonic()
                    waited, before = self._who_waits(), waited
                    if waited & before:
                        self._look.set()
                if not self.leading:
                    await self._tell_leader(connection)
        finally:
            connection.terminate()

    def _who_waits(self) -> set[tuple[UUID, int]]:
        return {(w, intent) for w, waiting in self._waiting.items() for intent in waiting}

    async def _tell_leader(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Wake the leader for what waits, unless it looks again by itself."""
        dirty, self._dirty = self._dirty, set()
        now = time.monotonic()
        resting = {w for w in dirty if now - self._grew_s.get(w, 0.0) < _PACE_S * _LOOKS}
        for workspace in dirty - resting:
            await connection.execute("SELECT pg_notify('evenhand_intents', $1)", workspace.hex)
        if resting:
            asyncio.get_running_loop().call_later(_PACE_S * _LOOKS, self._remind, resting)

    def _remind(self, workspaces: set[UUID]) -> None:
        """Look again whether the leader has to be woken for those who were not told meanwhile."""
        left = workspaces & self._waiting.keys()
        if left:
            self._dirty |= left
            self._tell.set()

    def _heard_intents(self, _c: object, _pid: int, _channel: str, payload: object) -> None:
        if self.leading:
            self._dirty.add(UUID(hex=str(payload)))
            self._wake.set()

    def _heard_logged(self, _c: object, _pid: int, _channel: str, payload: object) -> None:
        if self.leading:
            return
        notice = parse_notice(str(payload), self._db.read_notice)
        if notice is None:
            return
        self._grew_s[notice.workspace] = time.monotonic()
        if notice.intents:
            self._resolve(notice.workspace, notice.places())
        else:
            self._look.set()

    async def _look_up(self) -> None:
        while True:
            await self._look.wait()
            self._look.clear()
            for workspace, waiting in list(self._waiting.items()):
                self._resolve(workspace, await self._find(workspace, waiting.keys()))


def _give_up(futures: dict[int, asyncio.Future[Logged]]) -> None:
    for future in futures.values():
        if not future.done():
            future.set_exception(TimeoutError())


async def _woken(event: asyncio.Event) -> None:
    """Until it is set, at most for a while."""
    if not event.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_POLL_S):
                await event.wait()
