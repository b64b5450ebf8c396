"""The verbs of judgments: submit, and read back in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from evenhand.platform.errors import Conflict
from evenhand.platform.ids import new_id, new_ids
from evenhand.platform.queries import load_queries
from evenhand.tasks import check_stop, grants_of, lease_next

from .groups import SubmitRequest
from .model import NewJudgment, SealedJudgment, Submitted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from evenhand.identity import Admission
    from evenhand.platform.db import Tx
    from evenhand.tasks import PlaceHints
    from evenhand.vault import Keyring

    from .groups import SubmitGroups

__all__ = ["list_judgment_ids", "read_judgments", "submit_judgment"]

_Q = load_queries(__package__ or "")


async def submit_judgment(
    groups: SubmitGroups,
    keyring: Keyring,
    hints: PlaceHints,
    admission: Admission,
    new: NewJudgment,
    *,
    policy: bytes,
) -> Submitted:
    """Store an answer and grant the next leases, in one round trip shared with other callers.

    When this returns, the judgment is durable. Repeating it with the same answer gives the same
    judgment; the answer is compared by a keyed hash, since it is stored sealed.

    Raises:
        NotFound, Conflict, Expired: the lease is not the caller's, used, ended or too old.
        WallDenied: never; a wall that went up meanwhile only ends the flow of new leases.
    """
    workspace = admission.workspace
    sealer = await keyring.sealer(workspace, new.project)
    made = new_id()
    hold = 0 if new.next is None else new.next.hold
    batch, place = hints.find(admission.hash, new.project)
    request = SubmitRequest(
        admission=admission,
        project=new.project,
        lease=new.lease,
        made=made,
        answer=sealer.seal(made, "answer", new.answer),
        mac=keyring.holder.mac(workspace, "answer", new.lease.bytes, new.answer),
        active_ms=new.active_ms,
        settings_version=new.settings_version,
        key=new.idempotency_key,
        hold=hold,
        have="{" + ",".join(map(str, () if new.next is None else new.next.have)) + "}",
        fresh=list(new_ids(hold)) if hold else [],
        batch=batch,
        place=place,
        policy=policy,
    )
    try:
        rows = await groups.submit(request)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "judgment_idempotency":
            raise Conflict(
                "This Idempotency-Key came before with another judgment; use a new one.",
                code="idempotency_key_reused",
            ) from error
        raise
    first = rows[0]
    grants = grants_of(rows, hints, admission, new.project)
    if (
        first["wall"] == "unknown"
        and new.next is not None
        and await check_stop(groups.db, admission, rows)
    ):
        # The verdict was void (a tie changed, a new day): it has just been computed; ask again.
        grants = await lease_next(
            groups.db, hints, admission, project=new.project, want=new.next, policy=policy
        )
    return Submitted(
        id=first["judgment_id"],
        item_id=first["item_of_judgment"],
        annotator_id=first["member_id"],
        purpose=first["purpose"],
        submitted_at=first["submitted_at"],
        replayed=first["replayed"],
        grants=grants,
    )


async def list_judgment_ids(
    tx: Tx, workspace: UUID, project: UUID, *, purpose: str, after: UUID, limit: int
) -> list[UUID]:
    """Ids of real (not simulated) annotators' judgments, ascending."""
    rows = await tx.fetch(_Q["list_ids"], workspace, project, purpose, after, limit)
    return [row["id"] for row in rows]


async def read_judgments(tx: Tx, workspace: UUID, ids: Sequence[UUID]) -> list[SealedJudgment]:
    """Judgments by ascending id."""
    rows = await tx.fetch(_Q["read_judgments"], workspace, ids)
    return [SealedJudgment(**row) for row in rows]
