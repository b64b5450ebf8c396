"""The wall under races: what is committed first holds, and nothing is granted beside it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest
from tests.ground import Person, Tenant
from tests.hands import end, lease, submit
from tests.oracles import check_log, check_queue

from evenhand.conflicts import WallDenied, declare_rival, evaluate
from evenhand.conflicts.actions import change_wall, lock_wall, newly_denied
from evenhand.identity import POLICY_HASH, log_key_context
from evenhand.parties import declare_tie
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import Conflict
from evenhand.platform.ids import new_id
from evenhand.projects import Project
from evenhand.receipts import open_details, parse_leaf
from evenhand.tasks import Want


async def tie_up(tenant: Tenant, *, rival: UUID, vendor: UUID, share: str = "0.49") -> int:
    """Declares what the rival holds of the vendor, as the route does; gives leases taken back."""
    async with tenant.db.transaction(tenant.id) as tx:
        await lock_wall(tx, tenant.id)
        made = await declare_tie(
            tx, tenant.id, source=rival, target=vendor, kind="economic",
            share=(Decimal(share), Decimal(share)), said_by="test",
        )  # fmt: skip
        await change_wall(
            tx, tenant.id, actor=tenant.owner.member, target=made, what="tie_economic"
        )
        denied = await newly_denied(tx, tenant.id, now=utc_now())
        return await tenant.service.members_out(tx, tenant.id, denied)


async def rivalled(tenant: Tenant) -> tuple[UUID, UUID]:
    """A vendor, and a rival of the customer."""
    vendor = await tenant.party("Labels Ltd")
    rival = await tenant.party("Metal", role="rival")
    async with tenant.db.transaction(tenant.id) as tx:
        await declare_rival(tx, tenant.id, actor=tenant.owner.member, rival=rival)
    return vendor, rival


async def kinds_of(tenant: Tenant) -> list[tuple[str, dict[str, object]]]:
    """Kind and details of every leaf, in order, once nothing waits any more."""
    async with asyncio.timeout(10):
        while await tenant.value("SELECT EXISTS (SELECT FROM transparency.intent)"):
            await asyncio.sleep(0.02)
    wrapped = await tenant.value("SELECT wrapped_details FROM transparency.log")
    key = tenant.service.holder.unwrap(
        tenant.id, log_key_context(tenant.id, "log_details"), wrapped
    )
    rows = await tenant.rows("SELECT leaf FROM transparency.entry ORDER BY index")
    leaves = [parse_leaf(row["leaf"]) for row in rows]
    return [(leaf.kind, open_details(leaf, key)) for leaf in leaves]


async def test_a_tie_voids_verdicts_and_takes_leases_back_at_once(tenant: Tenant) -> None:
    vendor, rival = await rivalled(tenant)
    project = await tenant.project()
    await tenant.load(project, 4)
    theirs, other = await tenant.person(vendor=vendor), await tenant.person()
    (mine,) = await lease(tenant, theirs, project)
    (kept,) = await lease(tenant, other, project)
    epoch = await tenant.value("SELECT value FROM conflicts.epoch")
    assert await tie_up(tenant, rival=rival, vendor=vendor) == 1
    assert await tenant.value("SELECT value FROM conflicts.epoch") == epoch + 1
    states = {row["id"]: row["state"] for row in await tenant.rows("SELECT * FROM tasks.lease")}
    assert states == {mine.lease_id: "revoked", kept.lease_id: "active"}
    with pytest.raises(Conflict):
        await submit(tenant, theirs, project, mine.lease_id)
    for _ in range(2):
        with pytest.raises(WallDenied) as refused:
            await lease(tenant, theirs, project)
        assert "Labels Ltd, 49 % economic held by Metal" in refused.value.detail
        assert "Metal is a rival of this customer" in refused.value.detail
    # Who has no tie goes on.
    await submit(tenant, other, project, kept.lease_id, want=Want(1))
    leaves = await kinds_of(tenant)
    denials = [details for kind, details in leaves if kind == "access.denied/1"]
    assert {details["actor"] for details in denials} == {str(theirs.member)}
    assert {details["object"] for details in denials} == {str(project.id)}
    assert len(denials) == 2
    changes = [details["purpose"] for kind, details in leaves if kind == "wall.changed/1"]
    assert changes == ["rivalry", "tie_economic"]
    await check_queue(tenant.db, tenant.id)


async def test_a_tie_below_the_threshold_takes_nothing_back(tenant: Tenant) -> None:
    vendor, rival = await rivalled(tenant)
    project = await tenant.project()
    await tenant.load(project, 2)
    one = await tenant.person(vendor=vendor)
    (mine,) = await lease(tenant, one, project)
    assert await tie_up(tenant, rival=rival, vendor=vendor, share="0.049") == 0
    # The verdict is void all the same; the next one is computed on the way.
    done = await submit(tenant, one, project, mine.lease_id, want=Want(1))
    assert len(done.grants) == 1


async def test_no_lease_is_granted_after_a_tie_is_committed(tenant: Tenant) -> None:
    vendor, rival = await rivalled(tenant)
    project = await tenant.project(judgments_per_item=16)
    await tenant.load(project, 30)
    people = [await tenant.person(vendor=vendor) for _ in range(16)]
    denied: list[UUID] = []
    refused: set[str] = set()
    started = asyncio.Event()

    async def work(one: Person) -> None:
        while True:
            try:
                for number, grant in enumerate(await lease(tenant, one, project, hold=2)):
                    if number:
                        await end(tenant, one, grant.lease_id, "released")
                    else:
                        await submit(tenant, one, project, grant.lease_id, want=Want(1))
                    started.set()
            except WallDenied:
                denied.append(one.member)
                return
            except Conflict as error:
                refused.add(error.stable_code)

    workers = [asyncio.create_task(work(one)) for one in people]
    await started.wait()
    await asyncio.sleep(0.1)
    await tie_up(tenant, rival=rival, vendor=vendor)
    committed = await tenant.db.fetchval("SELECT clock_timestamp()")
    active = "SELECT count(*) FROM tasks.lease WHERE state = 'active'"
    assert await tenant.value(active) == 0
    async with asyncio.timeout(20):
        await asyncio.gather(*workers)
    assert sorted(denied) == sorted(one.member for one in people)
    assert refused <= {"lease_ended"}  # Taken back between lease and answer.
    assert await tenant.value(active) == 0
    assert (
        await tenant.value("SELECT count(*) FROM tasks.lease WHERE granted_at > $1", committed) == 0
    )
    assert (
        await tenant.value(
            "SELECT count(*) FROM judgments.judgment WHERE submitted_at > $1", committed
        )
        == 0
    )
    # There was work both before and after: the race was one.
    assert await tenant.value("SELECT count(*) FROM judgments.judgment") > 0
    assert await tenant.value("SELECT count(*) FROM tasks.task WHERE state = 'open'") > 0
    await check_queue(tenant.db, tenant.id)
    folder = tenant.service.settings.logs_dir / str(tenant.id)
    await check_log(tenant.db, tenant.id, folder, holder=tenant.service.holder)


async def both_sides(
    tenant: Tenant, other_tenant: Tenant, email: str
) -> list[tuple[Tenant, Person, Project]]:
    """One person, member of two workspaces with work, each with an allowing verdict."""
    sides = []
    for one in (tenant, other_tenant):
        person = await one.person(email=email)
        project = await one.project()
        await one.load(project, 2)
        assert (await evaluate(one.db, one.id, person.member, now=utc_now())).allowed
        sides.append((one, person, project))
    return sides


async def make_rivals(tenant: Tenant, other: Tenant) -> None:
    """Only one of the two declares it: rivalry is symmetric."""
    party = await tenant.party("Bolt as we know it", role="rival", domain="bolt.example")
    async with tenant.db.transaction(tenant.id) as tx:
        await declare_rival(tx, tenant.id, actor=tenant.owner.member, rival=party)


async def test_of_two_rivals_at_most_one_gets_a_persons_first_look(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    await make_rivals(tenant, other_tenant)
    wins = set()
    for number in range(6):
        sides = await both_sides(tenant, other_tenant, f"both{number}@people.example")
        order = sides if number % 2 else sides[::-1]
        results = await asyncio.gather(
            *(lease(one, person, project) for one, person, project in order),
            return_exceptions=True,
        )
        granted = [result for result in results if isinstance(result, list) and result]
        refused = [result for result in results if isinstance(result, WallDenied)]
        assert (len(granted), len(refused)) == (1, 1), results
        assert "saw data of a rival of this customer 0 days ago" in refused[0].detail
        wins.add(order[results.index(granted[0])][0].name)
        # It stays so.
        loser = order[results.index(refused[0])]
        with pytest.raises(WallDenied):
            await lease(*loser)
    assert wins <= {"Acme", "Bolt"}


@pytest.mark.parametrize("commits", [True, False])
async def test_the_second_look_waits_for_the_first_to_be_decided(
    tenant: Tenant, other_tenant: Tenant, commits: bool
) -> None:
    await make_rivals(tenant, other_tenant)
    first, second = await both_sides(tenant, other_tenant, "one@people.example")
    admission = tenant.admission(first[1])
    async with tenant.db.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        row = await connection.fetchrow(
            "SELECT wall, lease_id FROM tasks.lease_next($1, $2, $3, $4, 1, '{}', $5, NULL, 0, $6)",
            admission.token, admission.hash, admission.allowed, first[2].id, [new_id()],
            POLICY_HASH,
        )  # fmt: skip
        assert row["wall"] == "allowed"
        waiting = asyncio.create_task(lease(*second))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await (transaction.commit() if commits else transaction.rollback())
    if commits:
        with pytest.raises(WallDenied):
            await waiting
    else:
        assert len(await waiting) == 1


async def test_a_verdict_of_before_a_change_is_not_stored(tenant: Tenant) -> None:
    vendor, rival = await rivalled(tenant)
    one = await tenant.person(vendor=vendor)
    await evaluate(tenant.db, tenant.id, one.member, now=utc_now())
    async with tenant.db.transaction(tenant.id) as tx:
        await lock_wall(tx, tenant.id)
        late = asyncio.create_task(evaluate(tenant.db, tenant.id, one.member, now=utc_now()))
        await asyncio.sleep(0.1)
        assert not late.done()
        await declare_tie(
            tx, tenant.id, source=rival, target=vendor, kind="veto", share=None, said_by="test"
        )
        await change_wall(tx, tenant.id, actor=tenant.owner.member, target=vendor, what="tie_veto")
    assert not (await late).allowed
    row = (
        await tenant.rows(
            "SELECT v.allowed, v.epoch = e.value AS now FROM"
            " conflicts.verdict AS v, conflicts.epoch AS e"
        )
    )[0]
    assert (row["allowed"], row["now"]) == (False, True)
