"""Words of judgments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from evenhand.tasks import Grant, Want

__all__ = ["NewJudgment", "SealedJudgment", "Submitted"]


@dataclass(frozen=True, slots=True)
class NewJudgment:
    """An answer to submit, in canonical JSON, with what else the request said."""

    project: UUID
    lease: UUID
    answer: bytes = field(repr=False)
    active_ms: int
    settings_version: int
    idempotency_key: str | None
    next: Want | None


@dataclass(frozen=True, slots=True)
class Submitted:
    """An acknowledged judgment: durable, once. `grants` are the next leases, still sealed."""

    id: UUID
    item_id: UUID
    annotator_id: UUID
    purpose: str
    submitted_at: datetime
    replayed: bool
    grants: Sequence[Grant]


@dataclass(frozen=True, slots=True)
class SealedJudgment:
    """A judgment as it is stored."""

    id: UUID
    item_id: UUID
    annotator_id: UUID
    simulated: bool
    active_ms: int
    submitted_at: datetime
    answer: bytes = field(repr=False)
