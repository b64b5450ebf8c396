"""The composition root: one process's parts, made, connected, started and stopped.

Rooms do not know each other's upper floors; what an upper room does when a lower one says that
something happened is connected here.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from evenhand.access import Release
from evenhand.consensus import ConsensusService
from evenhand.gold import GoldService
from evenhand.identity import Doorkeeper, log_key_context, open_doorkeeper
from evenhand.imports import sweep_abandoned
from evenhand.judgments import SubmitGroups
from evenhand.platform.db import DATABASE_FAULTS, Database
from evenhand.platform.errors import EvenhandError
from evenhand.platform.jobs import JobRunner
from evenhand.progress import Board
from evenhand.projects import ProjectCache
from evenhand.tasks import PlaceHints, expire_leases, revoke_leases
from evenhand.transparency import LogService, Publisher, Witnesses, load_witness_policy
from evenhand.vault import HostedKeyHolder, Keyring

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from uuid import UUID

    from evenhand.platform.db import Tx
    from evenhand.platform.migrations import AppLogin
    from evenhand.platform.settings import Settings
    from evenhand.vault import KeyHolder

__all__ = ["ROOMS", "Service", "running_service"]

_LOG = logging.getLogger(__name__)
_EXPIRE_EVERY_S = 1.0
_SWEEP_EVERY_S = 60.0
_ABANDONED = timedelta(minutes=1)

ROOMS: Final = (
    "evenhand.transparency",
    "evenhand.vault",
    "evenhand.parties",
    "evenhand.identity",
    "evenhand.exposure",
    "evenhand.conflicts",
    "evenhand.access",
    "evenhand.projects",
    "evenhand.items",
    "evenhand.tasks",
    "evenhand.judgments",
    "evenhand.gold",
    "evenhand.consensus",
    "evenhand.imports",
    "evenhand.exports",
    "evenhand.progress",
    "evenhand.reports",
)
"""Rooms, lowest first: the order in which their SQL functions are made."""


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of one running process."""

    settings: Settings
    db: Database
    holder: KeyHolder
    keyring: Keyring
    publisher: Publisher
    log: LogService
    release: Release
    gold: GoldService
    consensus: ConsensusService
    hints: PlaceHints
    submits: SubmitGroups
    board: Board
    projects: ProjectCache
    person_secret: bytes
    doorkeeper: Doorkeeper
    vital: tuple[asyncio.Task[None], ...] = ()
    """Background tasks without which nothing can be served: whoever serves watches them."""

    async def members_out(self, tx: Tx, workspace: UUID, members: Sequence[UUID]) -> int:
        """Members were denied or removed: their leases go back in the same transaction."""
        return await revoke_leases(tx, workspace, list(members)) if members else 0


@asynccontextmanager
async def running_service(settings: Settings, login: AppLogin) -> AsyncGenerator[Service]:
    """Everything that one web process runs, until the block ends."""
    db = await Database.connect(
        login.address, token_secret=login.token_secret, pool_size=settings.pool_size
    )
    try:
        # Before anything starts: without its own key the service does not.
        doorkeeper = await open_doorkeeper(
            db, settings.keys_dir, person_secret=person_secret_of(login.token_secret)
        )
    except BaseException:
        await db.close()
        raise
    service = _compose(settings, db, login.token_secret, doorkeeper)
    service.log.start()
    jobs = JobRunner(
        db,
        {
            "judgment.submitted": service.gold.score_judgment,
            "consensus.requested": service.consensus.run,
        },
    )
    tasks = [
        asyncio.create_task(jobs.run(), name="jobs"),
        asyncio.create_task(_housekeep(db), name="housekeeping"),
        asyncio.create_task(service.board.run(), name="board"),
        asyncio.create_task(doorkeeper.watch.run(), name="sessions"),
    ]
    try:
        yield replace(service, vital=(*service.log.tasks, *tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await service.log.stop()
        await service.publisher.close()
        doorkeeper.hasher.close()
        await db.close()


def _compose(settings: Settings, db: Database, secret: bytes, doorkeeper: Doorkeeper) -> Service:
    holder = HostedKeyHolder(settings.keys_dir)
    keyring = Keyring(db, holder)
    witnesses = None
    if settings.witness_policy is not None:
        policy = load_witness_policy(settings.witness_policy)
        witnesses = Witnesses(policy, wait_s=settings.witness_wait_s)
    publisher = Publisher(db, settings.logs_dir, witnesses=witnesses)

    def unwrap(workspace: UUID, field: str, wrapped: bytes) -> bytes:
        return holder.unwrap(workspace, log_key_context(workspace, field), wrapped)

    log = LogService(
        db,
        publisher,
        unwrap,
        wait_s=settings.log_wait_s,
        publish_every_s=settings.tiles_interval_s,
    )
    release = Release(keyring, log)
    return Service(
        settings=settings,
        db=db,
        holder=holder,
        keyring=keyring,
        publisher=publisher,
        log=log,
        release=release,
        gold=GoldService(db, release),
        consensus=ConsensusService(db, keyring, release),
        hints=PlaceHints(),
        submits=SubmitGroups(db),
        board=Board(db),
        projects=ProjectCache(),
        person_secret=person_secret_of(secret),
        doorkeeper=doorkeeper,
    )


def person_secret_of(token_secret: bytes) -> bytes:
    """The key of the hash by which a person is known across workspaces."""
    return hmac.digest(token_secret, b"evenhand/person-secret/1", "sha256")


async def _housekeep(db: Database) -> None:
    """Return expired leases every second, clean up dead imports every minute."""
    ticks = 0
    while True:
        await asyncio.sleep(_EXPIRE_EVERY_S)
        ticks += 1
        try:
            await expire_leases(db)
            if ticks % int(_SWEEP_EVERY_S / _EXPIRE_EVERY_S) == 0:
                await sweep_abandoned(db, idle=_ABANDONED)
        except (*DATABASE_FAULTS, EvenhandError) as error:
            _LOG.warning("housekeeping: %s; trying again", type(error).__name__)
