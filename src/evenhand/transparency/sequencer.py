"""The sequencer: turns waiting intents into signed tree heads, one group after another.

One process of all that share a database signs: whoever holds the advisory lock. Its death frees the
lock and another process takes over within a second. Even if two believed to lead, `append` moves
the head only from the size its caller saw, so the log cannot fork.

What is durable when, for one group:
  1. the intents were committed by the business transactions; nothing is shown yet;
  2. leaves are made, the new head is signed in memory; a crash here loses only this work;
  3. `append` commits entries, head and the intents' removal at once; from here on the entries exist
     for ever, whether or not anybody is told;
  4. waiters are told; only then is a key used.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from evenhand.platform.db import DATABASE_FAULTS
from evenhand.platform.errors import EvenhandError
from evenhand.platform.ids import random_bytes
from evenhand.platform.queries import load_queries
from evenhand.tlog import Checkpoint, Edge, LogError, Signer, leaf_hashes, sign_checkpoint

from .leaves import SALT_AND_NONCE_BYTES, leaf_of
from .model import Logged, LogKeys
from .notices import Notice, render_notice

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from evenhand.platform.db import Database

    from .publisher import Publisher

__all__ = ["LEADER_LOCK", "Sequencer", "UnwrapLogKey", "derive_keys"]

_Q = load_queries(__package__ or "")
_GROUP_MAX = 512
_PUBLISHED_AT_ONCE = 4
LEADER_LOCK = 0x45564E4C  # "EVNL"
_LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    UnwrapLogKey = Callable[[UUID, str, bytes], bytes]


@dataclass(slots=True)
class _Head:
    size: int
    edge: Edge
    origin: str
    keys: LogKeys


def derive_keys(signer: Signer, details_key: bytes) -> LogKeys:
    """The log's keys; the partition key follows from the details key."""
    partition = hmac.digest(details_key, b"evenhand/log-partition/1", "sha256")
    return LogKeys(signer=signer, details=details_key, partition=partition)


class Sequencer:
    """Appends for every workspace; run only by the process that holds the leader's lock."""

    def __init__(self, db: Database, publisher: Publisher, unwrap: UnwrapLogKey) -> None:
        self._db = db
        self._publisher = publisher
        self._unwrap = unwrap
        self._heads: dict[UUID, _Head] = {}
        self.grown: set[UUID] = set()

    def take_over(self) -> None:
        """Read heads anew, since somebody else may have led meanwhile, and publish what the last
        leader appended and did not live to publish.
        """
        self._heads.clear()
        self.grown |= self._publisher.workspaces()

    async def append_waiting(self, workspace: UUID) -> dict[int, Logged]:
        """Append one group of the workspace's waiting intents; gives where each stands.

        Raises:
            LogForked: this database is older than the published log, or than a witness's.
        """
        rows = await self._db.fetch_first(_Q["read_waiting"], self._db.token(workspace), _GROUP_MAX)
        if not rows:
            return {}
        self._publisher.check_not_forked(workspace)
        head = self._heads.get(workspace) or await self._load(workspace)
        noise = random_bytes(SALT_AND_NONCE_BYTES * len(rows))
        made = [
            leaf_of(
                row,
                keys=head.keys,
                noise=noise[SALT_AND_NONCE_BYTES * place : SALT_AND_NONCE_BYTES * (place + 1)],
            )
            for place, row in enumerate(rows)
        ]
        leaves = [leaf for _, leaf in made]
        edge = head.edge.extend(leaf_hashes(leaves))
        note = sign_checkpoint(
            Checkpoint(origin=head.origin, size=edge.size, root=edge.root()),
            signers=[head.keys.signer],
        )
        intent_ids: list[int] = [row["id"] for row in rows]
        try:
            (moved,) = await self._db.fetch_first(
                _Q["append"],
                self._db.token(workspace),
                head.size,
                intent_ids,
                [partition for partition, _ in made],
                leaves,
                edge.to_bytes(),
                note.decode("utf-8"),
                render_notice(Notice(workspace, head.size, intent_ids), self._db.sign_notice),
            )
        except asyncpg.UniqueViolationError:
            # Another sequencer appended these intents after we read them and before we read the
            # head. The whole of our append was rolled back.
            moved = (False,)
        if not moved[0]:
            self._heads.pop(workspace, None)
            return {}
        first, head.size, head.edge = head.size, edge.size, edge
        self.grown.add(workspace)
        return {
            intent: Logged(index=first + place, size=edge.size)
            for place, intent in enumerate(intent_ids)
        }

    async def find_waiting(self) -> set[UUID]:
        """Every workspace that has intents to append."""
        rows = await self._db.fetch_first(_Q["waiting_workspaces"])
        return {row["waiting_workspaces"] for row in rows}

    async def append_or_report(self, workspace: UUID) -> dict[int, Logged]:
        """As `append_waiting`, but a log that cannot go on is left standing and reported.

        One workspace's forked log, lost key or damaged files must not hold up the others.
        """
        try:
            return await self.append_waiting(workspace)
        except (EvenhandError, LookupError) as error:
            _LOG.error("log of workspace %s: %s", workspace, error)
            return {}

    async def publish_grown(self) -> None:
        """Write the files of the logs that grew since the last call, or lack cosignatures.

        Several at once: a log that waits for a witness does not hold up the others.
        """
        due = self.grown | self._publisher.below_quorum()
        gate = asyncio.Semaphore(_PUBLISHED_AT_ONCE)
        await asyncio.gather(*(self._publish_one(workspace, gate) for workspace in due))

    async def _publish_one(self, workspace: UUID, gate: asyncio.Semaphore) -> None:
        async with gate:
            # Out first, back in on any failure: it may grow again meanwhile, and a leader that
            # loses its lock in the middle is cancelled here and must not forget the rest.
            grew = workspace in self.grown
            self.grown.discard(workspace)
            try:
                await self._publisher.publish(workspace)
            except (EvenhandError, LogError, *DATABASE_FAULTS) as error:
                self.grown.add(workspace)
                _LOG.error("log of workspace %s is not published: %s", workspace, error)
            except asyncio.CancelledError:
                if grew:
                    self.grown.add(workspace)
                raise

    async def _load(self, workspace: UUID) -> _Head:
        async with self._db.transaction(workspace) as tx:
            log = await tx.fetchrow(_Q["get_log"], workspace)
            row = await tx.fetchrow(_Q["get_head"], workspace)
        if log is None or row is None:
            raise LookupError(f"workspace {workspace} has no log")
        self._publisher.check_not_behind(workspace, row["size"])
        signer = Signer(
            name=log["origin"], seed=self._unwrap(workspace, "log_seed", log["wrapped_seed"])
        )
        keys = derive_keys(signer, self._unwrap(workspace, "log_details", log["wrapped_details"]))
        head = _Head(row["size"], Edge.from_bytes(row["edge"]), log["origin"], keys)
        self._heads[workspace] = head
        return head
