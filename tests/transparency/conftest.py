"""Logs without a whole service around them: a database, a key holder, services a test leads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from evenhand.identity import POLICY_HASH, log_key_context
from evenhand.platform.db import Database
from evenhand.platform.migrations import AppLogin
from evenhand.transparency import LogService, Publisher, create_log, intend
from evenhand.transparency.model import Logged
from evenhand.transparency.sequencer import Sequencer
from evenhand.vault import HostedKeyHolder


@dataclass(slots=True)
class Logs:
    """One database with its logs, and the parts that write them."""

    db: Database
    holder: HostedKeyHolder
    folder: Path

    async def workspace(self) -> tuple[UUID, str]:
        """A workspace's id and its log's verifier key; nothing else of it exists."""
        made = uuid4()
        self.holder.create(made)
        async with self.db.transaction(made) as tx:
            log = await create_log(
                tx,
                made,
                lambda field, child: self.holder.wrap(made, log_key_context(made, field), child),
            )
        return made, log.vkey

    def unwrap(self, workspace: UUID, field: str, wrapped: bytes) -> bytes:
        return self.holder.unwrap(workspace, log_key_context(workspace, field), wrapped)

    def publisher(self) -> Publisher:
        return Publisher(self.db, self.folder)

    def sequencer(self, db: Database | None = None) -> Sequencer:
        return Sequencer(db or self.db, self.publisher(), self.unwrap)

    async def intend(self, workspace: UUID, count: int = 1, *, purpose: str = "test") -> list[int]:
        """So many intents in one transaction."""
        async with self.db.transaction(workspace) as tx:
            return [
                await intend(
                    tx,
                    workspace,
                    "wall.changed/1",
                    actor=uuid4(),
                    policy=POLICY_HASH,
                    target=uuid4(),
                    purpose=f"{purpose}_{number}",
                )
                for number in range(count)
            ]

    async def size(self, workspace: UUID) -> int:
        async with self.db.transaction(workspace) as tx:
            return await tx.fetchval("SELECT size FROM transparency.checkpoint")

    async def note(self, workspace: UUID) -> bytes:
        async with self.db.transaction(workspace) as tx:
            return (await tx.fetchval("SELECT note FROM transparency.checkpoint")).encode()

    async def logged_ids(self, workspace: UUID) -> list[int]:
        """Intents in the order of their entries."""
        async with self.db.transaction(workspace) as tx:
            rows = await tx.fetch("SELECT intent_id FROM transparency.entry ORDER BY index")
        return [row["intent_id"] for row in rows]

    async def waiting_count(self, workspace: UUID) -> int:
        async with self.db.transaction(workspace) as tx:
            return await tx.fetchval("SELECT count(*) FROM transparency.intent")


@pytest.fixture
def logs(db: Database, tmp_path: Path) -> Logs:
    return Logs(db, HostedKeyHolder(tmp_path / "keys"), tmp_path / "logs")


MakeService = Callable[..., Awaitable[LogService]]


@pytest.fixture
async def make_service(logs: Logs, login: AppLogin) -> AsyncIterator[MakeService]:
    """Started log services, each with a pool of its own as in a process of its own."""
    async with AsyncExitStack() as stack:

        async def make(*, wait_s: float = 10.0, publish_every_s: float = 0.05) -> LogService:
            own = await Database.connect(
                login.address, token_secret=login.token_secret, pool_size=3
            )
            stack.push_async_callback(own.close)
            service = LogService(
                own,
                Publisher(own, logs.folder),
                logs.unwrap,
                wait_s=wait_s,
                publish_every_s=publish_every_s,
            )
            service.start()
            stack.push_async_callback(service.stop)
            return service

        yield make


async def append_all(sequencer: Sequencer) -> dict[UUID, dict[int, Logged]]:
    """A leader's round over every workspace that waits; gives those that grew."""
    rounds = {
        workspace: await sequencer.append_or_report(workspace)
        for workspace in await sequencer.find_waiting()
    }
    return {workspace: logged for workspace, logged in rounds.items() if logged}
