"""What a manager opens, through the one door: an item, and which items a ranked name stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from evenhand.access import Ticket, intend_bulk, intend_read, release_of
from evenhand.consensus import (
    PIECE_COUNT,
    get_done_run,
    read_results,
    read_sealed_ranking,
    read_standing,
    standing_field,
    unpack_items,
)
from evenhand.identity import admitted, credential_of
from evenhand.items import read_items
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import NotFound
from evenhand.platform.queries import load_queries

from .reading import describe_item, describe_items, read_latest_run
from .rules import render_offset

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg
    from fastapi import Request

    from evenhand.consensus import Outcome

__all__ = ["list_standing", "look_at_item"]

_Q = load_queries(__package__ or "")
_decode = msgspec.json.decode


async def look_at_item(request: Request, project: UUID, item: UUID) -> dict[str, object]:
    """What an item says and what was answered, with the places of both looks in the log.

    The payload has an entry of its own, so that a search for the item's accesses finds it; answers,
    reasons, meta and consensus share one, which names how many objects and their root.

    Raises:
        NotFound: no such item in the project.
        WallDenied, LogUnavailable: then nothing is shown.
    """
    admission = credential_of(request)
    async with admitted(request) as (tx, actor):
        workspace = actor.workspace_id
        run = await read_latest_run(tx, workspace, project)
        await describe_item(tx, workspace, project, item, run=run)
        (stored,) = await read_items(tx, workspace, [item])
        work = await tx.fetch(_Q["read_item_work"], workspace, item)
        results = [] if run is None else await read_results(tx, workspace, run.id, [item])
        now = utc_now()
        intent = await intend_read(
            tx, actor, kind="payload.released/1", target=item, purpose="manager_look", now=now
        )
        ids = {item} | {row["judgment_id"] for row in work if row["judgment_id"]}
        ids |= {row["lease_id"] for row in work if row["reason"] is not None}
        ticket = await intend_bulk(
            tx,
            actor,
            project=project,
            purpose="manager_look_answers",
            ids=[one.bytes for one in ids],
            now=now,
        )
        await tx.execute(
            _Q["record_look"], admission.token, admission.hash, admission.allowed, item
        )
    release = release_of(request)
    payload_ticket = Ticket(workspace, project, item, "payload", intent, stored.payload)
    (look,) = await release.open([payload_ticket])
    bulk = await release.log_bulk(ticket)
    metas = [] if stored.meta is None else [(item, stored.meta)]
    opened_meta = await release.open_bulk(bulk, "meta", metas)
    opened_results = await release.open_bulk(bulk, "consensus", results)
    answered = [(row["judgment_id"], row["answer"]) for row in work if row["judgment_id"]]
    answers = dict(
        zip(
            (one for one, _ in answered),
            await release.open_bulk(bulk, "answer", answered),
            strict=True,
        )
    )
    reasoned = [(row["lease_id"], row["reason"]) for row in work if row["reason"] is not None]
    reasons = dict(
        zip(
            (one for one, _ in reasoned),
            await release.open_bulk(bulk, "reason", reasoned),
            strict=True,
        )
    )
    return {
        "payload": _decode(look.plaintext),
        "meta": _decode(opened_meta[0]) if opened_meta else None,
        "consensus": _decode(opened_results[0]) if opened_results else None,
        "work": [
            _render(row, answers.get(row["judgment_id"]), reasons.get(row["lease_id"]))
            for row in work
        ],
        "receipts": [
            look.receipt(),
            {"index": bulk.index, "url": f"/api/v1/receipts/{bulk.index}"},
        ],
    }


async def list_standing(
    request: Request, run_id: UUID, *, rank: int, outcome: Outcome, start: int, limit: int
) -> dict[str, object]:
    """A page of the items behind a place of a run's leaderboard, from number `start` on.

    The ranking is opened with it, under the same entry: it says whose place it is, and that there
    is such a place when nothing was won there.

    Raises:
        NotFound: no such run or place, or one of before these lists were kept.
        WallDenied, LogUnavailable: then nothing is shown.
    """
    pieces = range(start // PIECE_COUNT, (start + limit) // PIECE_COUNT + 1)
    async with admitted(request) as (tx, actor):
        workspace = actor.workspace_id
        run = await get_done_run(tx, workspace, run_id)
        sealed = await read_sealed_ranking(tx, workspace, run_id)
        if sealed is None:
            raise NotFound("The items have no names to rank.")
        kept = await read_standing(tx, workspace, run_id, rank=rank, outcome=outcome, pieces=pieces)
        intent = await intend_read(
            tx,
            actor,
            kind="result.released/1",
            target=run_id,
            purpose="ranking_items",
            now=utc_now(),
        )
    fields = [("ranking", sealed)]
    fields += [(standing_field(rank, outcome, number), piece) for number, piece in kept]
    first, *opened = await release_of(request).open(
        [Ticket(workspace, run.project_id, run_id, field, intent, piece) for field, piece in fields]
    )
    name = _name_at(_decode(first.plaintext), rank, outcome, empty=not kept and start == 0)
    ids = [one for look in opened for one in unpack_items(look.plaintext)]
    ids = ids[start - pieces[0] * PIECE_COUNT :]
    async with admitted(request) as (tx, actor):
        described = await describe_items(tx, actor.workspace_id, ids[:limit], run_id)
    return {
        "name": name,
        "items": described,
        "next_cursor": render_offset(start + limit) if len(ids) > limit else None,
        "receipt": first.receipt(),
    }


def _name_at(ranking: list[dict[str, Any]], rank: int, outcome: Outcome, *, empty: bool) -> str:
    """Who stands at a place; the numbers tell whether a list may be empty.

    Raises:
        NotFound: no such place, or its list was never made.
    """
    row = next((one for one in ranking if one["rank"] == rank), None)
    if row is None:
        raise NotFound("The leaderboard has no such place.")
    count = {"won": row["wins"], "lost": row["losses"], "tied": row["ties"]}.get(outcome, 1)
    if empty and count > 0:
        raise NotFound("This aggregation is older than these lists; aggregate again.")
    name: str = row["name"]
    return name


def _render(row: asyncpg.Record, answer: bytes | None, reason: bytes | None) -> dict[str, Any]:
    return {
        "annotator": {
            "id": str(row["annotator_id"]),
            "name": row["name"],
            "simulated": row["simulated"],
            "vendor": row["vendor_name"],
        },
        "state": row["state"],
        "ended_at": None if row["ended_at"] is None else row["ended_at"].isoformat(),
        "reason": None if reason is None else _decode(reason),
        "judgment": None
        if answer is None
        else {
            "id": str(row["judgment_id"]),
            "answer": _decode(answer),
            "active_ms": row["active_ms"],
            "submitted_at": row["submitted_at"].isoformat(),
            "withdrawn": row["withdrawn"],
            "gold_correct": row["correct"],
        },
    }
