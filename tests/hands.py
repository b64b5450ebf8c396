"""Annotators' hands: lease, submit and end, as the routes do it but without HTTP."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from uuid import UUID

import asyncpg
from tests.ground import Person, Tenant, connected, run_as

from evenhand.identity import POLICY_HASH
from evenhand.judgments import NewJudgment, Submitted, submit_judgment
from evenhand.platform.db import DatabaseAddress, refusal_of
from evenhand.projects import Project
from evenhand.tasks import Grant, PlaceHints, Want, end_lease, lease_next
from evenhand.tasks.actions import Outcome

LEFT = b'{"choice":"left","order":"given"}'
RIGHT = b'{"choice":"right","order":"given"}'


@contextmanager
def refusing() -> Generator[None]:
    """Turns what a SQL function refuses into its kind, as the edge does."""
    try:
        yield
    except asyncpg.PostgresError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error


async def lease(
    tenant: Tenant,
    who: Person,
    project: Project,
    *,
    hold: int = 1,
    have: Sequence[UUID] = (),
    hints: PlaceHints | None = None,
) -> list[Grant]:
    """Leases that `who` lacks; without hints unless some are given."""
    with refusing():
        return await lease_next(
            tenant.db,
            hints or PlaceHints(),
            tenant.admission(who),
            project=project.id,
            want=Want(hold, tuple(have)),
            policy=POLICY_HASH,
        )


async def submit(
    tenant: Tenant,
    who: Person,
    project: Project,
    lease_id: UUID,
    answer: bytes = LEFT,
    *,
    key: str | None = None,
    want: Want | None = None,
    hints: PlaceHints | None = None,
) -> Submitted:
    """An answer to a lease, and the next leases if `want` says so."""
    new = NewJudgment(
        project=project.id,
        lease=lease_id,
        answer=answer,
        active_ms=1200,
        settings_version=project.settings_version,
        idempotency_key=key,
        next=want,
    )
    with refusing():
        return await submit_judgment(
            tenant.service.submits,
            tenant.service.keyring,
            hints or PlaceHints(),
            tenant.admission(who, "judgments.submit"),
            new,
            policy=POLICY_HASH,
        )


async def end(tenant: Tenant, who: Person, lease_id: UUID, outcome: Outcome) -> None:
    """Skips, flags or gives back a lease."""
    admission = tenant.admission(who)
    with refusing():
        await end_lease(
            tenant.db, admission, lease=lease_id, outcome=outcome, sealed_reason=b"sealed"
        )


async def run_out(admin: DatabaseAddress) -> None:
    """Lets every active lease run out, by the database's clock."""
    await run_as(
        admin,
        "UPDATE tasks.lease SET granted_at = now() - interval '2 s',"
        " expires_at = now() - interval '1 s' WHERE state = 'active'",
    )


async def broken(admin: DatabaseAddress, breach: str) -> None:
    """Breaks an invariant by a statement, past triggers and foreign keys."""
    async with connected(admin) as superuser:
        await superuser.execute("SET session_replication_role = replica")
        await superuser.execute(breach)
