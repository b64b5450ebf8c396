"""Read a log back from the database: its head, its growth, its entries by place, object and actor.

What an entry says in the open (kind, time, policy) is in its leaf; who and what is sealed there.
Nothing here opens details: whoever wants to look goes through `access`.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from evenhand.platform.queries import load_queries
from evenhand.receipts import blind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from evenhand.platform.db import Tx

__all__ = [
    "NEWEST",
    "Entry",
    "LogOverview",
    "ReadingKeys",
    "find_about",
    "find_by_actor",
    "find_entry",
    "read_growth",
    "read_newest",
    "read_overview",
    "read_wrapped_details",
    "reading_keys",
]

_Q = load_queries(__package__ or "")
NEWEST: Final = 2**62
"""A bound above every index: a list below it begins with the newest entry."""


@dataclass(frozen=True, slots=True)
class LogOverview:
    """A log's identity and its signed head."""

    origin: str
    vkey: str
    created_at: datetime
    size: int
    note: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A leaf's bytes at its place."""

    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class ReadingKeys:
    """What opens details and finds partitions; it signs nothing."""

    details: bytes = field(repr=False)
    partition: bytes = field(repr=False)

    def partition_of(self, object_id: UUID) -> bytes:
        """As `leaves.partition_of`."""
        return blind(self.partition, object_id.bytes)


def reading_keys(details_key: bytes) -> ReadingKeys:
    """The keys that follow from the log's details key, as `sequencer.derive_keys` has them."""
    partition = hmac.digest(details_key, b"evenhand/log-partition/1", "sha256")
    return ReadingKeys(details=details_key, partition=partition)


async def read_overview(tx: Tx, workspace: UUID) -> LogOverview:
    """Identity and head, in one round trip.

    Raises:
        LookupError: the workspace has no log.
    """
    row = await tx.fetchrow(_Q["read_overview"], workspace)
    if row is None:
        raise LookupError(f"workspace {workspace} has no log")
    return LogOverview(**row)


async def read_growth(tx: Tx, workspace: UUID, bounds: Sequence[datetime]) -> list[int]:
    """How many entries are older than each of `bounds` (ascending); never falls.

    Exact but for entries that were made in the same moment as a bound, and after a clock that was
    set back, which leaves may show.
    """
    rows = await tx.fetch(_Q["read_growth"], workspace, list(bounds))
    sizes: list[int] = []
    for row in rows:
        sizes.append(max(row["low"], sizes[-1] if sizes else 0))
    return sizes


async def read_newest(tx: Tx, workspace: UUID, *, below: int, limit: int) -> list[Entry]:
    """Entries below an index, newest first."""
    rows = await tx.fetch(_Q["read_newest"], workspace, below, limit)
    return [Entry(**row) for row in rows]


async def find_entry(tx: Tx, workspace: UUID, index: int) -> Entry | None:
    """One entry, or None where the tree does not reach so far."""
    row = await tx.fetchrow(_Q["read_one"], workspace, index)
    return None if row is None else Entry(**row)


async def find_about(
    tx: Tx, workspace: UUID, partition: bytes, *, below: int, limit: int
) -> list[Entry]:
    """Entries about one object, newest first."""
    rows = await tx.fetch(_Q["find_about"], workspace, partition, below, limit)
    return [Entry(**row) for row in rows]


async def find_by_actor(
    tx: Tx, workspace: UUID, actor: UUID, *, below: int, limit: int
) -> list[Entry]:
    """Entries that record what one member did, newest first."""
    rows = await tx.fetch(_Q["find_by_actor"], workspace, actor, below, limit)
    return [Entry(**row) for row in rows]


async def read_wrapped_details(tx: Tx, workspace: UUID) -> bytes:
    """The details key as it is kept, under the workspace's key.

    Raises:
        LookupError: the workspace has no log.
    """
    row = await tx.fetchrow(_Q["get_log"], workspace)
    if row is None:
        raise LookupError(f"workspace {workspace} has no log")
    wrapped: bytes = row["wrapped_details"]
    return wrapped
