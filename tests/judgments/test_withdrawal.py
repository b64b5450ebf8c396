"""Taking an answer back: once, by its annotator, in time, before a result used it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from tests.ground import Address, Person, Tenant, pair_line, run_as
from tests.hands import LEFT, RIGHT, end, lease, refusing, run_out, submit
from tests.oracles import check_log, check_queue

from evenhand.conflicts import WallDenied, declare_rival
from evenhand.identity import POLICY_HASH
from evenhand.judgments import list_judgment_ids, settle_judgments
from evenhand.judgments.withdrawal import (
    RECENT,
    Withdrawn,
    count_own,
    list_latest,
    withdraw_judgment,
)
from evenhand.parties import declare_tie
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import Conflict, NotFound
from evenhand.platform.paging import FIRST
from evenhand.projects import Project, presentation_order


async def undo(tenant: Tenant, who: Person, judgment: UUID) -> Withdrawn:
    with refusing():
        _, done = await withdraw_judgment(
            tenant.db,
            tenant.admission(who, "judgments.submit"),
            await tenant.actor(who),
            judgment,
            policy=POLICY_HASH,
        )
    return done


async def answered(tenant: Tenant, **more: Any) -> tuple[Project, Person, UUID, UUID]:
    """A project with one answered item: annotator, lease and judgment."""
    project = await tenant.project(**more)
    await tenant.load(project, 1)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    done = await submit(tenant, one, project, given.lease_id)
    return project, one, given.lease_id, done.id


async def stand(tenant: Tenant, project: Project) -> list[UUID]:
    async with tenant.db.transaction(tenant.id) as tx:
        return await list_judgment_ids(
            tx, tenant.id, project.id, purpose="label", after=FIRST, limit=50
        )


async def settle(tenant: Tenant, project: Project, ids: list[UUID]) -> list[UUID]:
    async with tenant.db.transaction(tenant.id) as tx:
        return await settle_judgments(tx, tenant.id, project.id, ids)


async def test_an_answer_is_taken_back_and_given_anew(tenant: Tenant) -> None:
    project, one, first_lease, first = await answered(tenant, settings={"order": "random"})
    done = await undo(tenant, one, first)
    fresh = done.grant.lease_id
    assert fresh != first_lease
    assert presentation_order(project.settings, fresh) == presentation_order(
        project.settings, first_lease
    )
    assert await stand(tenant, project) == []
    await check_queue(tenant.db, tenant.id, acknowledged={str(first_lease): str(first)})
    (look, answer) = await tenant.service.release.open(
        [
            type(done.answer)(
                tenant.id,
                project.id,
                done.grant.item_id,
                "payload",
                done.grant.intent_id,
                done.grant.payload,
            ),
            done.answer,
        ]
    )
    assert b"Which is better" in look.plaintext
    assert (answer.plaintext, done.active_ms) == (LEFT, 1200)
    again = await submit(tenant, one, project, fresh, RIGHT)
    assert await stand(tenant, project) == [again.id]
    assert await tenant.value("SELECT count(*) FROM judgments.judgment") == 2
    await check_queue(tenant.db, tenant.id)
    folder = tenant.service.settings.logs_dir / str(tenant.id)
    await check_log(tenant.db, tenant.id, folder, holder=tenant.service.holder)


async def test_a_repeat_gives_the_same_lease_until_the_task_moves_on(tenant: Tenant) -> None:
    project, one, _, first = await answered(tenant)
    done = await asyncio.gather(*(undo(tenant, one, first) for _ in range(8)))
    assert len({each.grant.lease_id for each in done}) == 1
    assert len({each.grant.intent_id for each in done}) == 8
    assert await tenant.value("SELECT count(*) FROM judgments.withdrawal") == 1
    await end(tenant, one, done[0].grant.lease_id, "released")
    with pytest.raises(Conflict) as refused:
        await undo(tenant, one, first)
    assert refused.value.stable_code == "judgment_withdrawn"
    # Given back, the task is anybody's again.
    two = await tenant.person()
    assert len(await lease(tenant, two, project)) == 1
    await check_queue(tenant.db, tenant.id)


async def test_the_old_lease_is_no_way_back(tenant: Tenant) -> None:
    project, one, old, first = await answered(tenant)
    await undo(tenant, one, first)
    with pytest.raises(Conflict) as refused:
        await submit(tenant, one, project, old)
    assert refused.value.stable_code == "lease_ended"


async def test_only_ones_own(tenant: Tenant, other_tenant: Tenant) -> None:
    _, _, _, first = await answered(tenant)
    for house, who in (
        (tenant, await tenant.person()),
        (other_tenant, await other_tenant.person()),
    ):
        with pytest.raises(NotFound):
            await undo(house, who, first)
    assert await tenant.value("SELECT count(*) FROM judgments.withdrawal") == 0


async def test_not_after_the_window_nor_after_the_batch_is_closed(
    tenant: Tenant, admin: Address
) -> None:
    _, one, _, first = await answered(tenant)
    move = "UPDATE judgments.judgment SET submitted_at = submitted_at - interval '{} s'"
    await run_as(admin, "UPDATE items.batch SET state = 'closed'", move.format(20))
    await run_as(admin, "UPDATE tasks.lease SET granted_at = granted_at - interval '20 min'")
    await run_as(admin, move.format(20))
    with pytest.raises(Conflict) as refused:
        await undo(tenant, one, first)
    assert refused.value.stable_code == "undo_too_late"
    await run_as(admin, "UPDATE items.batch SET state = 'open'", move.format(570))
    with pytest.raises(Conflict) as refused:
        await undo(tenant, one, first)
    assert refused.value.stable_code == "undo_too_late"
    await run_as(admin, move.format(-60))
    await undo(tenant, one, first)


async def test_only_the_last_twenty(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, RECENT + 1)
    one = await tenant.person()
    made: list[UUID] = []
    for _ in range(RECENT + 1):
        (given,) = await lease(tenant, one, project)
        made.append((await submit(tenant, one, project, given.lease_id)).id)
    with pytest.raises(Conflict) as refused:
        await undo(tenant, one, made[0])
    assert refused.value.stable_code == "undo_too_late"
    actor = await tenant.actor(one)
    async with tenant.db.transaction(tenant.id) as tx:
        latest = await list_latest(tx, actor, project.id)
    assert [each.id for each in latest] == made[:0:-1]
    # What was taken back counts no more: there is room for one more step.
    await undo(tenant, one, made[-1])
    await undo(tenant, one, made[0])
    await check_queue(tenant.db, tenant.id)


async def test_gold_stands(tenant: Tenant) -> None:
    project = await tenant.project()
    answer = {"choice": "left", "order": "given"}
    gold = {"answer": answer, "reason": "Known."}
    await tenant.load(project, [pair_line(1, gold=gold)], purpose="gold")
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    done = await submit(tenant, one, project, given.lease_id)
    with pytest.raises(Conflict) as refused:
        await undo(tenant, one, done.id)
    assert refused.value.stable_code == "undo_gold"


async def test_a_used_judgment_stands_and_a_withdrawn_one_is_not_used(tenant: Tenant) -> None:
    project, one, _, first = await answered(tenant)
    listed = await stand(tenant, project)
    assert (await undo(tenant, one, first)).grant.lease_id
    # Listed before, withdrawn meanwhile: settling leaves it out.
    assert await settle(tenant, project, listed) == []
    other, two, _, second = await answered(tenant)
    assert await settle(tenant, other, [second]) == [second]
    with pytest.raises(Conflict) as refused:
        await undo(tenant, two, second)
    assert refused.value.stable_code == "undo_used"


async def test_settling_and_withdrawing_take_turns(tenant: Tenant) -> None:
    project, one, _, first = await answered(tenant)
    async with tenant.db.transaction(tenant.id) as tx:
        assert await settle_judgments(tx, tenant.id, project.id, [first]) == [first]
        taking = asyncio.create_task(undo(tenant, one, first))
        await asyncio.sleep(0.2)
        assert not taking.done()
    with pytest.raises(Conflict) as refused:
        await taking
    assert refused.value.stable_code == "undo_used"


async def test_a_wall_that_went_up_stands_before_the_look(tenant: Tenant, admin: Address) -> None:
    vendor = await tenant.party("Vendor", domain="vendor.example")
    rival = await tenant.party("Rival", role="rival", domain="rival.example")
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person(vendor=vendor)
    (given,) = await lease(tenant, one, project)
    first = (await submit(tenant, one, project, given.lease_id)).id
    async with tenant.db.transaction(tenant.id) as tx:
        await declare_rival(tx, tenant.id, actor=tenant.owner.member, rival=rival)
        await declare_tie(
            tx,
            tenant.id,
            source=rival,
            target=vendor,
            kind="economic",
            share=None,
            said_by="a register",
        )
    await run_as(admin, "UPDATE conflicts.verdict SET good_until = now()")
    with pytest.raises(WallDenied):
        await undo(tenant, one, first)
    assert await stand(tenant, project) == [first]


async def test_an_expired_second_try_returns_the_task(tenant: Tenant, admin: Address) -> None:
    project, one, _, first = await answered(tenant)
    await undo(tenant, one, first)
    await run_out(admin)
    with pytest.raises(Conflict) as refused:
        await undo(tenant, one, first)
    assert refused.value.stable_code == "judgment_withdrawn"
    assert await stand(tenant, project) == []


async def test_own_numbers_leave_out_what_was_taken_back(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 4)
    one = await tenant.person()
    begin = utc_now()
    given = await lease(tenant, one, project, hold=4)
    made = [(await submit(tenant, one, project, each.lease_id)).id for each in given[:2]]
    await end(tenant, one, given[2].lease_id, "skipped")
    await end(tenant, one, given[3].lease_id, "flagged")
    await undo(tenant, one, made[1])
    actor = await tenant.actor(one)
    async with tenant.db.transaction(tenant.id) as tx:
        counts = await count_own(tx, actor, project.id, since=begin)
        later = await count_own(tx, actor, project.id, since=utc_now())
    assert (counts.judgment_count, counts.skipped_count, counts.flagged_count) == (1, 1, 1)
    assert (counts.active_ms, counts.median_active_ms) == (1200, 1200)
    assert (later.judgment_count, later.median_active_ms) == (0, None)
