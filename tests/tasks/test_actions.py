"""The queue against PostgreSQL: who gets what, once, and what ends a lease."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from tests.ground import Address, Tenant, pair_line
from tests.hands import end, lease, run_out, submit
from tests.oracles import check_queue

from evenhand.identity import POLICY_HASH
from evenhand.platform.errors import Conflict, Expired, Forbidden, NotFound
from evenhand.platform.ids import new_id
from evenhand.tasks import PlaceHints, Want, count_tasks, expire_leases
from evenhand.tasks import hints as hints_module
from evenhand.tasks.actions import Outcome, revoke_leases, slot_position


async def test_parallel_annotators_get_each_task_once(tenant: Tenant) -> None:
    project = await tenant.project(judgments_per_item=2)
    await tenant.load(project, 8)
    people = [await tenant.person() for _ in range(32)]
    grants = await asyncio.gather(*(lease(tenant, one, project) for one in people))
    given = [grant for some in grants for grant in some]
    # 8 items times 2 judgments are 16 tasks for 32 people.
    assert len(given) == 16
    assert len({grant.task_id for grant in given}) == 16
    await check_queue(tenant.db, tenant.id)


async def test_nobody_gets_an_item_twice(tenant: Tenant) -> None:
    project = await tenant.project(judgments_per_item=3)
    await tenant.load(project, 2)
    one = await tenant.person()
    seen = []
    for _ in range(3):
        for grant in await lease(tenant, one, project):
            seen.append(grant.item_id)
            await submit(tenant, one, project, grant.lease_id)
    assert len(seen) == len(set(seen)) == 2
    await check_queue(tenant.db, tenant.id)


async def test_one_person_in_two_windows_holds_what_one_window_asked_for(tenant: Tenant) -> None:
    project = await tenant.project(judgments_per_item=5)
    await tenant.load(project, 1)
    one = await tenant.person()
    # The first look of a day is serialized by the wall; what is asked here comes after it.
    (first,) = await lease(tenant, one, project)
    await end(tenant, one, first.lease_id, "released")
    async with tenant.db.pool.acquire() as window, window.transaction():
        admission = tenant.admission(one)
        mine = await window.fetchrow(
            "SELECT lease_id FROM tasks.lease_next($1, $2, $3, $4, 1, '{}', $5, NULL, 0, $6)",
            admission.token,
            admission.hash,
            admission.allowed,
            project.id,
            [new_id()],
            POLICY_HASH,
        )
        other = asyncio.create_task(lease(tenant, one, project))
        # Long enough for the second request to reach what it has to wait for.
        await asyncio.sleep(0.2)
        assert not other.done()
    (again,) = await other
    assert again.lease_id == mine["lease_id"]
    await check_queue(tenant.db, tenant.id)


async def test_a_repeated_request_gives_the_same_lease_with_a_new_intent(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 3)
    one = await tenant.person()
    (first,) = await lease(tenant, one, project)
    (again,) = await lease(tenant, one, project)
    assert (again.lease_id, again.payload) == (first.lease_id, first.payload)
    assert again.intent_id > first.intent_id
    assert await lease(tenant, one, project, have=[first.lease_id]) == []


async def test_hold_and_have(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 6)
    one = await tenant.person()
    first = await lease(tenant, one, project, hold=3)
    assert len({grant.lease_id for grant in first}) == 3
    have = [grant.lease_id for grant in first]
    more = await lease(tenant, one, project, hold=5, have=have)
    assert len(more) == 2
    assert not {grant.lease_id for grant in more} & set(have)
    # Less than what is held grants nothing new but still gives what the caller lacks.
    lacking = await lease(tenant, one, project, hold=1, have=have)
    assert {grant.lease_id for grant in lacking} == {grant.lease_id for grant in more}
    # A foreign id in `have` is no reason to give less.
    assert len(await lease(tenant, one, project, hold=6, have=[uuid4()])) == 6


async def test_first_judgments_come_before_second_ones(tenant: Tenant) -> None:
    project = await tenant.project(judgments_per_item=2)
    await tenant.load(project, 3)
    one, two = await tenant.person(), await tenant.person()
    first = await lease(tenant, one, project, hold=3)
    second = await lease(tenant, two, project, hold=3)
    assert [grant.item_id for grant in first] == [grant.item_id for grant in second]
    assert not {grant.task_id for grant in first} & {grant.task_id for grant in second}
    assert slot_position(1, 0) > slot_position(0, 2**39)


async def test_no_lease_in_a_batch_that_is_still_staging(tenant: Tenant, admin: Address) -> None:
    project = await tenant.project()
    batch = await tenant.load(project, 2)
    one = await tenant.person()
    async with tenant.db.transaction(tenant.id) as tx:
        await tx.execute("UPDATE items.batch SET state = 'staging' WHERE id = $1", batch)
    assert await lease(tenant, one, project) == []


async def test_assigned_tasks_go_to_their_assignee_and_come_first(tenant: Tenant) -> None:
    project = await tenant.project()
    one, two = await tenant.person(), await tenant.person()
    await tenant.load(project, [pair_line(1)])
    await tenant.load(project, [pair_line(2, assignees=[str(two.member)])])
    (mine,) = await lease(tenant, two, project)
    assignee = await tenant.value("SELECT assignee_id FROM tasks.task WHERE id = $1", mine.task_id)
    assert assignee == two.member
    given = await lease(tenant, one, project, hold=5)
    assert [grant.item_id for grant in given] != [mine.item_id]
    assert len(given) == 1
    await check_queue(tenant.db, tenant.id)


async def test_an_expired_lease_returns_its_task(tenant: Tenant, admin: Address) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one, two = await tenant.person(), await tenant.person()
    (old,) = await lease(tenant, one, project)
    assert await lease(tenant, two, project) == []
    await run_out(admin)
    with pytest.raises(Expired) as refused:
        await submit(tenant, one, project, old.lease_id)
    assert refused.value.stable_code == "lease_expired"
    await expire_leases(tenant.db)
    (new,) = await lease(tenant, two, project)
    assert (new.task_id, new.lease_id != old.lease_id) == (old.task_id, True)
    # The fencing token: the first holder's late answer is refused, the new holder's stands.
    with pytest.raises(Expired):
        await submit(tenant, one, project, old.lease_id)
    await submit(tenant, two, project, new.lease_id)
    await check_queue(tenant.db, tenant.id)


async def test_after_expiry_the_same_person_may_have_it_again(
    tenant: Tenant, admin: Address
) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    (old,) = await lease(tenant, one, project)
    await run_out(admin)
    await expire_leases(tenant.db)
    (new,) = await lease(tenant, one, project)
    assert new.task_id == old.task_id
    await check_queue(tenant.db, tenant.id)


@pytest.mark.parametrize(
    ("outcome", "assigned", "task_state"),
    [
        ("skipped", False, "open"),
        ("skipped", True, "skipped"),
        ("flagged", False, "flagged"),
        ("flagged", True, "flagged"),
        ("released", False, "open"),
        ("released", True, "open"),
    ],
)
async def test_what_an_outcome_does_to_the_task(
    tenant: Tenant, outcome: Outcome, assigned: bool, task_state: str
) -> None:
    project = await tenant.project()
    one, two = await tenant.person(), await tenant.person()
    more = {"assignees": [str(one.member)]} if assigned else {}
    await tenant.load(project, [pair_line(1, **more)])
    (given,) = await lease(tenant, one, project)
    await end(tenant, one, given.lease_id, outcome)
    await end(tenant, one, given.lease_id, outcome)  # A repeated request changes nothing.
    state = await tenant.value("SELECT state FROM tasks.task WHERE id = $1", given.task_id)
    assert state == task_state
    await check_queue(tenant.db, tenant.id)
    again = await lease(tenant, one, project)
    assert bool(again) == (outcome == "released")
    if not again:
        assert bool(await lease(tenant, two, project)) == (task_state == "open")


@pytest.mark.parametrize("first", ["skipped", "flagged", "released"])
@pytest.mark.parametrize("second", ["skipped", "flagged", "released"])
async def test_an_ended_lease_takes_no_other_outcome(
    tenant: Tenant, first: Outcome, second: Outcome
) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    await end(tenant, one, given.lease_id, first)
    if first == second:
        await end(tenant, one, given.lease_id, second)
    else:
        with pytest.raises(Conflict) as refused:
            await end(tenant, one, given.lease_id, second)
        assert refused.value.stable_code == "lease_ended"
    with pytest.raises(Conflict) as refused:
        await submit(tenant, one, project, given.lease_id)
    assert refused.value.stable_code == "lease_ended"
    await check_queue(tenant.db, tenant.id)


async def test_nobody_ends_another_persons_lease(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one, two = await tenant.person(), await tenant.person()
    (given,) = await lease(tenant, one, project)
    for lease_id in (given.lease_id, uuid4()):
        with pytest.raises(NotFound) as refused:
            await end(tenant, two, lease_id, "released")
        assert refused.value.stable_code == "lease_not_yours"


async def test_revoked_leases_return_and_refuse_their_answers(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 2)
    one, two = await tenant.person(), await tenant.person()
    (mine,) = await lease(tenant, one, project)
    (other,) = await lease(tenant, two, project)
    async with tenant.db.transaction(tenant.id) as tx:
        assert await revoke_leases(tx, tenant.id, [one.member]) == 1
        assert await revoke_leases(tx, tenant.id, [one.member]) == 0
    with pytest.raises(Conflict):
        await submit(tenant, one, project, mine.lease_id)
    await submit(tenant, two, project, other.lease_id)
    await check_queue(tenant.db, tenant.id)


async def test_an_owner_does_not_lease(tenant: Tenant) -> None:
    project = await tenant.project()
    with pytest.raises(Forbidden) as refused:
        await lease(tenant, tenant.owner, project)
    assert refused.value.stable_code == "permission_denied"


async def test_a_foreign_project_is_unknown(tenant: Tenant, other_tenant: Tenant) -> None:
    foreign = await other_tenant.project()
    await other_tenant.load(foreign, 1)
    one = await tenant.person()
    with pytest.raises(NotFound):
        await lease(tenant, one, foreign)


async def test_a_stale_hint_still_finds_what_was_returned(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await tenant.project()
    await tenant.load(project, 4)
    one, two = await tenant.person(), await tenant.person()
    hints = PlaceHints()
    (first,) = await lease(tenant, one, project)
    for _ in range(3):
        (given,) = await lease(tenant, two, project, hints=hints)
        await submit(tenant, two, project, given.lease_id)
    # The hint stands behind the task that comes back; the look from the start finds it.
    assert hints.find(tenant.admission(two).hash, project.id)[1] > 0
    await end(tenant, one, first.lease_id, "released")
    (found,) = await lease(tenant, two, project, hints=hints)
    assert found.task_id == first.task_id


async def test_progress_counts_the_work_and_not_the_gold(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 3)
    gold = {"answer": {"choice": "left", "order": "given"}, "reason": "because"}
    await tenant.load(project, [pair_line(9, gold=gold)], purpose="gold")
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    async with tenant.db.transaction(tenant.id) as tx:
        assert await count_tasks(tx, tenant.id, project.id) == {"leased": 1, "open": 2}
    await submit(tenant, one, project, given.lease_id)
    async with tenant.db.transaction(tenant.id) as tx:
        assert await count_tasks(tx, tenant.id, project.id) == {"done": 1, "open": 2}


async def test_many_rounds_of_many_people_leave_a_sound_queue(tenant: Tenant) -> None:
    project = await tenant.project(judgments_per_item=2)
    await tenant.load(project, 20)
    people = [await tenant.person() for _ in range(6)]
    acknowledged: dict[str, str] = {}

    async def work(number: int) -> None:
        one = people[number]
        held = await lease(tenant, one, project, hold=2)
        while held:
            given = held.pop(0)
            if len(acknowledged) % 7 == 3:
                await end(tenant, one, given.lease_id, "released")
                held += await lease(
                    tenant, one, project, hold=2, have=[other.lease_id for other in held]
                )
                acknowledged[f"none-{uuid4()}"] = ""
                continue
            done = await submit(
                tenant,
                one,
                project,
                given.lease_id,
                want=Want(2, tuple(other.lease_id for other in held)),
            )
            acknowledged[str(given.lease_id)] = str(done.id)
            held += done.grants

    await asyncio.gather(*(work(number) for number in range(6)))
    told = {lease_id: made for lease_id, made in acknowledged.items() if made}
    assert len(told) == 40
    await check_queue(tenant.db, tenant.id, acknowledged=told)


class TestHints:
    def test_a_hint_is_kept_per_caller_and_project(self) -> None:
        hints, project, batch = PlaceHints(), uuid4(), uuid4()
        assert hints.find(b"me", project) == (None, 0)
        hints.keep(b"me", project, batch, 7)
        assert hints.find(b"me", project) == (batch, 7)
        assert hints.find(b"you", project) == (None, 0)
        assert hints.find(b"me", uuid4()) == (None, 0)

    def test_a_hint_is_forgotten_though_it_is_renewed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [100.0]
        monkeypatch.setattr(hints_module.time, "monotonic", lambda: now[0])
        hints, project, batch = PlaceHints(), uuid4(), uuid4()
        hints.keep(b"me", project, batch, 1)
        now[0] += 4
        hints.keep(b"me", project, batch, 2)
        assert hints.find(b"me", project) == (batch, 2)
        now[0] += 2  # 6 s after the first find: the next look is from the start.
        assert hints.find(b"me", project) == (None, 0)
        hints.keep(b"me", project, batch, 3)
        assert hints.find(b"me", project) == (batch, 3)

    def test_the_store_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hints_module, "_KEPT_MAX", 3)
        hints, batch = PlaceHints(), uuid4()
        projects = [uuid4() for _ in range(4)]
        for project in projects:
            hints.keep(b"me", project, batch, 1)
        assert hints.find(b"me", projects[-1]) == (batch, 1)
        assert hints.find(b"me", projects[0]) == (None, 0)
