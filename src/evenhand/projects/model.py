"""Words of projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

__all__ = ["NewProject", "Project"]


@dataclass(frozen=True, slots=True)
class NewProject:
    """What a project is made of; settings are the task type's and already checked."""

    name: str
    task_type: str
    settings: Mapping[str, Any]
    instructions: str
    judgments_per_item: int
    lease_ttl_s: int


@dataclass(frozen=True, slots=True)
class Project:
    """A project without its instructions, which are sealed."""

    id: UUID
    name: str
    task_type: str
    settings: Mapping[str, Any]
    settings_version: int
    judgments_per_item: int
    lease_ttl_s: int
    created_at: datetime

    def render(self) -> dict[str, object]:
        """The project as the API shows it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "task_type": self.task_type,
            "settings": dict(self.settings),
            "settings_version": self.settings_version,
            "judgments_per_item": self.judgments_per_item,
            "lease_ttl_s": self.lease_ttl_s,
            "created_at": self.created_at.isoformat(),
        }
