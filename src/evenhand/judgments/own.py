"""An annotator's own work over HTTP: take an answer back, see one's own numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Query, Request, Response
from pydantic import AwareDatetime, BaseModel

from evenhand.access import release_of
from evenhand.identity import POLICY_HASH, admitted, credential_of, database_of
from evenhand.platform.clock import utc_now
from evenhand.platform.web import RoomRouter, json_answer
from evenhand.projects import find_project, get_project
from evenhand.tasks import LeaseOut, open_grants, render_leases

from .withdrawal import count_own, list_latest, withdraw_judgment

__all__ = ["own_router"]

own_router = RoomRouter(tags=["judgments"])
_LOOK_BACK = timedelta(hours=24)


class UndoneOut(BaseModel):
    """The task again, under a fresh lease, with the answer that was taken back."""

    lease: LeaseOut
    answer: dict[str, Any]
    active_ms: int


class CountsOut(BaseModel):
    """Counts, and times on task in milliseconds."""

    judgment_count: int
    skipped_count: int
    flagged_count: int
    active_ms: int
    median_active_ms: int | None


class LatestOut(BaseModel):
    """A judgment that may be taken back, unless it is gold or was used."""

    id: str
    lease_id: str
    submitted_at: str


class OwnWorkOut(BaseModel):
    """The caller's own numbers since an instant, and their latest judgments, newest first."""

    since: str
    counts: CountsOut
    latest: list[LatestOut]


@own_router.on(
    "POST", "/judgments/{judgment_id}/undo", permission="judgments.submit", answer=UndoneOut
)
async def undo(request: Request, judgment_id: UUID) -> Response:
    """Take your answer back. Its row stays, no result counts it; the task is leased to you anew."""
    admission = credential_of(request)
    async with admitted(request) as (_, actor):
        pass
    project_id, done = await withdraw_judgment(
        database_of(request), admission, actor, judgment_id, policy=POLICY_HASH
    )
    project = await find_project(request, admission.workspace, project_id)
    release = release_of(request)
    opened = await open_grants(release, admission.workspace, project_id, [done.grant])
    (answer,) = await release.open([done.answer])
    (lease,) = render_leases(project, opened)
    return json_answer(
        {"lease": lease, "answer": msgspec.Raw(answer.plaintext), "active_ms": done.active_ms}
    )


@own_router.on(
    "GET", "/projects/{project_id}/own-work", permission="judgments.submit", answer=OwnWorkOut
)
async def own_work(
    request: Request, project_id: UUID, since: Annotated[AwareDatetime | None, Query()] = None
) -> Response:
    """Your own numbers in a project since an instant of the last day, and what can be undone."""
    earliest = utc_now() - _LOOK_BACK
    begin: datetime = earliest if since is None else max(since, earliest)
    async with admitted(request) as (tx, actor):
        await get_project(tx, actor.workspace_id, project_id)
        counts = await count_own(tx, actor, project_id, since=begin)
        latest = await list_latest(tx, actor, project_id)
    return json_answer(
        {
            "since": begin.isoformat(),
            "counts": {
                "judgment_count": counts.judgment_count,
                "skipped_count": counts.skipped_count,
                "flagged_count": counts.flagged_count,
                "active_ms": counts.active_ms,
                "median_active_ms": counts.median_active_ms,
            },
            "latest": [
                {
                    "id": str(one.id),
                    "lease_id": str(one.lease_id),
                    "submitted_at": one.submitted_at.isoformat(),
                }
                for one in latest
            ],
        }
    )
