"""Words of tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

__all__ = ["Grant", "NewTask", "Want"]


@dataclass(frozen=True, slots=True)
class NewTask:
    """One wanted judgment. `slot` counts the judgments of one item from 0."""

    id: UUID
    item_id: UUID
    assignee_id: UUID | None
    position: int


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
