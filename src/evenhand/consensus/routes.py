"""Aggregations over HTTP."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Header, Request, Response
from pydantic import BaseModel

from evenhand.access import Ticket, intend_read, release_of
from evenhand.identity import admitted, remember_once
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import NotFound
from evenhand.platform.ids import new_id
from evenhand.platform.paging import page_of, parse_cursor, parse_limit
from evenhand.platform.web import Body, RoomRouter, body_of, json_answer
from evenhand.projects import get_project

from .actions import (
    get_done_run,
    get_run,
    list_runs,
    list_skills,
    read_sealed_ranking,
    request_run,
)
from .model import Run

__all__ = ["router"]

router = RoomRouter(tags=["consensus"])


class RunIn(Body):
    """An aggregation to run."""

    method: str = "default"


class RunOut(BaseModel):
    """An aggregation."""

    id: str
    project_id: str
    method: str
    version: str
    state: str
    summary: dict[str, Any]
    failure: str | None
    created_at: str
    finished_at: str | None


class RunPage(BaseModel):
    """A page of aggregations."""

    items: list[RunOut]
    next_cursor: str | None


class SkillsOut(BaseModel):
    """Skills of annotators, best first."""

    items: list[dict[str, Any]]


class RankingOut(BaseModel):
    """The leaderboard, with the look's place in the log."""

    items: list[dict[str, Any]]
    receipt: dict[str, Any]


@router.on(
    "POST",
    "/projects/{project_id}/consensus",
    permission="consensus.run",
    status_code=201,
    answer=RunOut,
)
async def start(
    request: Request,
    project_id: UUID,
    body: RunIn,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Aggregate the project's judgments in the background; ask for the run until it is done."""
    made = new_id()
    async with admitted(request) as (tx, actor):
        mac = hashlib.sha256(project_id.bytes + await body_of(request)).digest()
        before = await remember_once(tx, actor, key=idempotency_key, request_mac=mac, made=made)
        if before is None:
            await request_run(
                tx,
                actor.workspace_id,
                project_id,
                method=body.method,
                by=actor.member_id,
                made=made,
            )
        run = await get_run(tx, actor.workspace_id, before or made)
    return json_answer(run.render(), 201 if before is None else 200)


@router.on("GET", "/projects/{project_id}/consensus", permission="consensus.read", answer=RunPage)
async def list_all(
    request: Request, project_id: UUID, limit: int = 50, cursor: str | None = None
) -> Response:
    """Aggregations of a project, oldest first."""
    after, most = parse_cursor(cursor), parse_limit(limit)
    async with admitted(request) as (tx, actor):
        await get_project(tx, actor.workspace_id, project_id)
        rows = await list_runs(tx, actor.workspace_id, project_id, after=after, limit=most + 1)
    return json_answer(page_of(rows, most, render=Run.render, id_of=lambda row: row.id))


@router.on("GET", "/consensus/{run_id}", permission="consensus.read", answer=RunOut)
async def read(request: Request, run_id: UUID) -> Response:
    """One aggregation: state and summary."""
    async with admitted(request) as (tx, actor):
        run = await get_run(tx, actor.workspace_id, run_id)
    return json_answer(run.render())


@router.on("GET", "/consensus/{run_id}/skills", permission="consensus.read", answer=SkillsOut)
async def skills(request: Request, run_id: UUID) -> Response:
    """Estimated skill of each annotator."""
    async with admitted(request) as (tx, actor):
        await get_done_run(tx, actor.workspace_id, run_id)
        rows = await list_skills(tx, actor.workspace_id, run_id)
    return json_answer({"items": rows})


@router.on("GET", "/consensus/{run_id}/ranking", permission="consensus.read", answer=RankingOut)
async def ranking(request: Request, run_id: UUID) -> Response:
    """The leaderboard with intervals. It names what the customer compares: the look is logged."""
    async with admitted(request) as (tx, actor):
        run = await get_done_run(tx, actor.workspace_id, run_id)
        sealed = await read_sealed_ranking(tx, actor.workspace_id, run_id)
        if sealed is None:
            raise NotFound("The items have no names to rank.")
        intent = await intend_read(
            tx,
            actor,
            kind="result.released/1",
            target=run_id,
            purpose="ranking",
            now=utc_now(),
        )
        ticket = Ticket(actor.workspace_id, run.project_id, run_id, "ranking", intent, sealed)
    (look,) = await release_of(request).open([ticket])
    return json_answer({"items": msgspec.Raw(look.plaintext), "receipt": look.receipt()})
