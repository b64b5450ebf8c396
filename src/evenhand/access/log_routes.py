"""What an auditor asks of the log: its head, how it grows, its entries, who touched what.

The proofs are not here: a browser or a program takes the C2SP files below `/log/` and reckons by
itself. What is here saves nobody from checking; it finds the entry that is worth checking.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from evenhand.identity import admitted
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import Invalid, NotFound
from evenhand.platform.paging import parse_limit
from evenhand.platform.queries import load_queries
from evenhand.platform.web import RoomRouter, json_answer
from evenhand.receipts import KINDS
from evenhand.transparency import (
    NEWEST,
    find_about,
    find_by_actor,
    find_entry,
    read_growth,
    read_newest,
    read_overview,
)

from .looks import intend_details, open_entries, read_log_keys, render_open_part

if TYPE_CHECKING:
    from evenhand.identity import Actor
    from evenhand.platform.db import Tx
    from evenhand.transparency import Entry, LogService
    from evenhand.vault import Keyring

    from .looks import DetailsTicket

__all__ = ["log_reading_router"]

log_reading_router = RoomRouter(prefix="/api/v1/log", tags=["log"])
_Q = load_queries(__package__ or "")
_STEPS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_BUCKETS_MAX: Final = 100
_CURSOR: Final = re.compile(r"i[0-9]{1,18}")


class LogOverviewOut(BaseModel):
    """The signed head, and what to check it with."""

    workspace: str
    origin: str
    vkey: str
    size: int
    signed_at: str
    created_at: str
    checkpoint: str
    kinds: dict[str, str]


class GrowthOut(BaseModel):
    """Entries per hour or day, oldest first; the last one is not over yet."""

    step: str
    buckets: list[dict[str, Any]]


class EntryPage(BaseModel):
    """Entries, newest first, as far as they speak in the open."""

    items: list[dict[str, Any]]
    next_cursor: str | None


class LookPage(BaseModel):
    """Entries with their details, the names behind the ids, and the entry of this very look."""

    items: list[dict[str, Any]]
    names: dict[str, dict[str, Any]]
    next_cursor: str | None
    look: dict[str, Any] | None


class LookOut(BaseModel):
    """One entry with its details, and the entry of this very look."""

    entry: dict[str, Any]
    names: dict[str, dict[str, Any]]
    look: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is searched: at most one of the two."""

    item: UUID | None
    member: UUID | None

    @property
    def purpose(self) -> str:
        if self.item is not None:
            return "log.object"
        return "log.entries" if self.member is None else "log.member"


@log_reading_router.on("GET", "", permission="log.read", answer=LogOverviewOut)
async def read_head(request: Request) -> Response:
    """The log's size and signed head. The published files may be a moment behind it."""
    async with admitted(request) as (tx, actor):
        head = await read_overview(tx, actor.workspace_id)
    return json_answer(
        {
            "workspace": str(actor.workspace_id),
            "origin": head.origin,
            "vkey": head.vkey,
            "size": head.size,
            "signed_at": head.signed_at.isoformat(),
            "created_at": head.created_at.isoformat(),
            "checkpoint": head.note,
            "kinds": dict(KINDS),
        }
    )


@log_reading_router.on("GET", "/growth", permission="log.read", answer=GrowthOut)
async def read_growth_of(
    request: Request, step: Literal["hour", "day"] = "hour", count: int = 48
) -> Response:
    """How many entries each of the last hours or days (UTC) brought."""
    if not 1 <= count <= _BUCKETS_MAX:
        raise Invalid(f"count lies between 1 and {_BUCKETS_MAX}.", code="no_limit")
    starts = _starts_of(step, count, utc_now())
    async with admitted(request) as (tx, actor):
        sizes = await read_growth(tx, actor.workspace_id, starts)
        sizes.append((await read_overview(tx, actor.workspace_id)).size)
    buckets = [
        {"at": start.isoformat(), "entry_count": after - before}
        for start, before, after in zip(starts, sizes[:-1], sizes[1:], strict=True)
    ]
    return json_answer({"step": step, "buckets": buckets})


@log_reading_router.on("GET", "/entries", permission="log.read", answer=EntryPage)
async def list_entries(request: Request, limit: int = 50, cursor: str | None = None) -> Response:
    """Entries, newest first, without a look at their details."""
    below, most = _parse_place(cursor), parse_limit(limit)
    async with admitted(request) as (tx, actor):
        rows = await read_newest(tx, actor.workspace_id, below=below, limit=most + 1)
    shown, after = _cut(rows, most)
    return json_answer({"items": [render_open_part(row) for row in shown], "next_cursor": after})


@log_reading_router.on("GET", "/accesses", permission="log.details", answer=LookPage)
async def search(
    request: Request,
    item: UUID | None = None,
    member: UUID | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Response:
    """Entries with who, what and why, newest first: all, about one object, or by one member.

    `item` takes the id of any object (an item, a project, a member). The look is logged; where
    nothing is found nothing is opened and nothing is logged.
    """
    if item is not None and member is not None:
        raise Invalid("Search by item or by member, not by both.", code="request_refused")
    wanted = _Wanted(item, member)
    below, most = _parse_place(cursor), parse_limit(limit)
    keyring: Keyring = request.app.state.keyring
    async with admitted(request) as (tx, actor):
        keys = await read_log_keys(tx, keyring, actor.workspace_id)
        if wanted.item is not None:
            about = keys.partition_of(wanted.item)
            rows = await find_about(tx, actor.workspace_id, about, below=below, limit=most + 1)
        elif wanted.member is not None:
            rows = await find_by_actor(
                tx, actor.workspace_id, wanted.member, below=below, limit=most + 1
            )
        else:
            rows = await read_newest(tx, actor.workspace_id, below=below, limit=most + 1)
        shown, after = _cut(rows, most)
        if not shown:
            return json_answer({"items": [], "names": {}, "next_cursor": None, "look": None})
        ticket = await intend_details(
            tx, actor, shown, keys=keys, purpose=wanted.purpose, now=utc_now()
        )
    look = await _logged(request, actor, ticket)
    items = open_entries(ticket)
    names = await _names_in(request, items)
    return json_answer({"items": items, "names": names, "next_cursor": after, "look": look})


@log_reading_router.on("GET", "/entries/{index}/details", permission="log.details", answer=LookOut)
async def read_details(request: Request, index: int) -> Response:
    """One entry with who, what and why; the look is logged."""
    keyring: Keyring = request.app.state.keyring
    async with admitted(request) as (tx, actor):
        entry = await find_entry(tx, actor.workspace_id, index) if 0 <= index < NEWEST else None
        if entry is None:
            raise NotFound("There is no such entry in the log.")
        keys = await read_log_keys(tx, keyring, actor.workspace_id)
        ticket = await intend_details(
            tx, actor, [entry], keys=keys, purpose="log.entry", now=utc_now()
        )
    look = await _logged(request, actor, ticket)
    items = open_entries(ticket)
    names = await _names_in(request, items)
    return json_answer({"entry": items[0], "names": names, "look": look})


async def _logged(request: Request, actor: Actor, ticket: DetailsTicket) -> dict[str, object]:
    """Wait until the look's own entry is in the tree; before that nothing is opened."""
    log: LogService = request.app.state.service.log
    logged = await log.logged(actor.workspace_id, [ticket.intent])
    place = logged[ticket.intent]
    return {
        "index": place.index,
        "tree_size": place.size,
        "url": f"/api/v1/receipts/{place.index}",
    }


async def _names_in(request: Request, items: list[dict[str, Any]]) -> dict[str, dict[str, object]]:
    """Members among the actors and objects of these entries."""
    ids = {
        UUID(said)
        for item in items
        for said in (item["details"]["actor"], item["details"]["object"])
        if said is not None
    }
    async with admitted(request) as (tx, actor):
        return await _read_names(tx, actor.workspace_id, ids)


async def _read_names(tx: Tx, workspace: UUID, ids: set[UUID]) -> dict[str, dict[str, object]]:
    rows = await tx.fetch(_Q["names_of"], workspace, list(ids))
    return {
        str(row["id"]): {"name": row["name"], "role": row["role"], "vendor": row["vendor_name"]}
        for row in rows
    }


def _cut(rows: list[Entry], most: int) -> tuple[list[Entry], str | None]:
    """The page, and where the next one begins: one row more than asked says that there is one."""
    shown = rows[:most]
    return shown, f"i{shown[-1].index}" if len(rows) > most else None


def _parse_place(cursor: str | None) -> int:
    """The index below which a page begins.

    Raises:
        Invalid: not a cursor that we gave.
    """
    if cursor is None:
        return NEWEST
    if not _CURSOR.fullmatch(cursor):
        raise Invalid("This is no cursor of ours; start without one.", code="no_cursor")
    return int(cursor[1:])


def _starts_of(step: str, count: int, now: datetime) -> list[datetime]:
    """When the last `count` hours or days began, oldest first."""
    width = _STEPS[step]
    last = now.replace(minute=0, second=0, microsecond=0)
    if step == "day":
        last = last.replace(hour=0)
    return [last - width * back for back in reversed(range(count))]
