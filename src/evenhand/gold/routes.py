"""Gold scores over HTTP."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from evenhand.identity import admitted
from evenhand.platform.web import RoomRouter, json_answer
from evenhand.projects import get_project

from .actions import list_scores

__all__ = ["router"]

router = RoomRouter(tags=["gold"])


class GoldScoreOut(BaseModel):
    """One annotator on a project's gold."""

    annotator_id: str
    name: str
    simulated: bool
    scored_count: int
    correct_count: int


class GoldScoresOut(BaseModel):
    """Scores by annotator."""

    items: list[GoldScoreOut]


@router.on(
    "GET", "/projects/{project_id}/gold/scores", permission="gold.read", answer=GoldScoresOut
)
async def scores(request: Request, project_id: UUID) -> Response:
    """How annotators did on gold."""
    async with admitted(request) as (tx, actor):
        await get_project(tx, actor.workspace_id, project_id)
        rows = await list_scores(tx, actor.workspace_id, project_id)
    return json_answer({"items": [row.render() for row in rows]})
