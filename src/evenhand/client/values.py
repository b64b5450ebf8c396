"""Values that calls give back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Lease", "Receipt", "Submitted"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where the log says that something was shown; `url` gives the offline receipt."""

    index: int
    tree_size: int
    url: str


@dataclass(frozen=True, slots=True)
class Lease:
    """A task in one's hands, with its payload."""

    id: str
    task_id: str
    item_id: str
    expires_at: str
    order: str
    payload: dict[str, Any] = field(repr=False)
    receipt: Receipt

    @classmethod
    def of(cls, shown: dict[str, Any]) -> Lease:
        """From the API's JSON."""
        values: dict[str, Any] = {**shown, "receipt": Receipt(**shown["receipt"])}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Submitted:
    """An acknowledged judgment, feedback if it was gold, and the next leases."""

    id: str
    item_id: str
    feedback: dict[str, Any] | None
    leases: list[Lease]
