"""Words of imports. What goes to a preparation process and comes back is made of these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import msgspec

from evenhand.items import ItemColumns
from evenhand.platform.errors import Invalid, Unavailable
from evenhand.tasks import TaskColumns

__all__ = [
    "Chunk",
    "ImportFormat",
    "ImportRefused",
    "Order",
    "PreparationLost",
    "Prepared",
    "Recipe",
    "Refused",
]

ImportFormat = Literal["jsonl", "csv"]


class ImportRefused(Invalid):
    """A line of the import is not acceptable; nothing of the import was kept."""

    code = "import_refused"


class PreparationLost(Unavailable):
    """The process that checked and sealed the lines is gone; nothing of the import was kept."""

    code = "preparation_lost"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What does not change during an import and tells how a line becomes rows.

    `external_key` is the project's own key (32 bytes) of the hash of the customer's ids.
    """

    workspace: UUID
    project: UUID
    task_type: str
    settings: dict[str, Any]
    judgments_per_item: int
    purpose: Literal["label", "gold"]
    external_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some lines: of JSONL a block that begins with line `first_line`; of CSV records by name."""

    first_line: int
    block: bytes = field(repr=False)
    records: list[tuple[int, dict[str, str]]] = field(repr=False)

    def lines_max(self) -> int:
        """How many items at most are in it."""
        return len(self.records) + self.block.count(b"\n") + 1


class Order(msgspec.Struct, array_like=True):
    """A chunk with the data key (id and key) that seals it."""

    dek_id: UUID
    dek: bytes
    chunk: Chunk

    def __repr__(self) -> str:
        """Without the key."""
        return f"Order({self.chunk!r})"


class Prepared(msgspec.Struct, tag="prepared"):
    """One chunk, parsed, checked and sealed. `lines` is parallel to the items' columns."""

    items: ItemColumns
    tasks: TaskColumns
    gold: list[tuple[UUID, bytes]]
    lines: list[int]


class Refused(msgspec.Struct, tag="refused"):
    """Why a chunk was not taken: sentence, and problems as (path, sentence)."""

    detail: str
    problems: list[tuple[str, str]]
