"""The same statements without a service: what PostgreSQL alone gives on this machine.

The database is started alone (no web process, no sequencer). Connections of the application's own
role call `judgments.submit` directly, each carrying its next lease: the same transactions as a
cycle's, without HTTP, sealing, the wait for the log and the opening. The driver is asyncpg in one
process, whose own CPU is part of the figure, as a web process's would be.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import asyncpg
from load import Load
from processes import CpuUse, cpu_of

from evenhand.app.database import prepared_login
from evenhand.identity import POLICY_HASH
from evenhand.identity.model import allowed_roles
from evenhand.identity.secrets import hash_secret
from evenhand.platform.ids import new_id, random_bytes
from evenhand.platform.queries import load_queries
from evenhand.platform.settings import Settings
from evenhand.platform.tokens import TokenMinter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from uuid import UUID

__all__ = ["run_bare"]

_LEASE = load_queries("evenhand.tasks")["lease_next"]
_SUBMIT = load_queries("evenhand.judgments")["submit"]
_SEALED_ANSWER_BYTES = 120
_MAC_BYTES = 32


class _Caller:
    """One annotator on one connection of the database."""

    def __init__(
        self, connection: asyncpg.Connection[asyncpg.Record], minter: TokenMinter, *,
        workspace: UUID, project: UUID, key: str,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._minter = minter
        self._workspace = workspace
        self._project = project
        self._hash = hash_secret(key)
        self._answer = random_bytes(_SEALED_ANSWER_BYTES)
        self._mac = random_bytes(_MAC_BYTES)
        self._roles_to_submit = allowed_roles("judgments.submit")
        self._batch: UUID | None = None
        self._place = 0
        self._lease = new_id()
        self.latencies_s: list[float] = []

    async def begin(self) -> None:
        """Take the first lease, or the one that is held already."""
        rows = await self._connection.fetch(
            _LEASE, self._minter.token(self._workspace), self._hash,
            allowed_roles("tasks.lease"), self._project, 1, [], [new_id()], None, 0, POLICY_HASH,
        )  # fmt: skip
        self._keep(rows)

    async def cycle(self) -> None:
        """Submit and carry the next lease; one transaction."""
        began_s = time.perf_counter()
        rows = await self._connection.fetch(
            _SUBMIT, self._minter.token(self._workspace), self._hash, self._roles_to_submit,
            self._project, self._lease, new_id(), self._answer, self._mac, 1200, 1, None, 1, [],
            [new_id()], self._batch, self._place, POLICY_HASH,
        )  # fmt: skip
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
    async with prepared_login(Settings(data_dir=data_dir)) as login:
        minter = TokenMinter(login.token_secret, time.time)
        callers = [
            _Caller(
                await asyncpg.connect(**login.address), minter,
                workspace=workspace, project=project, key=key,
            )
            for key in keys
        ]  # fmt: skip
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
        return Load(took_s, tuple(sorted(t for one in callers for t in one.latencies_s))), used
