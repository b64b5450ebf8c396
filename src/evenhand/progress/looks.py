"""Opening one item for a manager: payload, answers and reasons, through the one door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from evenhand.access import Ticket, intend_bulk, intend_read, release_of
from evenhand.consensus import read_results
from evenhand.identity import admitted, credential_of
from evenhand.items import read_items
from evenhand.platform.clock import utc_now
from evenhand.platform.queries import load_queries

from .reading import describe_item, read_latest_run

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg
    from fastapi import Request

__all__ = ["look_at_item"]

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
