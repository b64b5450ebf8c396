"""Words of progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from evenhand.platform.errors import Conflict, Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

__all__ = [
    "STATES",
    "BatchProgress",
    "Hour",
    "ItemFilter",
    "LatestRun",
    "OneFilter",
    "Snapshot",
    "State",
    "TooManyStreams",
]

State = Literal["open", "leased", "done", "skipped", "flagged"]
STATES: Final[tuple[State, ...]] = get_args(State)


class TooManyStreams(Conflict):
    """The member, or this process, has as many live streams open as it may."""

    code = "too_many_streams"


class OneFilter(Invalid):
    """A list of items takes one filter at a time: each walks an index of its own."""

    code = "one_filter"


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """A batch's tasks by state."""

    id: UUID
    name: str
    purpose: str
    item_count: int
    tasks: Mapping[State, int]

    def render(self) -> dict[str, object]:
        """The batch as the API shows it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "purpose": self.purpose,
            "item_count": self.item_count,
            "tasks": dict(self.tasks),
        }


@dataclass(frozen=True, slots=True)
class Hour:
    """Judgments of one hour (UTC), and how many annotators made them."""

    at: datetime
    judgment_count: int
    annotator_count: int

    def render(self) -> dict[str, object]:
        """The hour as the API shows it."""
        return {
            "at": self.at.isoformat(),
            "judgments": self.judgment_count,
            "annotators": self.annotator_count,
        }


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A project's progress at one moment. `tasks` counts what is to be labeled, without gold."""

    tasks: Mapping[State, int]
    batches: tuple[BatchProgress, ...]
    hours: tuple[Hour, ...]

    def render(self) -> dict[str, object]:
        """The snapshot as the API and its stream show it."""
        return {
            "tasks": dict(self.tasks),
            "batches": [batch.render() for batch in self.batches],
            "hours": [hour.render() for hour in self.hours],
        }


@dataclass(frozen=True, slots=True)
class LatestRun:
    """The latest aggregation that is done."""

    id: UUID
    method: str
    summary: Mapping[str, Any]
    finished_at: datetime

    def render(self) -> dict[str, object]:
        """The run as the API shows it."""
        return {
            "id": str(self.id),
            "method": self.method,
            "summary": dict(self.summary),
            "finished_at": self.finished_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """At most one condition on a list of items, and optionally whose or of which batch."""

    batch: UUID | None = None
    purpose: Literal["label", "gold"] | None = None
    state: State | None = None
    annotator: UUID | None = None
    below: float | None = None
    since: datetime | None = None
    until: datetime | None = None
