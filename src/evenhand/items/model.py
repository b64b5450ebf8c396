"""Words of items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from evenhand.platform.errors import Conflict

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

__all__ = ["BATCH_PURPOSES", "Batch", "BatchPurpose", "DuplicateItem", "NewItem", "SealedItem"]

BatchPurpose = Literal["label", "gold"]
BATCH_PURPOSES: Final[tuple[BatchPurpose, ...]] = get_args(BatchPurpose)


class DuplicateItem(Conflict):
    """An external id of the import is in the project already."""

    code = "item_exists"


@dataclass(frozen=True, slots=True)
class NewItem:
    """One item to store, sealed already. `position` counts from 0 inside its batch."""

    id: UUID
    external_key: bytes | None
    payload: bytes
    meta: bytes | None


@dataclass(frozen=True, slots=True)
class SealedItem:
    """An item's sealed parts."""

    id: UUID
    payload: bytes
    meta: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one import brought in."""

    id: UUID
    project_id: UUID
    name: str
    purpose: BatchPurpose
    state: str
    item_count: int
    created_at: datetime

    def render(self) -> dict[str, object]:
        """The batch as the API shows it."""
        return {
            "id": str(self.id),
            "project_id": str(self.project_id),
            "name": self.name,
            "purpose": self.purpose,
            "state": self.state,
            "item_count": self.item_count,
            "created_at": self.created_at.isoformat(),
        }
