"""Words of imports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from evenhand.platform.errors import Invalid

if TYPE_CHECKING:
    from uuid import UUID

    from evenhand.items import NewItem
    from evenhand.tasks import NewTask

__all__ = ["ImportFormat", "ImportRefused", "Prepared"]

ImportFormat = Literal["jsonl", "csv"]


class ImportRefused(Invalid):
    """A line of the import is not acceptable; nothing of the import was kept."""

    code = "import_refused"


@dataclass(slots=True)
class Prepared:
    """One chunk, parsed, checked and sealed, with the line each external id stood in."""

    items: list[NewItem] = field(default_factory=list)
    tasks: list[NewTask] = field(default_factory=list)
    gold: list[tuple[UUID, bytes]] = field(default_factory=list)
    lines: dict[bytes, int] = field(default_factory=dict)
