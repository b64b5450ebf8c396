"""How leases are asked for and shown over HTTP; the door passes them on to the room above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, Field

from evenhand.platform.web import Body, JsonId
from evenhand.projects import presentation_order

from .actions import HOLD_MAX
from .model import Grant, Want

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request

    from evenhand.access import Look
    from evenhand.projects import Project

    from .hints import PlaceHints

__all__ = ["LeaseOut", "ReceiptRef", "WantIn", "hints_of", "render_leases"]


class WantIn(Body):
    """Make sure that I hold `hold` leases, and give me those that are not in `have`."""

    hold: Annotated[int, Field(ge=1, le=HOLD_MAX)] = 1
    have: Annotated[list[JsonId], Field(max_length=HOLD_MAX)] = Field(default_factory=list)

    def want(self) -> Want:
        """The same as a value."""
        return Want(hold=self.hold, have=tuple(self.have))


class ReceiptRef(BaseModel):
    """Where the log says that this was shown."""

    index: int
    tree_size: int
    url: str


class LeaseOut(BaseModel):
    """A lease with its payload, shown after its entry is in the log."""

    id: str
    task_id: str
    item_id: str
    expires_at: str
    order: Literal["given", "swapped"]
    payload: dict[str, Any]
    receipt: ReceiptRef


def hints_of(request: Request) -> PlaceHints:
    """The process's hints."""
    hints: PlaceHints = request.app.state.hints
    return hints


def render_leases(
    project: Project, opened: Sequence[tuple[Grant, Look]]
) -> list[dict[str, object]]:
    """Leases as the API shows them. The payload is passed on as it was sealed: JSON text."""
    return [
        {
            "id": str(grant.lease_id),
            "task_id": str(grant.task_id),
            "item_id": str(grant.item_id),
            "expires_at": grant.expires_at.isoformat(),
            "order": presentation_order(project.settings, grant.lease_id),
            "payload": msgspec.Raw(look.plaintext),
            "receipt": look.receipt(),
        }
        for grant, look in opened
    ]
