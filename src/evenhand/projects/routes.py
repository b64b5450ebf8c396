"""Projects over HTTP."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Header, Request, Response
from pydantic import BaseModel, Field

from evenhand.access import Ticket, intend_read, release_of
from evenhand.identity import admitted, remember_once
from evenhand.platform.clock import utc_now
from evenhand.platform.ids import new_id
from evenhand.platform.paging import page_of, parse_cursor, parse_limit
from evenhand.platform.web import Body, RoomRouter, body_of, json_answer

from .actions import create_project, get_project, get_sealed_instructions, list_projects
from .kinds import check_settings
from .model import NewProject, Project

if TYPE_CHECKING:
    from evenhand.vault import Keyring

__all__ = ["router"]

router = RoomRouter(tags=["projects"])
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200)]


class ProjectIn(Body):
    """A project to make."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    task_type: str
    settings: dict[str, Any] = Field(default_factory=dict)
    instructions: Annotated[str, Field(max_length=1_000_000)] = ""
    judgments_per_item: Annotated[int, Field(ge=1, le=100)] = 1
    lease_ttl_s: Annotated[int, Field(ge=5, le=86_400)] = 1800


class ProjectOut(BaseModel):
    """A project."""

    id: str
    name: str
    task_type: str
    settings: dict[str, Any]
    settings_version: int
    judgments_per_item: int
    lease_ttl_s: int
    created_at: str


class ProjectPage(BaseModel):
    """A page of projects."""

    items: list[ProjectOut]
    next_cursor: str | None


class ReceiptRef(BaseModel):
    """Where the log says that this was shown."""

    index: int
    tree_size: int
    url: str


class InstructionsOut(BaseModel):
    """A project's instructions, with the look's place in the log."""

    markdown: str
    receipt: ReceiptRef


@router.on("POST", "/projects", permission="projects.create", status_code=201, answer=ProjectOut)
async def create(
    request: Request, body: ProjectIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make a project."""
    settings = check_settings(body.task_type, body.settings)
    keyring: Keyring = request.app.state.keyring
    made = new_id()
    async with admitted(request) as (tx, actor):
        mac = hashlib.sha256(await body_of(request)).digest()
        before = await remember_once(tx, actor, key=idempotency_key, request_mac=mac, made=made)
        if before is None:
            new = NewProject(
                name=body.name,
                task_type=body.task_type,
                settings=settings,
                instructions=body.instructions,
                judgments_per_item=body.judgments_per_item,
                lease_ttl_s=body.lease_ttl_s,
            )
            await create_project(tx, keyring, actor.workspace_id, new, made=made)
        project = await get_project(tx, actor.workspace_id, before or made)
    return json_answer(project.render(), 201 if before is None else 200)


@router.on("GET", "/projects", permission="projects.read", answer=ProjectPage)
async def list_all(request: Request, limit: int = 50, cursor: str | None = None) -> Response:
    """Projects of the workspace, oldest first."""
    after, most = parse_cursor(cursor), parse_limit(limit)
    async with admitted(request) as (tx, actor):
        rows = await list_projects(tx, actor.workspace_id, after=after, limit=most + 1)
    return json_answer(page_of(rows, most, render=Project.render, id_of=lambda row: row.id))


@router.on("GET", "/projects/{project_id}", permission="projects.read", answer=ProjectOut)
async def read(request: Request, project_id: UUID) -> Response:
    """One project."""
    async with admitted(request) as (tx, actor):
        project = await get_project(tx, actor.workspace_id, project_id)
    return json_answer(project.render())


@router.on(
    "GET",
    "/projects/{project_id}/instructions",
    permission="instructions.read",
    answer=InstructionsOut,
)
async def read_instructions(request: Request, project_id: UUID) -> Response:
    """The instructions; each look is a leaf."""
    async with admitted(request) as (tx, actor):
        sealed = await get_sealed_instructions(tx, actor.workspace_id, project_id)
        intent = await intend_read(
            tx,
            actor,
            kind="instructions.released/1",
            target=project_id,
            purpose="instructions",
            now=utc_now(),
        )
        ticket = Ticket(actor.workspace_id, project_id, project_id, "instructions", intent, sealed)
    (look,) = await release_of(request).open([ticket])
    return json_answer({"markdown": look.plaintext.decode("utf-8"), "receipt": look.receipt()})
