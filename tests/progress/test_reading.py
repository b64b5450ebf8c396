"""Progress from the database: against what was done by hand, in so many statements, by index."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.consensus.test_actions import ask, ended
from tests.ground import Address, Tenant, connected, pair_line, run_as
from tests.hands import LEFT, RIGHT, end, lease, submit

from evenhand.identity import POLICY_HASH
from evenhand.judgments.withdrawal import withdraw_judgment
from evenhand.platform.errors import NotFound
from evenhand.platform.ids import new_id
from evenhand.platform.paging import FIRST
from evenhand.platform.queries import load_queries
from evenhand.progress.model import ItemFilter, Snapshot
from evenhand.progress.reading import (
    Counter,
    describe_item,
    list_annotators,
    list_items,
    read_latest_run,
)
from evenhand.projects import Project

QUERIES = load_queries("evenhand.progress")


async def count(tenant: Tenant, counter: Counter) -> Snapshot:
    async with tenant.db.transaction(tenant.id) as tx:
        return await counter.count(tx, datetime.now(UTC))


async def listed(tenant: Tenant, project: Project, **wanted: Any) -> list[str]:
    """All items of a list, two a page."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        async with tenant.db.transaction(tenant.id) as tx:
            run = await read_latest_run(tx, tenant.id, project.id)
            page: dict[str, Any] = await list_items(
                tx,
                tenant.id,
                project.id,
                ItemFilter(**wanted),
                run=None if run is None else run.id,
                cursor=cursor,
                limit=2,
            )
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_counts_follow_what_is_done(tenant: Tenant) -> None:
    project = await tenant.project(judgments_per_item=2)
    await tenant.load(project, 5)
    await tenant.load(project, [pair_line(9, assignees=[str((await tenant.person()).member)])])
    one, two = await tenant.person(), await tenant.person()
    counter = Counter(tenant.id, project.id)
    first = await count(tenant, counter)
    assert first.tasks == {"open": 11, "leased": 0, "done": 0, "skipped": 0, "flagged": 0}
    assert [batch.item_count for batch in first.batches] == [5, 1]
    assert first.hours == ()
    for who in (one, two):
        held = await lease(tenant, who, project, hold=4)
        await submit(tenant, who, project, held[0].lease_id)
        await end(tenant, who, held[1].lease_id, "skipped")
        await end(tenant, who, held[2].lease_id, "flagged")
    then = await count(tenant, counter)
    # A pooled task that is skipped goes back to the queue.
    assert then.tasks == {"open": 5, "leased": 2, "done": 2, "skipped": 0, "flagged": 2}
    assert [(hour.judgment_count, hour.annotator_count) for hour in then.hours] == [(2, 2)]
    assert then == await count(tenant, Counter(tenant.id, project.id))


async def test_lists_by_each_filter(tenant: Tenant) -> None:
    project = await tenant.project(judgments_per_item=1)
    batch = await tenant.load(project, 6)
    who = await tenant.person()
    held = await lease(tenant, who, project, hold=4)
    await submit(tenant, who, project, held[0].lease_id)
    await end(tenant, who, held[1].lease_id, "skipped")
    await end(tenant, who, held[2].lease_id, "flagged")
    every = await listed(tenant, project)
    assert len(every) == 6
    assert every == sorted(every)
    assert await listed(tenant, project, batch=batch) == every
    assert await listed(tenant, project, purpose="label") == every
    assert await listed(tenant, project, purpose="gold") == []
    assert await listed(tenant, project, state="done") == [str(held[0].item_id)]
    assert await listed(tenant, project, annotator=who.member) == [str(held[0].item_id)]
    assert await listed(tenant, project, state="skipped") == [str(held[1].item_id)]
    assert await listed(tenant, project, state="flagged") == [str(held[2].item_id)]
    assert await listed(tenant, project, state="flagged", annotator=tenant.owner.member) == []
    assert await listed(tenant, project, state="leased") == [str(held[3].item_id)]
    assert set(await listed(tenant, project, state="open")) == set(every) - {
        str(held[place].item_id) for place in (0, 2, 3)
    }
    assert await listed(tenant, project, below=0.9) == []
    assert await listed(tenant, project, annotator=who.member, below=0.9) == []
    assert await listed(tenant, project, batch=batch, state="done") == [str(held[0].item_id)]
    assert await listed(tenant, project, batch=batch, state="open") == sorted(
        set(every) - {str(held[place].item_id) for place in (0, 2, 3)}
    )
    assert await listed(tenant, await tenant.project(), batch=batch, state="open") == []


async def test_the_items_of_an_hour_are_those_that_it_counts(
    tenant: Tenant, admin: Address
) -> None:
    """Each item once, in the order of its first judgment there; the same is left out as in the
    count: simulated annotators, what was taken back, and other hours.
    """
    project = await tenant.project(judgments_per_item=4)
    await tenant.load(project, 3)
    people = [await tenant.person(), await tenant.person(), await tenant.person(simulated=True)]
    held = [await lease(tenant, who, project, hold=3) for who in people]
    for turn in (2, 0):
        for who, leases in zip(people[:2], held, strict=False):
            await submit(tenant, who, project, leases[turn].lease_id)
    await submit(tenant, people[2], project, held[2][1].lease_id)
    taken_back = await submit(tenant, people[0], project, held[0][1].lease_id)
    await withdraw_judgment(
        tenant.db,
        tenant.admission(people[0], "judgments.submit"),
        await tenant.actor(people[0]),
        taken_back.id,
        policy=POLICY_HASH,
    )
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    items = [str(held[0][turn].item_id) for turn in (2, 0)]
    assert await listed(tenant, project, since=now - hour, until=now + hour) == items
    assert await listed(tenant, project, since=now + hour, until=now + 2 * hour) == []
    (first, *_) = await tenant.rows("SELECT id FROM judgments.judgment ORDER BY id LIMIT 1")
    long_ago = now - timedelta(days=3)
    await run_as(
        admin,
        f"UPDATE judgments.judgment SET submitted_at = '{long_ago.isoformat()}'"
        f" WHERE id = '{first['id']}'",
    )
    # The other judgment of that item is its first one now.
    assert await listed(tenant, project, since=now - hour, until=now + hour) == items
    # And an id that was made long after its row's time is not looked for.
    assert await listed(tenant, project, since=long_ago, until=long_ago + hour) == []
    assert [
        one.judgment_count for one in (await count(tenant, Counter(tenant.id, project.id))).hours
    ][-1] == 3


async def test_agreement_of_items_and_annotators(tenant: Tenant) -> None:
    """Three annotators, three items; item 0: L L L, item 1: L L R, item 2: R R L."""
    project = await tenant.project(judgments_per_item=3)
    await tenant.load(project, 3)
    answers = [(LEFT, LEFT, RIGHT), (LEFT, LEFT, RIGHT), (LEFT, RIGHT, LEFT)]
    people = [await tenant.person() for _ in answers]
    for who, given in zip(people, answers, strict=True):
        for text in given:
            (held,) = await lease(tenant, who, project)
            await submit(tenant, who, project, held.lease_id, text)
    run = await ask(tenant, project.id)
    assert (await ended(tenant, run)).state == "done"
    every = await listed(tenant, project)
    assert await listed(tenant, project, below=1.0) == every[1:]
    assert await listed(tenant, project, below=0.5) == []
    assert await listed(tenant, project, annotator=people[2].member, below=1.0) == every[1:]
    assert await listed(tenant, project, annotator=tenant.owner.member, below=1.0) == []
    assert await listed(tenant, project, annotator=people[0].member, purpose="gold") == []
    async with tenant.db.transaction(tenant.id) as tx:
        rows = await list_annotators(tx, tenant.id, project.id, run, after=FIRST, limit=10)
        latest = await read_latest_run(tx, tenant.id, project.id)
        item = await describe_item(tx, tenant.id, project.id, UUID(every[1]), run=latest)
    assert {row["id"]: row["agreed_count"] for row in rows} == {
        people[0].member: 3,
        people[1].member: 3,
        people[2].member: 1,
    }
    assert {row["judgment_count"] for row in rows} == {row["compared_count"] for row in rows} == {3}
    assert all(row["median_active_ms"] == 1200 for row in rows)
    assert item["agreed_prob"] == pytest.approx(2 / 3)
    assert item["judgment_count"] == 3


async def test_an_item_of_another_project_is_not_found(tenant: Tenant) -> None:
    project, other = await tenant.project(), await tenant.project()
    await tenant.load(project, 1)
    (item,) = await listed(tenant, project)
    async with tenant.db.transaction(tenant.id) as tx:
        for place, wanted in ((other.id, UUID(item)), (project.id, new_id())):
            with pytest.raises(NotFound):
                await describe_item(tx, tenant.id, place, wanted, run=None)


async def test_statements_do_not_grow_with_the_project(tenant: Tenant) -> None:
    """Three statements a count once the batches are known; two a page of items."""
    project = await tenant.project()
    counter = Counter(tenant.id, project.id)
    for _ in range(3):
        await tenant.load(project, [pair_line(int(new_id()) % 10**9) for _ in range(40)])
    await count(tenant, counter)
    sent: list[str] = []

    class Listening:
        def __init__(self, tx: Any) -> None:
            self._tx = tx

        async def fetch(self, query: str, *args: object) -> Any:
            sent.append(query)
            return await self._tx.fetch(query, *args)

    async with tenant.db.transaction(tenant.id) as tx:
        listening: Any = Listening(tx)
        await counter.count(listening, datetime.now(UTC))
        assert len(sent) == 3
        for wanted in (ItemFilter(), ItemFilter(state="open"), ItemFilter(state="flagged")):
            sent.clear()
            await list_items(
                listening, tenant.id, project.id, wanted, run=None, cursor=None, limit=50
            )
            assert len(sent) == 2


FILL = """
    INSERT INTO items.batch (workspace_id, id, project_id, name, purpose, state)
    VALUES ($1, $2, $3, 'b', 'label', 'open')"""
FILL_TASKS = """
    INSERT INTO tasks.task (workspace_id, id, project_id, batch_id, item_id, position,
                            purpose, state)
    SELECT $1, gen_random_uuid(), $3, $2, gen_random_uuid(), n, 'label',
           CASE WHEN n % 50 = 0 THEN 'open' ELSE 'done' END FROM generate_series(1, 30000) AS n"""


async def test_a_count_reads_no_task_that_is_done(tenant: Tenant, admin: Address) -> None:
    batch, project = new_id(), new_id()
    async with connected(admin) as superuser:
        await superuser.execute("SET session_replication_role = replica")
        await superuser.execute(FILL, tenant.id, batch, project)
        await superuser.execute(FILL_TASKS, tenant.id, batch, project)
        await superuser.execute("ANALYZE tasks.task, tasks.lease, items.batch")
    async with tenant.db.transaction(tenant.id) as tx:
        shown = await tx.fetchval(
            "EXPLAIN (ANALYZE, FORMAT JSON) " + QUERIES["count_undone"],
            tenant.id,
            project,
            [batch],
        )
    plans = [json.loads(shown)[0]["Plan"]]
    read = 0
    while plans:
        plan = plans.pop()
        plans += plan.get("Plans", [])
        if plan.get("Relation Name") == "task":
            assert "Seq" not in plan["Node Type"], plan["Node Type"]
            read += int(plan["Actual Rows"] * plan["Actual Loops"])
            read += plan.get("Rows Removed by Filter", 0)
    assert read == 600
