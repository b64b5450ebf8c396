"""Submitting: once, for a lease that is mine and alive, whatever is repeated or raced."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from tests.ground import Address, Tenant, pair_line
from tests.hands import LEFT, RIGHT, end, lease, run_out, submit
from tests.oracles import check_log, check_queue

from evenhand.conflicts import lock_wall
from evenhand.judgments import list_judgment_ids, read_judgments
from evenhand.platform.errors import Conflict, Expired, NotFound, Unauthenticated
from evenhand.platform.paging import FIRST
from evenhand.tasks import Want, revoke_leases


async def test_the_same_answer_again_is_the_same_judgment(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    first = await submit(tenant, one, project, given.lease_id)
    again = await submit(tenant, one, project, given.lease_id)
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.id, again.submitted_at) == (first.id, first.submitted_at)
    assert await tenant.value("SELECT count(*) FROM judgments.judgment") == 1
    await check_queue(tenant.db, tenant.id, acknowledged={str(given.lease_id): str(first.id)})


async def test_a_repeat_after_the_lease_ran_out_is_still_acknowledged(
    tenant: Tenant, admin: Address
) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    first = await submit(tenant, one, project, given.lease_id)
    await run_out(admin)
    assert (await submit(tenant, one, project, given.lease_id)).id == first.id


async def test_parallel_repeats_make_one_judgment(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    done = await asyncio.gather(
        *(submit(tenant, one, project, given.lease_id, key="k") for _ in range(32))
    )
    assert len({one.id for one in done}) == 1
    assert sum(not one.replayed for one in done) == 1
    await check_queue(tenant.db, tenant.id)


async def test_another_answer_to_a_used_lease_is_refused(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    await submit(tenant, one, project, given.lease_id, LEFT)
    with pytest.raises(Conflict) as refused:
        await submit(tenant, one, project, given.lease_id, RIGHT)
    assert refused.value.stable_code == "lease_used"
    (sealed,) = await tenant.rows("SELECT answer FROM judgments.judgment")
    assert LEFT not in sealed["answer"]


async def test_an_expired_lease_is_refused_and_nothing_is_kept(
    tenant: Tenant, admin: Address
) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    await run_out(admin)
    with pytest.raises(Expired) as refused:
        await submit(tenant, one, project, given.lease_id)
    assert refused.value.stable_code == "lease_expired"
    assert await tenant.value("SELECT count(*) FROM judgments.judgment") == 0


async def test_only_the_holder_submits(tenant: Tenant, other_tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one, two = await tenant.person(), await tenant.person()
    stranger = await other_tenant.person()
    (given,) = await lease(tenant, one, project)
    with pytest.raises(NotFound) as refused:
        await submit(tenant, two, project, given.lease_id)
    assert refused.value.stable_code == "lease_not_yours"
    # The other tenant's own key opens the other workspace, where there is no such lease.
    foreign = await other_tenant.project()
    with pytest.raises(NotFound):
        await submit(other_tenant, stranger, foreign, given.lease_id)
    # A foreign credential under this workspace's token finds nobody.
    with pytest.raises(Unauthenticated):
        await submit(tenant, stranger, project, given.lease_id)
    await submit(tenant, one, project, given.lease_id)
    await check_queue(tenant.db, tenant.id)


async def test_a_lease_of_another_project_is_refused_and_stays_alive(tenant: Tenant) -> None:
    project, other = await tenant.project(), await tenant.project(name="other")
    await tenant.load(project, 1)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    with pytest.raises(NotFound):
        await submit(tenant, one, other, given.lease_id)
    assert not (await submit(tenant, one, project, given.lease_id)).replayed


async def test_an_unknown_lease_is_refused(tenant: Tenant) -> None:
    project = await tenant.project()
    one = await tenant.person()
    with pytest.raises(NotFound):
        await submit(tenant, one, project, uuid4())


async def test_a_reused_idempotency_key_is_refused(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 2)
    one, two = await tenant.person(), await tenant.person()
    first, second = await lease(tenant, one, project, hold=2)
    await submit(tenant, one, project, first.lease_id, key="k")
    with pytest.raises(Conflict) as refused:
        await submit(tenant, one, project, second.lease_id, key="k")
    assert refused.value.stable_code == "idempotency_key_reused"
    # What was refused left no trace: the lease is still alive.
    await submit(tenant, one, project, second.lease_id, key="k2")
    # Another person's key of the same name is another key.
    await tenant.load(project, [pair_line(7)])
    (given,) = await lease(tenant, two, project)
    await submit(tenant, two, project, given.lease_id, key="k")
    await check_queue(tenant.db, tenant.id)


async def test_a_submit_carries_the_next_leases(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 4)
    one = await tenant.person()
    first, second = await lease(tenant, one, project, hold=2)
    done = await submit(tenant, one, project, first.lease_id, want=Want(2, (second.lease_id,)))
    assert len(done.grants) == 1
    assert done.grants[0].item_id not in {first.item_id, second.item_id}
    # Repeated, it gives the same judgment and again the lease that the caller may have lost.
    again = await submit(tenant, one, project, first.lease_id, want=Want(2, (second.lease_id,)))
    assert (again.id, again.replayed) == (done.id, True)
    assert [grant.lease_id for grant in again.grants] == [done.grants[0].lease_id]
    await check_queue(tenant.db, tenant.id)


async def test_an_ended_lease_is_refused(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    await end(tenant, one, given.lease_id, "released")
    with pytest.raises(Conflict) as refused:
        await submit(tenant, one, project, given.lease_id)
    assert refused.value.stable_code == "lease_ended"


async def test_a_submit_that_meets_a_change_of_the_wall_waits_and_is_refused(
    tenant: Tenant,
) -> None:
    """Wall before lease: taken the other way round the two would wait for each other."""
    project = await tenant.project()
    await tenant.load(project, 2)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    async with tenant.db.transaction(tenant.id) as tx:
        await lock_wall(tx, tenant.id)
        answering = asyncio.create_task(submit(tenant, one, project, given.lease_id, want=Want(1)))
        await asyncio.sleep(0.2)
        assert await revoke_leases(tx, tenant.id, [one.member]) == 1
    with pytest.raises(Conflict) as refused:
        await answering
    assert refused.value.stable_code == "lease_ended"
    await check_queue(tenant.db, tenant.id)


async def test_judgments_read_back_without_simulated_ones(tenant: Tenant) -> None:
    project = await tenant.project(judgments_per_item=2)
    await tenant.load(project, 1)
    one, robot = await tenant.person(), await tenant.person(simulated=True)
    for who in (one, robot):
        (given,) = await lease(tenant, who, project)
        await submit(tenant, who, project, given.lease_id)
    async with tenant.db.transaction(tenant.id) as tx:
        ids = await list_judgment_ids(
            tx, tenant.id, project.id, purpose="label", after=FIRST, limit=10
        )
        (read,) = await read_judgments(tx, tenant.id, ids)
        assert not await list_judgment_ids(
            tx, tenant.id, project.id, purpose="label", after=ids[-1], limit=10
        )
    assert (read.annotator_id, read.simulated, read.active_ms) == (one.member, False, 1200)
    assert await tenant.value("SELECT count(*) FROM judgments.judgment WHERE simulated") == 1


async def test_the_log_knows_every_look(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 3)
    one = await tenant.person()
    for given in await lease(tenant, one, project, hold=3):
        await submit(tenant, one, project, given.lease_id)
    await check_log(
        tenant.db,
        tenant.id,
        tenant.service.settings.logs_dir / str(tenant.id),
        holder=tenant.service.holder,
    )
