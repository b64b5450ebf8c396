"""Streaming exports in bounded memory: ids first, one log entry for all, then page by page.

Each page is read under the caller's credential anew, so that an export stops when its key is
revoked or its member removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from evenhand.access import Ticket, intend_bulk, intend_read, release_of
from evenhand.consensus import (
    get_done_run,
    list_result_items,
    read_results,
    read_sealed_ranking,
)
from evenhand.identity import POLICY_HASH, admitted
from evenhand.items import BATCH_PURPOSES, list_item_ids, read_items
from evenhand.judgments import list_judgment_ids, read_judgments, settle_judgments
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import NotFound
from evenhand.platform.paging import FIRST
from evenhand.projects import get_project
from evenhand.transparency import intend

from .rows import consensus_line, item_line, leaderboard_csv, preference_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from uuid import UUID

    from fastapi import Request

    from evenhand.access import BulkLook, BulkTicket, Release
    from evenhand.identity import Actor
    from evenhand.items import SealedItem
    from evenhand.platform.db import Tx
    from evenhand.projects import Project

__all__ = ["Export", "begin_consensus", "begin_items", "begin_preferences", "make_leaderboard"]

_PAGE = 500
_IDS = 5000
_decode = msgspec.json.decode


class Export:
    """An export whose look is logged: leaf index, and the stream of its bytes."""

    def __init__(self, index: int, count: int, chunks: AsyncIterator[bytes]) -> None:
        self.index = index
        self.count = count
        self.chunks = chunks


async def begin_preferences(request: Request, project_id: UUID, *, ties: bool) -> Export:
    """Every real judgment of the project, one line each: preferences, or the companion of ties."""
    async with admitted(request) as (tx, actor):
        project = await get_project(tx, actor.workspace_id, project_id)
        judgments = await _all(
            tx,
            lambda inner, after: list_judgment_ids(
                inner,
                actor.workspace_id,
                project_id,
                purpose="label",
                after=after,
                limit=_IDS,
            ),
        )
        judgments = await settle_judgments(tx, actor.workspace_id, project_id, judgments)
        items = await _items_of(tx, actor, judgments)
        what = "export_ties" if ties else "export_preferences"
        answers = await _intend(tx, actor, project, what, judgments)
        payloads = await _intend(tx, actor, project, what, items)
        await _log_export(tx, actor, project_id, what)
    release = release_of(request)
    logged = await release.log_bulk(answers)
    chunks = _preferences(
        request, project, judgments, logged, await release.log_bulk(payloads), ties=ties
    )
    return Export(logged.index, len(judgments), chunks)


async def begin_consensus(request: Request, project_id: UUID, run_id: UUID) -> Export:
    """Every item of an aggregation with its consensus, one line each."""
    async with admitted(request) as (tx, actor):
        project = await get_project(tx, actor.workspace_id, project_id)
        run = await get_done_run(tx, actor.workspace_id, run_id)
        if run.project_id != project_id:
            raise NotFound("There is no such aggregation in this project.")
        items = await _all(
            tx,
            lambda inner, after: list_result_items(
                inner, actor.workspace_id, run_id, after=after, limit=_IDS
            ),
        )
        ticket = await _intend(tx, actor, project, "export_consensus", items)
        await _log_export(tx, actor, project_id, "export_consensus")
    look = await release_of(request).log_bulk(ticket)
    return Export(look.index, len(items), _consensus(request, run_id, items, look))


async def begin_items(request: Request, project_id: UUID) -> Export:
    """Every item's id beside the customer's own id and meta, one line each."""
    async with admitted(request) as (tx, actor):
        project = await get_project(tx, actor.workspace_id, project_id)
        items: list[UUID] = []
        for purpose in BATCH_PURPOSES:
            items += await _all(
                tx,
                lambda inner, after, purpose=purpose: list_item_ids(
                    inner, actor.workspace_id, project_id, purpose=purpose, after=after, limit=_IDS
                ),
            )
        ticket = await _intend(tx, actor, project, "export_items", items)
        await _log_export(tx, actor, project_id, "export_items")
    look = await release_of(request).log_bulk(ticket)
    return Export(look.index, len(items), _items(request, items, look))


async def make_leaderboard(request: Request, project_id: UUID, run_id: UUID) -> Export:
    """The ranking of an aggregation as CSV."""
    async with admitted(request) as (tx, actor):
        run = await get_done_run(tx, actor.workspace_id, run_id)
        sealed = await read_sealed_ranking(tx, actor.workspace_id, run_id)
        if sealed is None or run.project_id != project_id:
            raise NotFound("The aggregation has no ranking in this project.")
        intent = await intend_read(
            tx,
            actor,
            kind="result.released/1",
            target=run_id,
            purpose="export_leaderboard",
            now=utc_now(),
        )
        await _log_export(tx, actor, project_id, "export_leaderboard")
        ticket = Ticket(actor.workspace_id, project_id, run_id, "ranking", intent, sealed)
    (look,) = await release_of(request).open([ticket])
    ranking = _decode(look.plaintext)

    async def once() -> AsyncIterator[bytes]:
        yield leaderboard_csv(ranking)

    return Export(look.logged.index, len(ranking), once())


async def _preferences(
    request: Request,
    project: Project,
    judgments: Sequence[UUID],
    answers: BulkLook,
    payloads: BulkLook,
    *,
    ties: bool,
) -> AsyncIterator[bytes]:
    release = release_of(request)
    for start in range(0, len(judgments), _PAGE):
        async with admitted(request) as (tx, actor):
            rows = await read_judgments(tx, actor.workspace_id, judgments[start : start + _PAGE])
            wanted = sorted({row.item_id for row in rows})
            items = await read_items(tx, actor.workspace_id, wanted)
        opened = await release.open_bulk(answers, "answer", [(row.id, row.answer) for row in rows])
        texts = await release.open_bulk(
            payloads, "payload", [(item.id, item.payload) for item in items]
        )
        payload_of: dict[UUID, Any] = {
            item.id: _decode(text) for item, text in zip(items, texts, strict=True)
        }
        lines = [
            preference_line(
                project.task_type,
                payload_of[row.item_id],
                _decode(answer),
                {
                    "item_id": str(row.item_id),
                    "judgment_id": str(row.id),
                    "annotator_id": str(row.annotator_id),
                },
                ties=ties,
            )
            for row, answer in zip(rows, opened, strict=True)
        ]
        yield b"".join(line for line in lines if line is not None)


async def _consensus(
    request: Request, run_id: UUID, items: Sequence[UUID], look: BulkLook
) -> AsyncIterator[bytes]:
    release = release_of(request)
    for start in range(0, len(items), _PAGE):
        page = list(items[start : start + _PAGE])
        async with admitted(request) as (tx, actor):
            results = await read_results(tx, actor.workspace_id, run_id, page)
            stored = await read_items(tx, actor.workspace_id, page)
        found = await release.open_bulk(look, "consensus", results)
        payloads = await release.open_bulk(
            look, "payload", [(item.id, item.payload) for item in stored]
        )
        metas = await _open_metas(release, look, stored)
        yield b"".join(
            consensus_line(
                str(item.id),
                _decode(metas.get(item.id, b"{}")),
                _decode(payload),
                _decode(result),
            )
            for item, payload, result in zip(stored, payloads, found, strict=True)
        )


async def _items(request: Request, items: Sequence[UUID], look: BulkLook) -> AsyncIterator[bytes]:
    release = release_of(request)
    for start in range(0, len(items), _PAGE):
        async with admitted(request) as (tx, actor):
            stored = await read_items(tx, actor.workspace_id, items[start : start + _PAGE])
        metas = await _open_metas(release, look, stored)
        yield b"".join(
            item_line(str(item.id), _decode(metas.get(item.id, b"{}"))) for item in stored
        )


async def _open_metas(
    release: Release, look: BulkLook, stored: Sequence[SealedItem]
) -> dict[UUID, bytes]:
    with_meta = [(item.id, item.meta) for item in stored if item.meta is not None]
    opened = await release.open_bulk(look, "meta", with_meta)
    return {item: text for (item, _), text in zip(with_meta, opened, strict=True)}


async def _intend(
    tx: Tx, actor: Actor, project: Project, purpose: str, ids: Sequence[UUID]
) -> BulkTicket:
    return await intend_bulk(
        tx,
        actor,
        project=project.id,
        purpose=purpose,
        ids=[one.bytes for one in ids],
        now=utc_now(),
    )


async def _log_export(tx: Tx, actor: Actor, project: UUID, purpose: str) -> None:
    await intend(
        tx,
        actor.workspace_id,
        "export.created/1",
        actor=actor.member_id,
        policy=POLICY_HASH,
        target=project,
        purpose=purpose,
    )


async def _all(tx: Tx, page: Callable[[Tx, UUID], Awaitable[list[UUID]]]) -> list[UUID]:
    ids: list[UUID] = []
    after = FIRST
    while True:
        some = await page(tx, after)
        ids += some
        if len(some) < _IDS:
            return ids
        after = some[-1]


async def _items_of(tx: Tx, actor: Actor, judgments: Sequence[UUID]) -> list[UUID]:
    found: set[UUID] = set()
    for start in range(0, len(judgments), _IDS):
        rows = await read_judgments(tx, actor.workspace_id, judgments[start : start + _IDS])
        found.update(row.item_id for row in rows)
    return sorted(found)
