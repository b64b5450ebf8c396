"""The verbs of the queue: lease, end a lease, expire, revoke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from evenhand.access import Ticket
from evenhand.conflicts import evaluate, require_allowed
from evenhand.items import array_text
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import NotFound
from evenhand.platform.ids import new_ids
from evenhand.platform.queries import load_queries

from .model import Grant, TaskColumns, Want

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from evenhand.access import Look, Release
    from evenhand.identity import Admission
    from evenhand.platform.db import Database, Tx

    from .hints import PlaceHints

__all__ = [
    "HOLD_MAX",
    "add_tasks",
    "check_stop",
    "count_tasks",
    "delete_some_tasks",
    "end_lease",
    "expire_leases",
    "grants_of",
    "lease_next",
    "open_grants",
    "project_of_lease",
    "revoke_leases",
    "slot_position",
]

_Q = load_queries(__package__ or "")
HOLD_MAX = 20
_SLOT_BITS = 40
Outcome = Literal["skipped", "flagged", "released"]


def slot_position(slot: int, number: int) -> int:
    """Order inside a batch: every item's first judgment before any item's second."""
    return slot << _SLOT_BITS | number


async def lease_next(
    db: Database,
    hints: PlaceHints,
    admission: Admission,
    *,
    project: UUID,
    want: Want,
    policy: bytes,
) -> list[Grant]:
    """Leases that the caller lacks, sealed. One round trip, two when its verdict is not known yet.

    Raises:
        WallDenied: the wall; the denial is in the log's queue already.
        NotFound, Unauthenticated, Forbidden: as the database decides.
    """
    for _ in range(3):
        batch, place = hints.find(admission.hash, project)
        rows = await db.fetch(
            _Q["lease_next"],
            admission.token,
            admission.hash,
            admission.allowed,
            project,
            want.hold,
            want.have,
            list(new_ids(want.hold)),
            batch,
            place,
            policy,
        )
        stopped = await check_stop(db, admission, rows)
        if not stopped:
            return grants_of(rows, hints, admission, project)
    return []


async def check_stop(db: Database, admission: Admission, rows: Sequence[asyncpg.Record]) -> bool:
    """True when the caller shall ask again, since its verdict has just been computed.

    Raises:
        WallDenied: with the explained path.
    """
    if not rows or rows[0]["wall"] in {None, "allowed"}:
        return False
    verdict = await evaluate(db, admission.workspace, rows[0]["member_id"], now=utc_now())
    if rows[0]["wall"] == "denied":
        require_allowed(verdict)
    return True


def grants_of(
    rows: Sequence[asyncpg.Record], hints: PlaceHints, admission: Admission, project: UUID
) -> list[Grant]:
    """Rows of `tasks.granted` to values; remembers where the last was found."""
    grants = [
        Grant(
            lease_id=row["lease_id"],
            task_id=row["task_id"],
            item_id=row["item_id"],
            intent_id=row["intent_id"],
            expires_at=row["expires_at"],
            payload=row["payload"],
        )
        for row in rows
        if row["lease_id"] is not None
    ]
    if grants and not rows[-1]["assigned"]:
        hints.keep(admission.hash, project, rows[-1]["batch_id"], rows[-1]["place"])
    return grants


async def open_grants(
    release: Release, workspace: UUID, project: UUID, grants: Sequence[Grant]
) -> list[tuple[Grant, Look]]:
    """Each lease with its plaintext, after its entry is in the log."""
    tickets = [
        Ticket(workspace, project, grant.item_id, "payload", grant.intent_id, grant.payload)
        for grant in grants
    ]
    return list(zip(grants, await release.open(tickets), strict=True))


async def end_lease(
    db: Database,
    admission: Admission,
    *,
    lease: UUID,
    outcome: Outcome,
    sealed_reason: bytes | None,
) -> None:
    """Skip, flag or give back a lease; repeating it is safe."""
    await db.fetchrow(
        _Q["end_lease"],
        admission.token,
        admission.hash,
        admission.allowed,
        lease,
        outcome,
        sealed_reason,
    )


async def project_of_lease(tx: Tx, workspace: UUID, lease: UUID) -> UUID:
    """Whose key seals a reason about this lease.

    Raises:
        NotFound: unknown or another workspace's.
    """
    project: UUID | None = await tx.fetchval(_Q["project_of_lease"], workspace, lease)
    if project is None:
        raise NotFound("You hold no such lease; ask for your next task.", code="lease_not_yours")
    return project


async def add_tasks(
    tx: Tx, workspace: UUID, *, project: UUID, batch: UUID, purpose: str, tasks: TaskColumns
) -> None:
    """Write task rows, one per wanted judgment."""
    await tx.execute(
        _Q["insert_tasks"],
        workspace,
        project,
        batch,
        tasks.ids,
        tasks.item_ids,
        tasks.assignees,
        array_text(tasks.positions),
        purpose,
    )


async def delete_some_tasks(tx: Tx, workspace: UUID, batch: UUID, *, most: int) -> int:
    """Remove part of a staging batch's tasks; gives how many went."""
    gone: int = await tx.fetchval(_Q["delete_tasks_some"], workspace, batch, most)
    return gone


async def count_tasks(tx: Tx, workspace: UUID, project: UUID) -> dict[str, int]:
    """Tasks of a project by state, gold left out."""
    rows = await tx.fetch(_Q["count_by_state"], workspace, project)
    return {row["state"]: row["task_count"] for row in rows}


async def expire_leases(db: Database) -> int:
    """Return every lease past its time to the queue; gives how many."""
    ended = 0
    for row in await db.fetch(_Q["workspaces_with_expired"]):
        token = db.token(row["workspaces_with_expired"])
        while gone := await db.fetchval(_Q["expire"], token):
            ended += gone
    return ended


async def revoke_leases(tx: Tx, workspace: UUID, members: Sequence[UUID]) -> int:
    """Take back every lease of some members; gives how many."""
    gone: int = await tx.fetchval(_Q["revoke"], workspace, members)
    return gone
