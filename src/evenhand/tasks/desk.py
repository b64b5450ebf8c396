"""An annotator's desk over HTTP: keep leases alive while somebody works, keep what was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Request, Response
from pydantic import BaseModel, Field

from evenhand.access import release_of
from evenhand.identity import admitted, credential_of, database_of
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import Invalid
from evenhand.platform.queries import load_queries
from evenhand.platform.web import Body, JsonId, RoomRouter, json_answer

from .actions import HOLD_MAX, project_of_lease
from .drafts import DraftRef, delete_draft, intend_draft, list_drafts, put_draft
from .schemas import ReceiptRef

if TYPE_CHECKING:
    from evenhand.vault import Keyring

__all__ = ["desk_router"]

desk_router = RoomRouter(tags=["tasks"])
_Q = load_queries(__package__ or "")
_ACTIVE_MS_MAX = 24 * 3600 * 1000
_DRAFT_BYTES_MAX = 256 * 1024


class RenewIn(Body):
    """Leases that somebody is working on, or about to."""

    leases: Annotated[list[JsonId], Field(max_length=2 * HOLD_MAX)]


class RenewedOut(BaseModel):
    """Those that are alive, with their new end. Whatever is missing has ended."""

    leases: list[dict[str, str]]


class DraftIn(Body):
    """What was typed so far. `version` is the one that the page has seen, 0 for none."""

    version: Annotated[int, Field(ge=0, le=1_000_000)]
    state: dict[str, Any]
    active_ms: Annotated[int, Field(ge=0, le=_ACTIVE_MS_MAX)] = 0


class DraftRefOut(BaseModel):
    """That there is a draft."""

    lease_id: str
    version: int
    saved_at: str


class DraftsOut(BaseModel):
    """The caller's drafts, without their content."""

    items: list[DraftRefOut]


class DraftOut(DraftRefOut):
    """A draft, shown after its entry is in the log."""

    state: dict[str, Any]
    active_ms: int
    receipt: ReceiptRef


@desk_router.on("POST", "/leases/renew", permission="tasks.lease", answer=RenewedOut)
async def renew(request: Request, body: RenewIn) -> Response:
    """Extend leases while somebody works. What is missing in the answer has ended."""
    admission = credential_of(request)
    rows = await database_of(request).fetch(
        _Q["renew"], admission.token, admission.hash, admission.allowed, body.leases
    )
    return json_answer(
        {
            "leases": [
                {"id": str(row["lease_id"]), "expires_at": row["expires_at"].isoformat()}
                for row in rows
            ]
        }
    )


@desk_router.on("GET", "/drafts", permission="tasks.lease", answer=DraftsOut)
async def drafts(request: Request) -> Response:
    """Which of your leases have a draft. No content, hence no entry in the log."""
    async with admitted(request) as (tx, actor):
        found = await list_drafts(tx, actor)
    return json_answer({"items": [_render(ref) for ref in found]})


@desk_router.on("PUT", "/leases/{lease_id}/draft", permission="tasks.lease", answer=DraftRefOut)
async def write_draft(request: Request, lease_id: UUID, body: DraftIn) -> Response:
    """Keep what was typed, until the lease ends. 409 `draft_conflict` when another page wrote."""
    content = msgspec.json.encode({"state": body.state, "active_ms": body.active_ms})
    if len(content) > _DRAFT_BYTES_MAX:
        raise Invalid(
            f"A draft is at most {_DRAFT_BYTES_MAX} bytes; it stays in the browser.",
            code="body_too_large",
        )
    async with admitted(request) as (tx, actor):
        project = await project_of_lease(tx, actor.workspace_id, lease_id)
    keyring: Keyring = request.app.state.keyring
    admission = credential_of(request)
    sealer = await keyring.sealer(admission.workspace, project)
    done = await put_draft(
        database_of(request),
        admission,
        sealer,
        lease=lease_id,
        seen=body.version,
        content=content,
    )
    return json_answer(_render(done))


@desk_router.on("GET", "/leases/{lease_id}/draft", permission="tasks.lease", answer=DraftOut)
async def read_draft(request: Request, lease_id: UUID) -> Response:
    """Your own draft of a lease that you hold; each look is a leaf."""
    async with admitted(request) as (tx, actor):
        ref, ticket = await intend_draft(tx, actor, lease=lease_id, now=utc_now())
    (look,) = await release_of(request).open([ticket])
    content = msgspec.json.decode(look.plaintext)
    return json_answer({**_render(ref), **content, "receipt": look.receipt()})


@desk_router.on("DELETE", "/leases/{lease_id}/draft", permission="tasks.lease", status_code=204)
async def forget_draft(request: Request, lease_id: UUID) -> Response:
    """Forget your draft of a lease."""
    async with admitted(request) as (tx, actor):
        await delete_draft(tx, actor, lease=lease_id)
    return Response(status_code=204)


def _render(ref: DraftRef) -> dict[str, object]:
    return {
        "lease_id": str(ref.lease_id),
        "version": ref.version,
        "saved_at": ref.saved_at.isoformat(),
    }
