"""Words of tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Grant", "TaskColumns", "Want"]


@dataclass(frozen=True, slots=True)
class TaskColumns:
    """Wanted judgments, column by column. Both kinds of ids have 16 bytes for each task, one behind
    the other. `assignees` is empty when nobody is named at all.
    """

    ids: bytes
    item_ids: bytes
    assignees: list[UUID | None]
    positions: list[int]


@dataclass(frozen=True, slots=True)
class Want:
    """What the caller wants to hold: how many leases, and which it has already."""

    hold: int
    have: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """A lease as the queue gave it, its payload still sealed."""

    lease_id: UUID
    task_id: UUID
    item_id: UUID
    intent_id: int
    expires_at: datetime
    payload: bytes = field(repr=False)
