"""Parties, ties, rivals, verdicts and exposure over HTTP.

A change of the wall holds the workspace's wall lock, voids every verdict, takes back the leases of
whom it newly denies, and logs itself, all in one transaction.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import Header, Request, Response
from pydantic import BaseModel, Field

from evenhand.exposure import read_member_shares, read_vendor_shares
from evenhand.identity import admitted, remember_once
from evenhand.parties import (
    NewParty,
    PartyKind,
    PartyRole,
    TieKind,
    declare_party,
    declare_tie,
    list_parties,
    list_ties,
    render_party,
    render_tie,
)
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import Invalid, NotFound
from evenhand.platform.ids import new_id
from evenhand.platform.paging import page_of, parse_cursor, parse_limit
from evenhand.platform.web import Body, JsonId, RoomRouter, body_of, json_answer

from .actions import change_wall, declare_rival, evaluate_in, lock_wall, newly_denied

if TYPE_CHECKING:
    from evenhand.identity import Actor
    from evenhand.platform.db import Tx

__all__ = ["router"]

router = RoomRouter(tags=["neutrality"])
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200)]
_DECIMAL = re.compile(r"[0-9]{1,3}(\.[0-9]{1,38})?")
Share = Annotated[str, Field(max_length=40)]


class PartyIn(Body):
    """A party to declare. LEI or domain identify it beyond this workspace."""

    kind: PartyKind
    name: Annotated[str, Field(min_length=1, max_length=200)]
    role: PartyRole = "other"
    lei: Annotated[str | None, Field(pattern=r"^[A-Z0-9]{20}$")] = None
    domain: Annotated[str | None, Field(pattern=r"^[a-z0-9.-]{3,253}$")] = None


class Made(BaseModel):
    """The id of what was made."""

    id: str


class TieIn(Body):
    """A tie to declare; shares are decimals from 0 to 1 written as strings ("0.49")."""

    from_id: JsonId
    to_id: JsonId
    kind: TieKind
    share_lo: Share | None = None
    share_hi: Share | None = None
    valid_from: Annotated[date | None, Field(strict=False)] = None
    valid_to: Annotated[date | None, Field(strict=False)] = None
    source: Annotated[str, Field(min_length=1, max_length=500)]


class WallChanged(BaseModel):
    """What a change did: members newly denied, leases taken back."""

    id: str
    newly_denied: int
    leases_revoked: int


class RivalIn(Body):
    """A party of the workspace that is a rival of its customer."""

    party_id: JsonId


class RowsOut(BaseModel):
    """A page of rows."""

    items: list[dict[str, Any]]
    next_cursor: str | None = None


class VerdictOut(BaseModel):
    """The wall's verdict on a member, explained."""

    allowed: bool
    reasons: list[str]


class ExposureOut(BaseModel):
    """Distinct items shown, by vendor and by member."""

    vendors: list[dict[str, Any]]
    members: list[dict[str, Any]]


@router.on("POST", "/parties", permission="parties.declare", status_code=201, answer=Made)
async def make_party(
    request: Request, body: PartyIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Declare a party."""
    async with admitted(request) as (tx, actor):
        made, before = await _once(request, tx, actor, idempotency_key)
        if before is None:
            party = NewParty(
                kind=body.kind, name=body.name, role=body.role, lei=body.lei, domain=body.domain
            )
            await declare_party(tx, actor.workspace_id, party, made=made)
    return json_answer({"id": str(before or made)}, 201 if before is None else 200)


@router.on("GET", "/parties", permission="parties.read", answer=RowsOut)
async def all_parties(request: Request, limit: int = 50, cursor: str | None = None) -> Response:
    """Declared parties, oldest first."""
    after, most = parse_cursor(cursor), parse_limit(limit)
    async with admitted(request) as (tx, actor):
        rows = await list_parties(tx, actor.workspace_id, after=after, limit=most + 1)
    return json_answer(page_of(rows, most, render=render_party, id_of=lambda row: row["id"]))


@router.on("POST", "/ties", permission="conflicts.declare", status_code=201, answer=WallChanged)
async def make_tie(
    request: Request, body: TieIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Declare a tie; whoever it newly denies loses its leases in the same transaction."""
    share = _share(body)
    async with admitted(request) as (tx, actor):
        await lock_wall(tx, actor.workspace_id)
        made, before = await _once(request, tx, actor, idempotency_key)
        if before is not None:
            return json_answer({"id": str(before), "newly_denied": 0, "leases_revoked": 0})
        await declare_tie(
            tx,
            actor.workspace_id,
            source=body.from_id,
            target=body.to_id,
            kind=body.kind,
            share=share,
            said_by=body.source,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
            made=made,
        )
        await change_wall(
            tx, actor.workspace_id, actor=actor.member_id, target=made, what=f"tie_{body.kind}"
        )
        answer = await _enforce(request, tx, actor, made)
    return json_answer(answer, 201)


@router.on("GET", "/ties", permission="parties.read", answer=RowsOut)
async def all_ties(request: Request, limit: int = 50, cursor: str | None = None) -> Response:
    """Declared ties, oldest first."""
    after, most = parse_cursor(cursor), parse_limit(limit)
    async with admitted(request) as (tx, actor):
        rows = await list_ties(tx, actor.workspace_id, after=after, limit=most + 1)
    return json_answer(page_of(rows, most, render=render_tie, id_of=lambda row: row["id"]))


@router.on("POST", "/rivals", permission="conflicts.declare", status_code=201, answer=WallChanged)
async def make_rival(request: Request, body: RivalIn) -> Response:
    """Declare a rival of the customer. Declaring it twice changes nothing."""
    async with admitted(request) as (tx, actor):
        try:
            await declare_rival(tx, actor.workspace_id, actor=actor.member_id, rival=body.party_id)
        except asyncpg.ForeignKeyViolationError as error:
            raise NotFound("There is no such party; declare it first.") from error
        answer = await _enforce(request, tx, actor, body.party_id)
    return json_answer(answer, 201)


@router.on("GET", "/members/{member_id}/verdict", permission="conflicts.read", answer=VerdictOut)
async def read_verdict(request: Request, member_id: UUID) -> Response:
    """Would the wall let this member see the customer's data now, and why not."""
    async with admitted(request) as (tx, actor):
        verdict = await evaluate_in(tx, actor.workspace_id, member_id, now=utc_now())
    return json_answer({"allowed": verdict.allowed, "reasons": list(verdict.reasons)})


@router.on("GET", "/exposure", permission="exposure.read", answer=ExposureOut)
async def read_exposure(request: Request, limit: int = 50) -> Response:
    """Who was shown how many distinct items."""
    most = parse_limit(limit)
    async with admitted(request) as (tx, actor):
        vendors = await read_vendor_shares(tx, actor.workspace_id)
        members = await read_member_shares(tx, actor.workspace_id, most=most)
    return json_answer(
        {
            "vendors": [
                {
                    "vendor_id": None if row.vendor_id is None else str(row.vendor_id),
                    "vendor_name": row.vendor_name,
                    "item_count": row.item_count,
                    "member_count": row.member_count,
                }
                for row in vendors
            ],
            "members": [
                {"member_id": str(row.member_id), "item_count": row.item_count} for row in members
            ],
        }
    )


async def _enforce(request: Request, tx: Tx, actor: Actor, made: UUID) -> dict[str, object]:
    denied = await newly_denied(tx, actor.workspace_id, now=utc_now())
    revoked = await request.app.state.members_out(tx, actor.workspace_id, denied)
    return {"id": str(made), "newly_denied": len(denied), "leases_revoked": revoked}


async def _once(
    request: Request, tx: Tx, actor: Actor, key: str | None
) -> tuple[UUID, UUID | None]:
    made = new_id()
    mac = hashlib.sha256(request.url.path.encode() + await body_of(request)).digest()
    return made, await remember_once(tx, actor, key=key, request_mac=mac, made=made)


def _share(body: TieIn) -> tuple[Decimal, Decimal] | None:
    if body.share_lo is None and body.share_hi is None:
        return None
    written = (
        "0" if body.share_lo is None else body.share_lo,
        "1" if body.share_hi is None else body.share_hi,
    )
    # Exponents are out: 1e-100000 is a decimal for Python and none for the database.
    if not all(_DECIMAL.fullmatch(text) for text in written):
        raise Invalid("A share is a decimal like 0.49.", code="tie_refused")
    lo, hi = map(Decimal, written)
    if not 0 <= lo <= hi <= 1:
        raise Invalid("Shares lie between 0 and 1, share_lo <= share_hi.", code="tie_refused")
    return lo, hi
