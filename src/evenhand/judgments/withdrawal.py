"""Taking an answer back: the judgment's row stays, no result counts it, the task is leased anew.

An annotator may withdraw their own judgment while it is among their last `RECENT` of the project,
inside the project's undo window, its batch is open (for 30 s also when it is not), the task is no
gold, and no result was made of it. Whoever makes a result settles the judgments that it reads:
`settle_judgments` says which of them still stand and closes the way back, under a lock that a
withdrawal takes as well. So no result ever counts an answer that was taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from evenhand.access import Ticket
from evenhand.conflicts import evaluate, require_allowed
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import NotFound, Unavailable
from evenhand.platform.ids import new_id
from evenhand.platform.queries import load_queries
from evenhand.tasks import Grant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg

    from evenhand.identity import Actor, Admission
    from evenhand.platform.db import Database, Tx

__all__ = [
    "RECENT",
    "Latest",
    "OwnCounts",
    "Withdrawn",
    "count_own",
    "list_latest",
    "settle_judgments",
    "withdraw_judgment",
]

_Q = load_queries(__package__ or "")
RECENT = 20
"""How many of the last answers in a project can be taken back."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A fresh lease of the same task, and the ticket to the answer that was taken back."""

    grant: Grant
    answer: Ticket
    active_ms: int = field(default=0)


@dataclass(frozen=True, slots=True)
class Latest:
    """One of the caller's own latest judgments."""

    id: UUID
    lease_id: UUID
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class OwnCounts:
    """What one annotator did in a project since some instant. Times in milliseconds."""

    judgment_count: int
    skipped_count: int
    flagged_count: int
    active_ms: int
    median_active_ms: int | None


async def withdraw_judgment(
    db: Database, admission: Admission, actor: Actor, judgment: UUID, *, policy: bytes
) -> tuple[UUID, Withdrawn]:
    """Take an own judgment back. Gives its project and the fresh lease; repeating it is safe.

    The fresh lease's id keeps the last bit of the old one, of which the order of presentation is
    drawn: the sides stand where they stood.

    Raises:
        NotFound: no such judgment of the caller.
        Conflict: it is gold, too old, used or its task has moved on.
        WallDenied: a wall went up meanwhile; nothing was changed.
    """
    async with db.transaction(admission.workspace) as tx:
        known = await tx.fetchrow(
            _Q["find_lease_of"], admission.workspace, judgment, actor.member_id
        )
    if known is None:
        raise NotFound("You have no such judgment.")
    fresh = UUID(int=new_id().int & ~1 | known["lease_id"].int & 1)
    for _ in range(3):
        row = await db.fetchrow(
            _Q["withdraw"],
            admission.token,
            admission.hash,
            admission.allowed,
            judgment,
            fresh,
            RECENT,
            policy,
        )
        if row is not None and row["wall"] == "allowed":
            return known["project_id"], _withdrawn(row, admission, known["project_id"], judgment)
        # The verdict was void or says no: compute it, then ask again or say why.
        verdict = await evaluate(db, admission.workspace, actor.member_id, now=utc_now())
        require_allowed(verdict)
    raise Unavailable("The wall is being changed; try again in a moment.")


def _withdrawn(
    row: asyncpg.Record, admission: Admission, project: UUID, judgment: UUID
) -> Withdrawn:
    return Withdrawn(
        grant=Grant(
            lease_id=row["lease_id"],
            task_id=row["task_id"],
            item_id=row["item_id"],
            intent_id=row["intent_id"],
            expires_at=row["expires_at"],
            payload=row["payload"],
        ),
        answer=Ticket(
            admission.workspace,
            project,
            judgment,
            "answer",
            row["answer_intent_id"],
            row["answer"],
        ),
        active_ms=row["active_ms"],
    )


async def settle_judgments(
    tx: Tx, workspace: UUID, project: UUID, ids: Sequence[UUID]
) -> list[UUID]:
    """Those of `ids` that stand, in their order; from now on none of them can be withdrawn.

    Call in the transaction that writes the result's entry, before it takes another lock.

    Locks: the project's exclusive advisory lock, until the transaction ends.
    """
    return [row["settle"] for row in await tx.fetch(_Q["settle"], workspace, project, list(ids))]


async def list_latest(tx: Tx, actor: Actor, project: UUID) -> list[Latest]:
    """The caller's last judgments in a project, newest first, at most `RECENT`."""
    rows = await tx.fetch(_Q["own_latest"], actor.workspace_id, project, actor.member_id, RECENT)
    return [Latest(**row) for row in rows]


async def count_own(tx: Tx, actor: Actor, project: UUID, *, since: datetime) -> OwnCounts:
    """The caller's own numbers in a project since an instant."""
    # Ids begin with their millisecond: the first id of that instant bounds the index scan. The
    # process's clock made them, the database's the instants, hence a minute of tolerance.
    first = max(int(since.timestamp() * 1000) - 60_000, 0)
    row = await tx.fetchrow(
        _Q["own_counts"],
        actor.workspace_id,
        project,
        actor.member_id,
        since,
        UUID(int=first << 80),
    )
    if row is None:
        raise NotFound("There is no such project.")
    median = row["median_active_ms"]
    return OwnCounts(
        judgment_count=row["judgment_count"],
        skipped_count=row["skipped_count"],
        flagged_count=row["flagged_count"],
        active_ms=row["active_ms"],
        median_active_ms=None if median is None else round(median),
    )
