"""Judgments over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Header, Request, Response
from pydantic import BaseModel, Field

from evenhand.access import release_of
from evenhand.identity import POLICY_HASH, credential_of
from evenhand.platform.web import Body, JsonId, RoomRouter, json_answer
from evenhand.projects import check_answer, check_order, find_project
from evenhand.tasks import LeaseOut, WantIn, hints_of, open_grants, render_leases

from .actions import submit_judgment
from .model import NewJudgment

if TYPE_CHECKING:
    from evenhand.vault import Keyring

    from .groups import SubmitGroups

__all__ = ["router"]

router = RoomRouter(tags=["judgments"])
_ACTIVE_MS_MAX = 24 * 3600 * 1000


class SubmitIn(Body):
    """An answer to a lease, and what the caller wants to hold next."""

    lease_id: JsonId
    answer: dict[str, Any]
    active_ms: Annotated[int, Field(ge=0, le=_ACTIVE_MS_MAX)] = 0
    next: WantIn | None = None


class JudgmentOut(BaseModel):
    """An acknowledged judgment."""

    id: str
    lease_id: str
    item_id: str
    submitted_at: str
    feedback: dict[str, Any] | None


class SubmittedOut(BaseModel):
    """The judgment, and the next leases. `stopped` says why there are none, if a wall went up."""

    judgment: JudgmentOut
    leases: list[LeaseOut]


@router.on(
    "POST",
    "/projects/{project_id}/judgments",
    permission="judgments.submit",
    status_code=201,
    answer=SubmittedOut,
    express=True,
)
async def submit(
    request: Request,
    project_id: UUID,
    body: SubmitIn,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Submit an answer and carry the next leases; 201 the first time, 200 when repeated."""
    admission = credential_of(request)
    project = await find_project(request, admission.workspace, project_id)
    answer = check_answer(project.task_type, project.settings, body.answer)
    check_order(project.settings, body.lease_id, body.answer)
    keyring: Keyring = request.app.state.keyring
    submits: SubmitGroups = request.app.state.submits
    done = await submit_judgment(
        submits,
        keyring,
        hints_of(request),
        admission,
        NewJudgment(
            project=project_id,
            lease=body.lease_id,
            answer=answer,
            active_ms=body.active_ms,
            settings_version=project.settings_version,
            idempotency_key=idempotency_key,
            next=None if body.next is None else body.next.want(),
        ),
        policy=POLICY_HASH,
    )
    opened = await open_grants(release_of(request), admission.workspace, project_id, done.grants)
    feedback = None
    if done.purpose == "gold":
        feedback = await request.app.state.find_feedback(admission.workspace, done, body.answer)
    return json_answer(
        {
            "judgment": {
                "id": str(done.id),
                "lease_id": str(body.lease_id),
                "item_id": str(done.item_id),
                "submitted_at": done.submitted_at.isoformat(),
                "feedback": feedback,
            },
            "leases": render_leases(project, opened),
        },
        200 if done.replayed else 201,
    )
