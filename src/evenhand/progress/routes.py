"""Progress over HTTP: overview and its stream, annotators, items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel

from evenhand.identity import admitted, credential_of
from evenhand.platform.paging import page_of, parse_cursor, parse_limit
from evenhand.platform.web import RoomRouter, json_answer
from evenhand.projects import get_project

from .looks import list_standing, look_at_item
from .model import ItemFilter
from .reading import describe_item, list_annotators, list_items, read_latest_run
from .rules import check_filter, parse_offset

if TYPE_CHECKING:
    import asyncpg
    from starlette.types import Receive, Scope, Send

    from evenhand.identity import Admission

    from .board import Board

__all__ = ["router"]

router = RoomRouter(tags=["progress"])


class OverviewOut(BaseModel):
    """A project's progress, and its latest aggregation."""

    tasks: dict[str, int]
    batches: list[dict[str, Any]]
    hours: list[dict[str, Any]]
    run: dict[str, Any] | None


class AnnotatorPage(BaseModel):
    """Who worked on a project. Shares are None where nothing was compared."""

    items: list[dict[str, Any]]
    next_cursor: str | None


class ItemOut(BaseModel):
    """An item without its content."""

    id: str
    project_id: str
    batch: dict[str, str]
    purpose: str
    created_at: str
    tasks: dict[str, int]
    agreed_prob: float | None
    judgment_count: int | None


class ItemPage(BaseModel):
    """A page of items without their content."""

    items: list[ItemOut]
    next_cursor: str | None


class StandingPage(BaseModel):
    """A page of items behind a place of the leaderboard, with the look's place in the log."""

    name: str
    items: list[ItemOut]
    next_cursor: str | None
    receipt: dict[str, Any]


class LookOut(BaseModel):
    """An opened item, with the places of the looks in the log."""

    payload: dict[str, Any]
    meta: dict[str, Any] | None
    consensus: dict[str, Any] | None
    work: list[dict[str, Any]]
    receipts: list[dict[str, Any]]


def _board(request: Request) -> Board:
    board: Board = request.app.state.service.board
    return board


@router.on("GET", "/projects/{project_id}/overview", permission="progress.read", answer=OverviewOut)
async def overview(request: Request, project_id: UUID) -> Response:
    """How far a project is, as it was at most some seconds ago."""
    async with admitted(request) as (tx, actor):
        await get_project(tx, actor.workspace_id, project_id)
        run = await read_latest_run(tx, actor.workspace_id, project_id)
    snapshot = await _board(request).read(actor.workspace_id, project_id)
    return json_answer({**snapshot.render(), "run": None if run is None else run.render()})


class _EventStream(Response):
    """Takes the stream's place only while it is sent, so that no place is lost to an answer that
    nobody came for.
    """

    def __init__(self, board: Board, admission: Admission, *, member: UUID, project: UUID) -> None:
        super().__init__()
        self._board = board
        self._admission = admission
        self._member = member
        self._project = project

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._board.opened(
            self._admission, member=self._member, project=self._project
        ) as stream:
            answer = StreamingResponse(
                self._board.events(stream),
                media_type="text/event-stream",
                headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
            )
            await answer(scope, receive, send)


@router.on(
    "GET",
    "/projects/{project_id}/events",
    permission="progress.read",
    summary="Progress, live (text/event-stream)",
)
async def events(request: Request, project_id: UUID) -> Response:
    """Server-sent events: `progress` with the overview's numbers at once and when they change;
    `ended` when the session is over. A connection that is made again begins with the present
    numbers, so `Last-Event-ID` changes nothing.
    """
    admission = credential_of(request)
    async with admitted(request) as (tx, actor):
        await get_project(tx, actor.workspace_id, project_id)
    return _EventStream(_board(request), admission, member=actor.member_id, project=project_id)


@router.on(
    "GET", "/projects/{project_id}/annotators", permission="progress.read", answer=AnnotatorPage
)
async def annotators(
    request: Request, project_id: UUID, limit: int = 100, cursor: str | None = None
) -> Response:
    """Each annotator's numbers in a project."""
    after, most = parse_cursor(cursor), parse_limit(limit)
    async with admitted(request) as (tx, actor):
        await get_project(tx, actor.workspace_id, project_id)
        run = await read_latest_run(tx, actor.workspace_id, project_id)
        rows = await list_annotators(
            tx,
            actor.workspace_id,
            project_id,
            None if run is None else run.id,
            after=after,
            limit=most + 1,
        )
    return json_answer(page_of(rows, most, render=_render_annotator, id_of=lambda row: row["id"]))


@router.on("GET", "/projects/{project_id}/items", permission="items.read", answer=ItemPage)
async def items(
    request: Request,
    project_id: UUID,
    batch: UUID | None = None,
    purpose: Literal["label", "gold"] | None = None,
    state: Literal["open", "leased", "done", "skipped", "flagged"] | None = None,
    annotator: UUID | None = None,
    below: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Response:
    """Items by one condition, without their content. `below`: less agreement than that share;
    `since` and `until`: judged in that stretch of time.
    """
    most = parse_limit(limit)
    wanted = ItemFilter(batch, purpose, state, annotator, below, since, until)
    check_filter(wanted)
    async with admitted(request) as (tx, actor):
        await get_project(tx, actor.workspace_id, project_id)
        run = await read_latest_run(tx, actor.workspace_id, project_id)
        page = await list_items(
            tx,
            actor.workspace_id,
            project_id,
            wanted,
            run=None if run is None else run.id,
            cursor=cursor,
            limit=most,
        )
    return json_answer(page)


@router.on("GET", "/projects/{project_id}/items/{item_id}", permission="items.read", answer=ItemOut)
async def item(request: Request, project_id: UUID, item_id: UUID) -> Response:
    """One item without its content."""
    async with admitted(request) as (tx, actor):
        run = await read_latest_run(tx, actor.workspace_id, project_id)
        found = await describe_item(tx, actor.workspace_id, project_id, item_id, run=run)
    return json_answer(found)


@router.on(
    "POST", "/projects/{project_id}/items/{item_id}/look", permission="items.open", answer=LookOut
)
async def look(request: Request, project_id: UUID, item_id: UUID) -> Response:
    """Open an item: payload, answers, reasons and consensus. The look is logged and recorded."""
    return json_answer(await look_at_item(request, project_id, item_id))


@router.on("GET", "/consensus/{run_id}/standing", permission="consensus.read", answer=StandingPage)
async def standing(
    request: Request,
    run_id: UUID,
    rank: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    outcome: Literal["any", "won", "lost", "tied"] = "any",
    limit: int = 50,
    cursor: str | None = None,
) -> Response:
    """Items behind a place of the leaderboard, without their content. Which they are stands sealed
    beside it: the look is logged.
    """
    most, start = parse_limit(limit), parse_offset(cursor)
    found = await list_standing(
        request, run_id, rank=rank, outcome=outcome, start=start, limit=most
    )
    return json_answer(found)


def _render_annotator(row: asyncpg.Record) -> dict[str, object]:
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "simulated": row["simulated"],
        "removed": row["removed"],
        "vendor": None
        if row["vendor_id"] is None
        else {"id": str(row["vendor_id"]), "name": row["vendor_name"]},
        "judgments": row["judgment_count"],
        "median_active_ms": row["median_active_ms"],
        "last_at": None if row["last_at"] is None else row["last_at"].isoformat(),
        "skipped": row["skipped_count"],
        "flagged": row["flagged_count"],
        "gold": row["gold_count"],
        "gold_correct": row["correct_count"],
        "compared": row["compared_count"],
        "agreed": row["agreed_count"],
        "skill_prob": row["skill_prob"],
    }
