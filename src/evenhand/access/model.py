"""Words of access: tickets before the log has them, looks after."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from evenhand.transparency import Logged

__all__ = ["BulkLook", "BulkTicket", "Look", "Ticket"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """One sealed field, with the intent that was committed for showing it."""

    workspace: UUID
    project: UUID
    object_id: UUID
    field: str
    intent: int
    sealed: bytes = dataclasses.field(repr=False)
    version: int = 1


@dataclass(frozen=True, slots=True)
class Look:
    """A plaintext, and where the log says that it was shown."""

    plaintext: bytes = dataclasses.field(repr=False)
    logged: Logged
    workspace: UUID

    def receipt(self) -> dict[str, object]:
        """What an answer carries: leaf index, tree size, and where the offline receipt is."""
        return {
            "index": self.logged.index,
            "tree_size": self.logged.size,
            "url": f"/api/v1/receipts/{self.logged.index}",
        }


@dataclass(frozen=True, slots=True)
class BulkTicket:
    """A bulk read's one intent: it commits to the count and the Merkle root of the object ids."""

    workspace: UUID
    project: UUID
    intent: int
    ids: frozenset[bytes] = dataclasses.field(repr=False)


@dataclass(frozen=True, slots=True)
class BulkLook:
    """A bulk read whose entry is in the log: only this opens, and only the objects it names."""

    ticket: BulkTicket
    index: int
