"""Imports and batches over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from fastapi import Header, Query, Request, Response
from pydantic import BaseModel

from evenhand.identity import admitted, database_of
from evenhand.items import Batch, get_batch, list_batches
from evenhand.platform.errors import Invalid
from evenhand.platform.paging import page_of, parse_cursor, parse_limit
from evenhand.platform.web import RoomRouter, json_answer
from evenhand.projects import get_project

from .actions import Importer
from .places import ImportPlaces, flowing

if TYPE_CHECKING:
    from evenhand.vault import Keyring

__all__ = ["router"]

router = RoomRouter(tags=["imports"])
_FORMS = {
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/octet-stream": "jsonl",
    "text/csv": "csv",
}


class BatchOut(BaseModel):
    """What one import brought in."""

    id: str
    project_id: str
    name: str
    purpose: str
    state: str
    item_count: int
    created_at: str


class BatchPage(BaseModel):
    """A page of batches."""

    items: list[BatchOut]
    next_cursor: str | None


@router.on(
    "POST",
    "/projects/{project_id}/import",
    permission="batches.import",
    status_code=201,
    answer=BatchOut,
    summary="Import JSONL or CSV, all or nothing",
    streams=True,
)
async def import_file(
    request: Request,
    project_id: UUID,
    name: Annotated[str, Query(min_length=1, max_length=200)] = "import",
    purpose: Literal["label", "gold"] = "label",
    content_type: Annotated[str, Header()] = "application/x-ndjson",
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Stream a file of items in; errors name the line; nothing is kept when one line is wrong."""
    form = _FORMS.get(content_type.partition(";")[0].strip().lower())
    if form is None:
        raise Invalid(f"Content-Type is one of {', '.join(sorted(_FORMS))}.", code="no_such_format")
    keyring: Keyring = request.app.state.keyring
    async with admitted(request) as (tx, actor):
        project = await get_project(tx, actor.workspace_id, project_id)
    importer = Importer(
        database_of(request),
        keyring,
        actor,
        project,
        name=name,
        purpose=purpose,
        readmit=lambda: admitted(request),
    )
    places: ImportPlaces = request.app.state.import_places
    with places.taken():
        batch = await importer.run(
            flowing(request.stream()),
            form="csv" if form == "csv" else "jsonl",
            idempotency_key=idempotency_key,
        )
    return json_answer(batch.render(), 201)


@router.on("GET", "/projects/{project_id}/batches", permission="batches.read", answer=BatchPage)
async def list_all(
    request: Request, project_id: UUID, limit: int = 50, cursor: str | None = None
) -> Response:
    """Batches of a project, oldest first."""
    after, most = parse_cursor(cursor), parse_limit(limit)
    async with admitted(request) as (tx, actor):
        await get_project(tx, actor.workspace_id, project_id)
        rows = await list_batches(tx, actor.workspace_id, project_id, after=after, limit=most + 1)
    return json_answer(page_of(rows, most, render=Batch.render, id_of=lambda row: row.id))


@router.on("GET", "/batches/{batch_id}", permission="batches.read", answer=BatchOut)
async def read(request: Request, batch_id: UUID) -> Response:
    """One batch."""
    async with admitted(request) as (tx, actor):
        batch = await get_batch(tx, actor.workspace_id, batch_id)
    return json_answer(batch.render())
