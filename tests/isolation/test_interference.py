"""Non-interference: what A's statements answer does not depend on B's rows at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from tests.ground import Address, Tenant, connected
from tests.isolation.furniture import furnish, leave_waiting, workspace_tables
from tests.isolation.statements import CROSSING, arguments, statements

from evenhand.identity.secrets import hash_secret
from evenhand.platform.migrations import AppLogin
from evenhand.platform.paging import FIRST

# Columns whose values come from a sequence of the whole database. They are our own names of rows;
# the API shows none of them.
NUMBERED = {"intent_id", "intend", "id"}


ASKED = ("project_id", "item_id", "lease_id", "member_id", "batch_id", "run_id")


async def answers(
    app: asyncpg.Connection[asyncpg.Record],
    tenant: Tenant,
    token: str,
    ids: Sequence[UUID],
    *,
    named: UUID | None = None,
) -> dict[tuple[str, int], object]:
    """What each statement answers under A's token, for each id; rolled back each time.

    `named` is the workspace that the statement is given: A's unless a fault of ours names B's.
    """
    said: dict[tuple[str, int], object] = {}
    secret_hash = hash_secret(tenant.owner.secret)
    for name, query in statements().items():
        if name in CROSSING:
            continue
        prepared = await app.prepare(query)
        types = [kind.name for kind in prepared.get_parameters()]
        made = arguments(
            types, workspace=named or tenant.id, token=token, secret_hash=secret_hash, ids=ids
        )
        for number, given in enumerate(made):
            transaction = app.transaction()
            await transaction.start()
            try:
                await app.execute("SELECT set_config('evenhand.token', $1, true)", token)
                said[name, number] = [plain(row) for row in await prepared.fetch(*given)]
            except asyncpg.PostgresError as error:
                said[name, number] = (error.sqlstate, error.args[0])
            finally:
                await transaction.rollback()
    return said


def plain(row: asyncpg.Record) -> dict[str, object]:
    """A row without what differs from one second to the next."""
    return {
        name: value
        for name, value in row.items()
        if not (name in NUMBERED and isinstance(value, int)) and not isinstance(value, datetime)
    }


async def test_every_statement_answers_the_same_whatever_b_holds(
    tenant: Tenant, other_tenant: Tenant, login: AppLogin, admin: Address
) -> None:
    ours = await furnish(tenant, "canaryalpha")
    theirs = await furnish(other_tenant, "canarybeta")
    await leave_waiting(tenant, other_tenant)
    ids = [FIRST, *(ours[name] for name in ASKED), *(theirs[name] for name in ASKED)]
    foreign = [theirs[name] for name in ASKED]
    async with connected(login.address) as app, connected(admin) as superuser:
        token = tenant.db.token(tenant.id)
        beside = await answers(app, tenant, token, ids)
        misled = await answers(app, tenant, token, foreign, named=other_tenant.id)
        # B changes: leases end, the wall moves, keys are gone.
        await superuser.execute("SET session_replication_role = replica")
        for change in (
            "UPDATE tasks.task SET state = 'open' WHERE workspace_id = $1",
            "UPDATE tasks.lease SET state = 'expired', ended_at = now() WHERE workspace_id = $1",
            "UPDATE conflicts.epoch SET value = value + 7 WHERE workspace_id = $1",
            "DELETE FROM identity.credential WHERE workspace_id = $1",
        ):
            await superuser.execute(change, other_tenant.id)
        changed = await answers(app, tenant, token, ids)
        for table in await workspace_tables(superuser):
            await superuser.execute(f"DELETE FROM {table} WHERE workspace_id = $1", other_tenant.id)
        alone = await answers(app, tenant, token, ids)
        misled_alone = await answers(app, tenant, token, foreign, named=other_tenant.id)
    assert beside == changed
    assert beside == alone
    assert misled == misled_alone
    # The question was a real one: the statements do answer, with rows.
    answered = {name for (name, _), rows in beside.items() if isinstance(rows, list) and rows}
    assert len(answered) > 40
    # What may cross workspaces is written down, and nothing else is left out.
    assert set(CROSSING) <= set(statements())


async def test_the_comparison_would_notice_a_missing_wall(
    tenant: Tenant, other_tenant: Tenant, login: AppLogin, admin: Address
) -> None:
    theirs = await furnish(other_tenant, "canarybeta")
    ids = [theirs["project_id"]]
    async with connected(login.address) as app, connected(admin) as superuser:
        token = tenant.db.token(tenant.id)
        for table in await workspace_tables(superuser):
            await superuser.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        beside = await answers(app, tenant, token, ids, named=other_tenant.id)
        await superuser.execute("SET session_replication_role = replica")
        for table in await workspace_tables(superuser):
            await superuser.execute(f"DELETE FROM {table} WHERE workspace_id = $1", other_tenant.id)
        alone = await answers(app, tenant, token, ids, named=other_tenant.id)
    assert beside != alone
