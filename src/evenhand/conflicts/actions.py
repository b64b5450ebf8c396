"""The verbs of conflicts: declare rivals, change ties, evaluate a person."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

from evenhand.identity import POLICY_HASH
from evenhand.platform.errors import NotFound
from evenhand.platform.queries import load_queries
from evenhand.transparency import intend

from .model import (
    DEFAULT_COOLING_OFF_DAYS,
    DEFAULT_THRESHOLDS,
    Facts,
    Policy,
    TieFact,
    Verdict,
    WallDenied,
)
from .rules import check_wall

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from evenhand.platform.db import Database, Tx

__all__ = [
    "change_wall",
    "declare_rival",
    "evaluate",
    "evaluate_in",
    "lock_wall",
    "newly_denied",
    "read_policy",
    "require_allowed",
    "start_wall",
]

_Q = load_queries(__package__ or "")


async def start_wall(tx: Tx, workspace: UUID) -> None:
    """The default policy and the first epoch of a new workspace."""
    await tx.execute(
        _Q["insert_policy"],
        workspace,
        DEFAULT_COOLING_OFF_DAYS,
        json.dumps(dict(DEFAULT_THRESHOLDS)),
        False,
    )
    await tx.execute(_Q["start_epoch"], workspace)


async def lock_wall(tx: Tx, workspace: UUID) -> None:
    """Wait for grants in flight and keep new ones out until this transaction ends.

    Locks: exclusive advisory lock of the workspace's wall.
    """
    await tx.execute(_Q["lock_wall"], workspace)


async def change_wall(tx: Tx, workspace: UUID, *, actor: UUID, target: UUID, what: str) -> None:
    """Void every verdict and log the change. Call after `lock_wall`, before the commit."""
    await tx.fetchval(_Q["next_epoch"], workspace)
    await intend(
        tx,
        workspace,
        "wall.changed/1",
        actor=actor,
        policy=POLICY_HASH,
        target=target,
        purpose=what,
    )


async def declare_rival(tx: Tx, workspace: UUID, *, actor: UUID, rival: UUID) -> None:
    """Make a party of the workspace a rival of its customer."""
    await lock_wall(tx, workspace)
    await tx.execute(_Q["insert_rivalry"], workspace, rival)
    await change_wall(tx, workspace, actor=actor, target=rival, what="rivalry")


async def evaluate(db: Database, workspace: UUID, member: UUID, *, now: datetime) -> Verdict:
    """Compute and store the verdict on a member; a change of the wall meanwhile voids it."""
    async with db.transaction(workspace) as tx:
        return await evaluate_in(tx, workspace, member, now=now)


async def evaluate_in(tx: Tx, workspace: UUID, member: UUID, *, now: datetime) -> Verdict:
    """As `evaluate`, inside a transaction.

    Locks: shared advisory lock of the workspace's wall.
    """
    await tx.execute(_Q["share_wall"], workspace)
    policy = await read_policy(tx, workspace)
    facts = await _read_facts(tx, workspace, member)
    verdict = check_wall(facts, policy, now)
    await tx.execute(
        _Q["store_verdict"],
        workspace,
        member,
        facts.epoch,
        verdict.allowed,
        json.dumps(verdict.reasons),
        verdict.good_until,
    )
    return verdict


def require_allowed(verdict: Verdict) -> None:
    """Raises WallDenied with the explained path."""
    if not verdict.allowed:
        raise WallDenied("; ".join(verdict.reasons) + ".")


async def newly_denied(tx: Tx, workspace: UUID, *, now: datetime) -> list[UUID]:
    """Members that were allowed before this change and are not any more: their leases must go."""
    denied: list[UUID] = []
    for row in await tx.fetch(_Q["members_allowed"], workspace):
        verdict = await evaluate_in(tx, workspace, row["member_id"], now=now)
        if not verdict.allowed:
            denied.append(row["member_id"])
    return denied


async def read_policy(tx: Tx, workspace: UUID) -> Policy:
    """The customer's policy."""
    row = await tx.fetchrow(_Q["get_policy"], workspace)
    if row is None:
        raise NotFound("The workspace has no wall policy.")
    return Policy(
        version=row["version"],
        cooling_off_days=row["cooling_off_days"],
        thresholds={kind: Fraction(text) for kind, text in json.loads(row["thresholds"]).items()},
        accept_possible=row["accept_possible"],
    )


async def _read_facts(tx: Tx, workspace: UUID, member: UUID) -> Facts:
    epoch: int = await tx.fetchval(_Q["get_epoch"], workspace)
    who = await tx.fetchrow(_Q["find_member"], workspace, member)
    if who is None:
        raise NotFound("There is no such member.")
    sides = [side for side in (who["party_id"], who["vendor_id"]) if side is not None]
    rows = await tx.fetch(_Q["ties_to_rivals"], workspace, sides)
    days: int | None = await tx.fetchval(_Q["days_since_rival"], workspace, who["person_id"])
    ties = tuple(
        TieFact(
            kind=row["kind"],
            our_name=row["our_name"],
            rival_name=row["rival_name"],
            rival_holds=row["rival_holds"],
            share_lo=None if row["share_lo"] is None else Fraction(row["share_lo"]),
            share_hi=None if row["share_hi"] is None else Fraction(row["share_hi"]),
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            declared_on=row["known_at"].date(),
        )
        for row in rows
    )
    return Facts(epoch=epoch, ties=ties, days_since_rival=days)
