"""Answers that share a transaction: each caller gets their own, and a refusal is one caller's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import asyncpg
import pytest
from tests.ground import Address, Person, Tenant, run_as
from tests.hands import LEFT, RIGHT, lease, submit
from tests.oracles import check_queue

from evenhand.identity.credentials import issue_credential
from evenhand.judgments import SubmitGroups, Submitted
from evenhand.platform.errors import Conflict, EvenhandError, NotFound
from evenhand.projects import Project
from evenhand.tasks import Grant, Want


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many requests each transaction of `judgments.submit` had."""
    seen: list[int] = []
    send = SubmitGroups._send

    async def counted(self: SubmitGroups, group: Sequence[object]) -> list[list[asyncpg.Record]]:
        seen.append(len(group))
        return await send(self, group)  # type: ignore[arg-type]

    monkeypatch.setattr(SubmitGroups, "_send", counted)
    return seen


async def crowd(tenant: Tenant, project: Project, count: int) -> list[tuple[Person, Grant]]:
    """People with a lease each."""
    people = [await tenant.person() for _ in range(count)]
    return [(one, (await lease(tenant, one, project))[0]) for one in people]


async def test_answers_that_come_together_share_a_transaction(
    tenant: Tenant, sizes: list[int]
) -> None:
    project = await tenant.project()
    await tenant.load(project, 40)
    held = await crowd(tenant, project, 12)
    done = await asyncio.gather(
        *(submit(tenant, who, project, mine.lease_id, want=Want(2)) for who, mine in held)
    )
    # The first may go at once; whoever came meanwhile is one group.
    assert sizes in ([1, 11], [12])
    for (who, mine), one in zip(held, done, strict=True):
        assert (one.annotator_id, one.item_id, one.replayed) == (who.member, mine.item_id, False)
        assert len({grant.task_id for grant in one.grants}) == 2
    granted = [grant for one in done for grant in one.grants]
    assert len({grant.task_id for grant in granted}) == len(granted) == 24
    rows = await tenant.rows(
        "SELECT id, annotator_id, task_id, item_id, intent_id FROM tasks.lease"
        " WHERE state = 'active'"
    )
    holders = {row["id"]: row for row in rows}
    for one in done:
        for grant in one.grants:
            row = holders[grant.lease_id]
            assert (row["annotator_id"], row["task_id"]) == (one.annotator_id, grant.task_id)
            assert (row["item_id"], row["intent_id"]) == (grant.item_id, grant.intent_id)
    await check_queue(tenant.db, tenant.id)


async def test_each_gets_the_payload_of_their_own_lease(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 40)
    held = await crowd(tenant, project, 10)
    done = await asyncio.gather(
        *(submit(tenant, who, project, mine.lease_id, want=Want(3)) for who, mine in held)
    )
    sealed = {
        row["id"]: row["payload"] for row in await tenant.rows("SELECT id, payload FROM items.item")
    }
    for one in done:
        assert [sealed[grant.item_id] for grant in one.grants] == [
            grant.payload for grant in one.grants
        ]


async def test_a_refusal_is_only_its_callers(
    tenant: Tenant, admin: Address, sizes: list[int]
) -> None:
    project = await tenant.project()
    await tenant.load(project, 40)
    held = await crowd(tenant, project, 6)
    used, thief, late = held[1], held[2], held[3]
    await submit(tenant, used[0], project, used[1].lease_id, LEFT)
    await run_as(
        admin,
        "UPDATE tasks.lease SET expires_at = now() - interval '1 s',"
        f" granted_at = now() - interval '2 s' WHERE id = '{late[1].lease_id}'",
    )
    sizes.clear()
    asked = [
        submit(tenant, held[0][0], project, held[0][1].lease_id, want=Want(1)),
        submit(tenant, used[0], project, used[1].lease_id, RIGHT, want=Want(1)),
        submit(tenant, thief[0], project, held[4][1].lease_id, want=Want(1)),
        submit(tenant, late[0], project, late[1].lease_id, want=Want(1)),
        submit(tenant, held[4][0], project, held[4][1].lease_id, want=Want(1)),
        submit(tenant, held[5][0], project, held[5][1].lease_id, want=Want(1)),
    ]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert sizes in ([1, 5, *[1] * 5], [6, *[1] * 6])
    codes = [one.stable_code if isinstance(one, EvenhandError) else None for one in done]
    assert codes == [None, "lease_used", "lease_not_yours", "lease_expired", None, None]
    for one in done:
        if isinstance(one, Submitted):
            assert len(one.grants) == 1
    await check_queue(tenant.db, tenant.id)


async def test_a_repeat_in_a_group_is_the_same_judgment(tenant: Tenant, sizes: list[int]) -> None:
    project = await tenant.project()
    await tenant.load(project, 20)
    held = await crowd(tenant, project, 4)
    first = [await submit(tenant, who, project, mine.lease_id) for who, mine in held[:2]]
    sizes.clear()
    done = await asyncio.gather(
        *(submit(tenant, who, project, mine.lease_id) for who, mine in [held[2], *held])
    )
    assert [one.replayed for one in done] == [False, True, True, True, False]
    assert [one.id for one in done[1:3]] == [one.id for one in first]
    # Somebody's repeat waits for the next group.
    assert sum(sizes) == 5
    assert len(sizes) >= 2
    assert await tenant.value("SELECT count(*) FROM judgments.judgment") == 4


async def test_a_member_with_two_sessions_is_not_in_a_group_twice(
    tenant: Tenant, sizes: list[int]
) -> None:
    project = await tenant.project()
    await tenant.load(project, 20)
    one, other = await tenant.person(), await tenant.person()
    async with tenant.db.transaction(tenant.id) as tx:
        key = await issue_credential(
            tx, tenant.id, one.member, role="annotator", kind="key", mode="live", ttl=None
        )
    again = replace(one, secret=key.secret)
    mine = await lease(tenant, one, project, hold=2)
    (theirs,) = await lease(tenant, other, project)
    done = await asyncio.gather(
        submit(tenant, other, project, theirs.lease_id, want=Want(2)),
        submit(tenant, one, project, mine[0].lease_id, want=Want(2)),
        submit(tenant, again, project, mine[1].lease_id, want=Want(2)),
    )
    assert sizes in ([1, 2, 1, 1], [3, 1, 1, 1])
    assert {len(each.grants) for each in done} <= {1, 2}
    held = await tenant.value(
        "SELECT count(*) FROM tasks.lease WHERE state = 'active' AND annotator_id = $1", one.member
    )
    assert held == 2
    await check_queue(tenant.db, tenant.id)


async def test_other_projects_and_wishes_are_other_groups(tenant: Tenant, sizes: list[int]) -> None:
    project, second = await tenant.project(), await tenant.project(name="second")
    await tenant.load(project, 20)
    await tenant.load(second, 20)
    here, there = await crowd(tenant, project, 4), await crowd(tenant, second, 2)
    done = await asyncio.gather(
        *(submit(tenant, who, project, mine.lease_id, want=Want(1)) for who, mine in here[:2]),
        *(submit(tenant, who, project, mine.lease_id) for who, mine in here[2:]),
        *(submit(tenant, who, second, mine.lease_id, want=Want(1)) for who, mine in there),
    )
    assert sum(sizes) == 6
    assert max(sizes) <= 2
    assert [len(one.grants) for one in done] == [1, 1, 0, 0, 1, 1]


async def test_who_gives_up_waiting_does_not_stop_the_others(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 20)
    held = await crowd(tenant, project, 5)
    asked = [
        asyncio.ensure_future(submit(tenant, who, project, mine.lease_id)) for who, mine in held
    ]
    await asyncio.sleep(0)
    asked[0].cancel()
    asked[2].cancel()
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(one, Submitted) for one in done] == [False, True, False, True, True]
    for who, mine in held:  # What was under way is done or not, never half.
        again = await submit(tenant, who, project, mine.lease_id)
        assert again.item_id == mine.item_id
    await check_queue(tenant.db, tenant.id)


async def test_a_key_used_for_another_answer_is_a_conflict_of_its_own(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 20)
    held = await crowd(tenant, project, 3)
    more = await lease(tenant, held[0][0], project, hold=2, have=[held[0][1].lease_id])
    await submit(tenant, held[0][0], project, held[0][1].lease_id, key="once")
    done = await asyncio.gather(
        submit(tenant, held[1][0], project, held[1][1].lease_id, key="once"),
        submit(tenant, held[0][0], project, more[0].lease_id, key="once"),
        submit(tenant, held[2][0], project, held[2][1].lease_id, key="once"),
        return_exceptions=True,
    )
    assert isinstance(done[1], Conflict)
    assert done[1].stable_code == "idempotency_key_reused"
    assert isinstance(done[0], Submitted)
    assert isinstance(done[2], Submitted)
    with pytest.raises(NotFound):
        await submit(tenant, held[1][0], project, more[0].lease_id)
