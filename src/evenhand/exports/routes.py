"""Exports over HTTP: started by POST, streamed, each a leaf."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from evenhand.platform.errors import Invalid
from evenhand.platform.web import Body, JsonId, RoomRouter

from .actions import Export, begin_consensus, begin_items, begin_preferences, make_leaderboard
from .model import ExportFormat

__all__ = ["router"]

router = RoomRouter(tags=["exports"])


class ExportIn(Body):
    """What to export. `run_id` names the aggregation for `consensus` and `leaderboard`."""

    format: ExportFormat
    run_id: JsonId | None = None


@router.on("POST", "/projects/{project_id}/exports", permission="exports.create")
async def export(request: Request, project_id: UUID, body: ExportIn) -> Response:
    """Stream an export. `trl` and `trl-ties` together hold each judgment exactly once."""
    if body.format in {"trl", "trl-ties"}:
        made = await begin_preferences(request, project_id, ties=body.format == "trl-ties")
        return _stream(made, "application/x-ndjson")
    if body.format == "items":
        return _stream(await begin_items(request, project_id), "application/x-ndjson")
    if body.run_id is None:
        raise Invalid("This format needs run_id, an aggregation that is done.", code="no_run")
    if body.format == "consensus":
        made = await begin_consensus(request, project_id, body.run_id)
        return _stream(made, "application/x-ndjson")
    made = await make_leaderboard(request, project_id, body.run_id)
    return _stream(made, "text/csv; charset=utf-8")


def _stream(made: Export, media_type: str) -> Response:
    return StreamingResponse(
        made.chunks,
        media_type=media_type,
        headers={
            "Content-Disposition": "attachment",
            "Evenhand-Receipt": f"/api/v1/receipts/{made.index}",
            "Evenhand-Count": str(made.count),
        },
    )
