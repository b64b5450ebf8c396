"""The log and its receipts over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from evenhand.identity import admitted
from evenhand.platform.errors import Invalid, NotFound
from evenhand.platform.web import RoomRouter, json_answer
from evenhand.receipts import render_receipt
from evenhand.tlog import (
    LogError,
    bundle_path,
    decode_bundle,
    parse_tile_path,
    tile_width,
)
from evenhand.tlog.tiles import TILE_WIDTH, TilePath
from evenhand.transparency import LogUnavailable, get_log, read_size

if TYPE_CHECKING:
    from evenhand.transparency import PublishedLog, Publisher

__all__ = ["log_router", "router"]

router = RoomRouter(tags=["log"])
log_router = RoomRouter(prefix="/log", tags=["log"])
_WAIT_S = 5.0


class LogOut(BaseModel):
    """One log that the caller may see."""

    workspace: str
    origin: str
    vkey: str
    url: str


def _publisher(request: Request) -> Publisher:
    publisher: Publisher = request.app.state.publisher
    return publisher


@log_router.on("GET", "/", permission="log.read", answer=LogOut, summary="Logs you may see")
async def list_logs(request: Request) -> Response:
    """Logs of the caller's workspace, with the verifier key."""
    async with admitted(request) as (tx, actor):
        log = await get_log(tx, actor.workspace_id)
    return json_answer(
        [
            {
                "workspace": str(log.workspace),
                "origin": log.origin,
                "vkey": log.vkey,
                "url": f"{str(request.base_url).rstrip('/')}/log/{log.workspace}",
            }
        ]
    )


@log_router.on("GET", "/{workspace}/checkpoint", permission="log.read")
async def read_checkpoint(request: Request, workspace: UUID) -> Response:
    """The published signed head (tlog-checkpoint)."""
    log = await _own_log(request, workspace)
    note = await asyncio.to_thread(log.note)
    if note is None:
        raise LogUnavailable("The log is not published yet; try again in a second.")
    return Response(
        note, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"}
    )


@log_router.on("GET", "/{workspace}/tile/{path:path}", permission="log.read")
async def read_tile(request: Request, workspace: UUID, path: str) -> Response:
    """A hash tile or an entry bundle (tlog-tiles)."""
    log = await _own_log(request, workspace)
    try:
        wanted = str(parse_tile_path(f"tile/{path}"))
    except LogError as error:
        raise NotFound("This is no path of a tile.") from error
    try:
        data = await asyncio.to_thread(log.read, wanted)
    except OSError as error:
        raise NotFound("There is no such tile (yet).") from error
    return Response(
        data,
        media_type="application/octet-stream",
        headers={"Cache-Control": "private, max-age=31536000, immutable"},
    )


@router.on("GET", "/receipts/{index}", permission="receipts.read", summary="An offline receipt")
async def read_receipt(request: Request, index: int) -> Response:
    """The leaf at `index` with its inclusion proof and a signed head: verifiable offline."""
    if index < 0:
        raise Invalid("A leaf index is not negative.", code="no_leaf")
    async with admitted(request) as (tx, actor):
        log = _publisher(request).log(actor.workspace_id)
        if index >= await read_size(tx, actor.workspace_id):
            raise NotFound("There is no such leaf in the log.")
    # The leaf is in the tree; its files are a moment behind.
    for _ in range(int(_WAIT_S / 0.1)):
        head = await asyncio.to_thread(log.head)
        if head is not None and head.size > index:
            break
        await asyncio.sleep(0.1)
    else:
        raise LogUnavailable("The leaf is not published yet; try again in a second.")
    receipt = await asyncio.to_thread(_make_receipt, log, index)
    return Response(
        receipt,
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="receipt-{index}.txt"'},
    )


async def _own_log(request: Request, workspace: UUID) -> PublishedLog:
    async with admitted(request) as (_, actor):
        if workspace != actor.workspace_id:
            raise NotFound("There is no such log.")
    return _publisher(request).log(workspace)


def _make_receipt(log: PublishedLog, index: int) -> bytes:
    tree, note = log.tree()
    size = tree.edge.size
    number = index // TILE_WIDTH
    width = tile_width(level=0, number=number, size=size)
    path = TilePath(level=None, number=number, width=width)
    entries = decode_bundle(log.read(bundle_path(number=number, width=width)), path=path)
    return render_receipt(
        entry=entries[index % TILE_WIDTH],
        index=index,
        path=tree.inclusion_proof(index=index, size=size),
        checkpoint=note,
    )
