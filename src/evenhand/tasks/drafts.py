"""Drafts: what was typed into a task and not yet submitted, sealed like the data.

The page keeps a draft in the browser and sends it here some moments later, so that the work can go
on at another place. A draft lives as long as its lease: the database drops it when the lease ends.
Reading one back is a look like any other: through the one door, with an entry in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenhand.access import Ticket, intend_read
from evenhand.platform.errors import NotFound
from evenhand.platform.queries import load_queries

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from evenhand.identity import Actor, Admission
    from evenhand.platform.db import Database, Tx
    from evenhand.vault import Sealer

__all__ = ["DraftRef", "delete_draft", "intend_draft", "list_drafts", "put_draft"]

_Q = load_queries(__package__ or "")


@dataclass(frozen=True, slots=True)
class DraftRef:
    """That there is a draft, without its content. `version` counts its writes from 1."""

    lease_id: UUID
    version: int
    saved_at: datetime


async def put_draft(
    db: Database, admission: Admission, sealer: Sealer, *, lease: UUID, seen: int, content: bytes
) -> DraftRef:
    """Store `content` (JSON) over the version `seen`, 0 for none.

    Raises:
        Conflict: another page wrote meanwhile (`draft_conflict`), or the lease has ended.
        NotFound, Expired: the lease is not the caller's, or too old.
    """
    row = await db.fetchrow(
        _Q["put_draft"],
        admission.token,
        admission.hash,
        admission.allowed,
        lease,
        seen,
        sealer.seal(lease, "draft", content, version=seen + 1),
    )
    if row is None:
        raise NotFound("You hold no such lease; ask for your next task.", code="lease_not_yours")
    return DraftRef(lease, row["version"], row["saved_at"])


async def list_drafts(tx: Tx, actor: Actor) -> list[DraftRef]:
    """The caller's drafts of leases that are alive."""
    rows = await tx.fetch(_Q["list_drafts"], actor.workspace_id, actor.member_id)
    return [DraftRef(row["lease_id"], row["version"], row["saved_at"]) for row in rows]


async def intend_draft(
    tx: Tx, actor: Actor, *, lease: UUID, now: datetime
) -> tuple[DraftRef, Ticket]:
    """The caller's own draft and the ticket that opens it.

    Raises:
        NotFound: no draft, somebody else's, or its lease has ended.
        WallDenied: a wall went up meanwhile.
    """
    row = await tx.fetchrow(_Q["find_draft"], actor.workspace_id, actor.member_id, lease)
    if row is None:
        raise NotFound("There is no draft of this lease.")
    intent = await intend_read(
        tx, actor, kind="draft.released/1", target=lease, purpose="resume", now=now
    )
    ticket = Ticket(
        actor.workspace_id,
        row["project_id"],
        lease,
        "draft",
        intent,
        row["sealed"],
        version=row["version"],
    )
    return DraftRef(lease, row["version"], row["saved_at"]), ticket


async def delete_draft(tx: Tx, actor: Actor, *, lease: UUID) -> None:
    """Forget the caller's draft; without one nothing happens.

    Raises:
        NotFound: the lease is not and was not the caller's.
    """
    if not await tx.fetchval(_Q["delete_draft"], actor.workspace_id, actor.member_id, lease):
        raise NotFound("You hold no such lease; ask for your next task.", code="lease_not_yours")
