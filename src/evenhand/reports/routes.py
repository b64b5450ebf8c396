"""Reports over HTTP: shares, the items behind them, the wall, an item by the customer's own id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel

from evenhand.identity import admitted
from evenhand.platform.errors import Invalid, NotFound
from evenhand.platform.paging import page_of, parse_cursor, parse_limit
from evenhand.platform.web import RoomRouter, json_answer

from .reading import find_item_named, read_audience, read_shown, read_wall

if TYPE_CHECKING:
    import asyncpg

    from evenhand.vault import Keyring

    from .reading import Shown

__all__ = ["router"]

router = RoomRouter(prefix="/api/v1/reports", tags=["reports"])


class AudienceOut(BaseModel):
    """Distinct items shown, by project, vendor and member."""

    projects: list[dict[str, Any]]
    vendors: list[dict[str, Any]]
    members: list[dict[str, Any]]


class RowsOut(BaseModel):
    """A page of rows."""

    items: list[dict[str, Any]]
    next_cursor: str | None


class ItemNamedOut(BaseModel):
    """Our id of an item."""

    item_id: str


@router.on("GET", "/audience", permission="exposure.read", answer=AudienceOut)
async def read_audience_of(
    request: Request, project: UUID | None = None, limit: int = 100
) -> Response:
    """Who was shown how many distinct items, in one project or in all."""
    most = parse_limit(limit)
    async with admitted(request) as (tx, actor):
        seen = await read_audience(tx, actor.workspace_id, project=project, most=most)
    return json_answer(
        {
            "projects": [_render(row) for row in seen.projects],
            "vendors": [_render(row) for row in seen.vendors],
            "members": [_render(row) for row in seen.members],
        }
    )


@router.on("GET", "/shown", permission="exposure.read", answer=RowsOut)
async def read_shown_to(
    request: Request,
    member: UUID | None = None,
    project: UUID | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Response:
    """The items that one member was shown: what stands behind the number."""
    after, most = parse_cursor(cursor), parse_limit(limit)
    # Whoever may not ask is told so before what is missing: hence no required query parameters.
    async with admitted(request) as (tx, actor):
        if member is None:
            raise Invalid("Say which member.", code="request_refused")
        rows = await read_shown(
            tx, actor.workspace_id, member=member, project=project, after=after, limit=most + 1
        )
    return json_answer(page_of(rows, most, render=_render_shown, id_of=lambda row: row.item_id))


@router.on("GET", "/wall", permission="conflicts.read", answer=RowsOut)
async def read_wall_of(
    request: Request,
    denied: bool = False,  # noqa: FBT001, FBT002 - a query parameter has a name
    limit: int = 50,
    cursor: str | None = None,
) -> Response:
    """Whom the wall lets in and whom not, with its reasons, as last judged."""
    after, most = parse_cursor(cursor), parse_limit(limit)
    async with admitted(request) as (tx, actor):
        rows = await read_wall(tx, actor.workspace_id, after=after, denied=denied, limit=most + 1)
    return json_answer(
        page_of(
            rows,
            most,
            render=lambda row: {**row, "member_id": str(row["member_id"])},
            id_of=lambda row: row["member_id"],
        )
    )


@router.on("GET", "/item", permission="exposure.read", answer=ItemNamedOut)
async def read_item_named(
    request: Request,
    project: UUID | None = None,
    own_id: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Our id of the item that bears the customer's own id in a project."""
    keyring: Keyring = request.app.state.keyring
    async with admitted(request) as (tx, actor):
        if project is None or not own_id:
            raise Invalid("Say which project and which id.", code="request_refused")
        found = await find_item_named(
            tx, keyring.holder, actor.workspace_id, project=project, own_id=own_id
        )
    if found is None:
        raise NotFound("No item of this project has this id.")
    return json_answer({"item_id": str(found)})


def _render(row: asyncpg.Record) -> dict[str, object]:
    return {
        name: value if value is None or isinstance(value, str | int) else str(value)
        for name, value in row.items()
    }


def _render_shown(row: Shown) -> dict[str, object]:
    return {
        "item_id": str(row.item_id),
        "project_id": str(row.project_id),
        "shown_at": row.shown_at.isoformat(),
    }
