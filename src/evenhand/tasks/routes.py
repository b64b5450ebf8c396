"""The queue over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field

from evenhand.access import release_of
from evenhand.identity import POLICY_HASH, admitted, credential_of, database_of
from evenhand.platform.web import Body, RoomRouter, json_answer
from evenhand.projects import find_project, get_project

from .actions import count_tasks, end_lease, lease_next, open_grants, project_of_lease
from .schemas import LeaseOut, WantIn, hints_of, render_leases

if TYPE_CHECKING:
    from evenhand.vault import Keyring

__all__ = ["router"]

router = RoomRouter(tags=["tasks"])


class ReasonIn(Body):
    """Why a task is skipped or flagged. Sealed like the data, since it may quote it."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class LeasesOut(BaseModel):
    """Leases that the caller lacked; empty with nothing held means that no work is left."""

    leases: list[LeaseOut]


class EndedOut(BaseModel):
    """A lease that ended."""

    lease: dict[str, str]


class ProgressOut(BaseModel):
    """Tasks of a project by state."""

    tasks: dict[str, int]


@router.on(
    "POST",
    "/projects/{project_id}/leases",
    permission="tasks.lease",
    answer=LeasesOut,
    express=True,
)
async def lease(request: Request, project_id: UUID, body: WantIn) -> Response:
    """Next tasks. Repeating the request is safe: it gives the same leases again."""
    admission = credential_of(request)
    project = await find_project(request, admission.workspace, project_id)
    grants = await lease_next(
        database_of(request),
        hints_of(request),
        admission,
        project=project_id,
        want=body.want(),
        policy=POLICY_HASH,
    )
    opened = await open_grants(release_of(request), admission.workspace, project_id, grants)
    return json_answer({"leases": render_leases(project, opened)})


@router.on("POST", "/leases/{lease_id}/skip", permission="tasks.lease", answer=EndedOut)
async def skip(request: Request, lease_id: UUID, body: ReasonIn) -> Response:
    """Give a task to somebody else, with a reason."""
    return await _end(request, lease_id, "skipped", body.reason)


@router.on("POST", "/leases/{lease_id}/flag", permission="tasks.lease", answer=EndedOut)
async def flag(request: Request, lease_id: UUID, body: ReasonIn) -> Response:
    """Set a task aside for a manager, with a reason."""
    return await _end(request, lease_id, "flagged", body.reason)


@router.on("POST", "/leases/{lease_id}/release", permission="tasks.lease", answer=EndedOut)
async def give_back(request: Request, lease_id: UUID) -> Response:
    """Give a lease back unanswered."""
    return await _end(request, lease_id, "released", None)


@router.on("GET", "/projects/{project_id}/progress", permission="tasks.read", answer=ProgressOut)
async def progress(request: Request, project_id: UUID) -> Response:
    """How far a project is."""
    async with admitted(request) as (tx, actor):
        await get_project(tx, actor.workspace_id, project_id)
        counts = await count_tasks(tx, actor.workspace_id, project_id)
    return json_answer({"tasks": counts})


async def _end(
    request: Request,
    lease_id: UUID,
    outcome: Literal["skipped", "flagged", "released"],
    reason: str | None,
) -> Response:
    admission = credential_of(request)
    database = database_of(request)
    sealed = None
    if reason is not None:
        keyring: Keyring = request.app.state.keyring
        async with admitted(request) as (tx, actor):
            project = await project_of_lease(tx, actor.workspace_id, lease_id)
        sealer = await keyring.sealer(admission.workspace, project)
        sealed = sealer.seal(lease_id, "reason", json.dumps(reason).encode())
    await end_lease(database, admission, lease=lease_id, outcome=outcome, sealed_reason=sealed)
    return json_answer({"lease": {"id": str(lease_id), "state": outcome}})
