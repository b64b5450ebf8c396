"""Answers go to the database in groups: one transaction for all that came while the last ran.

A transaction costs the database more than the answer in it: its commit, and each statement's start.
One group of a project is under way at a time in each process; whatever comes meanwhile is the next.
So a lone answer goes at once, and under load a group grows until the database keeps up.

A refusal refuses its whole group. Then each answer is sent again by itself, and what is refused is
the one that was wrong. Submitting is idempotent, so nothing depends on how often that happens.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

import asyncpg

from evenhand.platform.queries import load_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenhand.identity import Admission
    from evenhand.platform.db import Database

__all__ = ["SubmitGroups", "SubmitRequest"]

_Q = load_queries(__package__ or "")
_MOST = 32

_Line: TypeAlias = "tuple[UUID, UUID, int]"
_Rows: TypeAlias = "list[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class SubmitRequest:
    """What one caller brings to a group: place n of every array of `judgments.submit`."""

    admission: Admission
    project: UUID
    lease: UUID
    made: UUID
    answer: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    active_ms: int
    settings_version: int
    key: str | None
    hold: int
    have: str
    fresh: Sequence[UUID]
    batch: UUID | None
    place: int
    policy: bytes

    @property
    def line(self) -> _Line:
        """Whoever has the same line may go in one group."""
        return self.admission.workspace, self.project, self.hold


class SubmitGroups:
    """One per process."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._waiting: dict[_Line, list[tuple[SubmitRequest, asyncio.Future[_Rows]]]] = {}
        self._senders: set[asyncio.Task[None]] = set()

    async def submit(self, request: SubmitRequest) -> _Rows:
        """The rows of `judgments.submit` for this request; when it returns, they are durable.

        Raises:
            asyncpg.PostgresError, OSError, TimeoutError: what the database says to this request.
        """
        answer: asyncio.Future[_Rows] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(request.line)
        if waiting is not None:
            waiting.append((request, answer))
        else:
            self._waiting[request.line] = [(request, answer)]
            sender = asyncio.create_task(self._send_all(request.line))
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        return await answer

    async def _send_all(self, line: _Line) -> None:
        """Send group after group until nobody waits."""
        while waiting := self._waiting[line]:
            group = _take_group(waiting)
            try:
                rows = await self._send([request for request, _ in group])
            except asyncpg.PostgresError as error:
                if len(group) == 1:
                    _tell(group[0][1], error)
                    continue
                await asyncio.gather(*(self._send_alone(*one) for one in group))
            except Exception as error:  # noqa: BLE001 - each caller raises it
                for _, answer in group:
                    _tell(answer, error)
            else:
                for (_, answer), mine in zip(group, rows, strict=True):
                    _tell(answer, mine)
        del self._waiting[line]

    async def _send_alone(self, request: SubmitRequest, answer: asyncio.Future[_Rows]) -> None:
        try:
            (rows,) = await self._send([request])
        except Exception as error:  # noqa: BLE001 - the caller raises it
            _tell(answer, error)
        else:
            _tell(answer, rows)

    async def _send(self, group: Sequence[SubmitRequest]) -> list[_Rows]:
        """Each request's rows, in their order."""
        last = group[-1]
        rows: _Rows = await self.db.fetch(
            _Q["submit"],
            last.admission.token,
            [one.admission.hash for one in group],
            last.admission.allowed,
            last.project,
            [one.lease for one in group],
            [one.made for one in group],
            [one.answer for one in group],
            [one.mac for one in group],
            [one.active_ms for one in group],
            [one.settings_version for one in group],
            [one.key for one in group],
            last.hold,
            [one.have for one in group],
            [fresh for one in group for fresh in one.fresh],
            [one.batch for one in group],
            [one.place for one in group],
            last.policy,
        )
        found: list[_Rows] = [[] for _ in group]
        for row in rows:
            place: int = row["request"]
            found[place - 1].append(row)
        return found


def _take_group(
    waiting: list[tuple[SubmitRequest, asyncio.Future[_Rows]]],
) -> list[tuple[SubmitRequest, asyncio.Future[_Rows]]]:
    """The first of those that wait, each credential once; they are taken out."""
    group: list[tuple[SubmitRequest, asyncio.Future[_Rows]]] = []
    left: list[tuple[SubmitRequest, asyncio.Future[_Rows]]] = []
    callers: set[bytes] = set()
    for request, answer in waiting:
        caller = request.admission.hash
        if len(group) == _MOST or caller in callers:
            left.append((request, answer))
        elif not answer.done():
            callers.add(caller)
            group.append((request, answer))
    waiting[:] = left
    return group


def _tell(answer: asyncio.Future[_Rows], said: _Rows | Exception) -> None:
    """Unless the caller gave up meanwhile."""
    if answer.done():
        return
    if isinstance(said, Exception):
        answer.set_exception(said)
    else:
        answer.set_result(said)
