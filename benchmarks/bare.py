"""The same statements without a service: what PostgreSQL alone gives on this machine.

The database is started alone (no web process, no sequencer). One process drives it through the
application's own connections and groups of answers, half of the callers in each of two lines, as
two web processes would: the same transactions as a cycle's, without HTTP, sealing, the wait for the
log and the opening. The driver's own CPU is part of the figure, as a web process's would be.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

from load import Load
from processes import CpuUse, cpu_of

from evenhand.app.database import prepared_login
from evenhand.identity import POLICY_HASH, Admission
from evenhand.identity.model import allowed_roles
from evenhand.identity.secrets import hash_secret
from evenhand.judgments import SubmitGroups, SubmitRequest
from evenhand.platform.db import Database
from evenhand.platform.ids import new_id, random_bytes
from evenhand.platform.queries import load_queries
from evenhand.platform.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from uuid import UUID

    import asyncpg

__all__ = ["run_bare"]

_LEASE = load_queries("evenhand.tasks")["lease_next"]
_SEALED_ANSWER_BYTES = 120
_MAC_BYTES = 32
_LINES = 2


class _Caller:
    """One annotator without a browser."""

    def __init__(self, groups: SubmitGroups, *, workspace: UUID, project: UUID, key: str) -> None:
        self._groups = groups
        self._workspace = workspace
        self._project = project
        self._hash = hash_secret(key)
        self._answer = random_bytes(_SEALED_ANSWER_BYTES)
        self._mac = random_bytes(_MAC_BYTES)
        self._batch: UUID | None = None
        self._place = 0
        self._lease = new_id()
        self.latencies_s: list[float] = []

    def _admission(self, permission: str) -> Admission:
        token = self._groups.db.token(self._workspace)
        return Admission(self._workspace, token, self._hash, allowed_roles(permission))

    async def begin(self) -> None:
        """Take the first lease, or the one that is held already."""
        mine = self._admission("tasks.lease")
        rows = await self._groups.db.fetch(
            _LEASE, mine.token, mine.hash, mine.allowed, self._project, 1, [], [new_id()],
            None, 0, POLICY_HASH,
        )  # fmt: skip
        self._keep(rows)

    async def cycle(self) -> None:
        """Submit and carry the next lease."""
        began_s = time.perf_counter()
        request = SubmitRequest(
            admission=self._admission("judgments.submit"),
            project=self._project,
            lease=self._lease,
            made=new_id(),
            answer=self._answer,
            mac=self._mac,
            active_ms=1200,
            settings_version=1,
            key=None,
            hold=1,
            have="{}",
            fresh=[new_id()],
            batch=self._batch,
            place=self._place,
            policy=POLICY_HASH,
        )
        rows = await self._groups.submit(request)
        self.latencies_s.append(time.perf_counter() - began_s)
        self._keep(rows)

    def _keep(self, rows: Sequence[asyncpg.Record]) -> None:
        row = rows[0]
        if row["wall"] != "allowed":
            raise RuntimeError(f"no lease was granted: {dict(row)}")
        self._lease, self._batch, self._place = row["lease_id"], row["batch_id"], row["place"]


async def run_bare(
    data_dir: Path,
    *,
    workspace: UUID,
    project: UUID,
    keys: Sequence[str],
    warm_s: float,
    seconds: float,
) -> tuple[Load, CpuUse]:
    """Cycles of the database alone, and its CPU (`web_s` is this process, the driver).

    Raises:
        RuntimeError: no lease was granted.
    """
    settings = Settings(data_dir=data_dir)
    async with prepared_login(settings) as login:
        db = await Database.connect(
            login.address, token_secret=login.token_secret, pool_size=settings.pool_size
        )
        lines = [SubmitGroups(db) for _ in range(_LINES)]
        callers = [
            _Caller(lines[place % _LINES], workspace=workspace, project=project, key=key)
            for place, key in enumerate(keys)
        ]
        until_s = time.perf_counter() + warm_s

        async def work(caller: _Caller) -> None:
            while time.perf_counter() < until_s:
                await caller.cycle()

        for caller in callers:
            await caller.begin()
        await asyncio.gather(*(work(caller) for caller in callers))
        for caller in callers:
            caller.latencies_s.clear()
        before, began_s = cpu_of(os.getpid()), time.perf_counter()
        until_s = began_s + seconds
        await asyncio.gather(*(work(caller) for caller in callers))
        took_s = time.perf_counter() - began_s
        used = cpu_of(os.getpid()).since(before)
        await db.close()
        return Load(took_s, tuple(sorted(t for one in callers for t in one.latencies_s))), used
