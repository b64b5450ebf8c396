"""Words of consensus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evenhand.platform.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

__all__ = ["Run", "RunNotDone"]


class RunNotDone(Conflict):
    """The aggregation has not finished, or failed."""

    code = "run_not_done"


@dataclass(frozen=True, slots=True)
class Run:
    """One aggregation of a project's judgments."""

    id: UUID
    project_id: UUID
    method: str
    version: str
    state: str
    summary: Mapping[str, Any]
    failure: str | None
    requested_by: UUID
    created_at: datetime
    finished_at: datetime | None

    def render(self) -> dict[str, object]:
        """The run as the API shows it."""
        return {
            "id": str(self.id),
            "project_id": str(self.project_id),
            "method": self.method,
            "version": self.version,
            "state": self.state,
            "summary": dict(self.summary),
            "failure": self.failure,
            "created_at": self.created_at.isoformat(),
            "finished_at": None if self.finished_at is None else self.finished_at.isoformat(),
        }
