"""An aggregation from the request to its sealed results, run once or twice."""

from __future__ import annotations

import asyncio
import json
from uuid import UUID, uuid4

import pytest
from tests.ground import Person, Tenant, pair_line
from tests.hands import LEFT, RIGHT, lease, submit

from evenhand.consensus import (
    Run,
    RunNotDone,
    get_done_run,
    list_result_items,
    read_results,
    read_sealed_ranking,
)
from evenhand.consensus.actions import get_run, list_runs, list_skills, request_run
from evenhand.platform.errors import Invalid, NotFound
from evenhand.platform.ids import new_id
from evenhand.platform.jobs import Job
from evenhand.platform.paging import FIRST
from evenhand.projects import Project
from evenhand.vault.opening import open_field


async def ask(tenant: Tenant, project: UUID, *, method: str = "majority") -> UUID:
    made = new_id()
    async with tenant.db.transaction(tenant.id) as tx:
        await request_run(tx, tenant.id, project, method=method, by=tenant.owner.member, made=made)
    return made


async def ended(tenant: Tenant, run: UUID) -> Run:
    async with asyncio.timeout(20):
        while True:
            async with tenant.db.transaction(tenant.id) as tx:
                found = await get_run(tx, tenant.id, run)
            if found.state in {"done", "failed"}:
                return found
            await asyncio.sleep(0.05)


async def judged(tenant: Tenant, who: Person, project: Project, text: bytes, count: int) -> None:
    for _ in range(count):
        (given,) = await lease(tenant, who, project)
        await submit(tenant, who, project, given.lease_id, text)


@pytest.fixture
async def project(tenant: Tenant) -> Project:
    """Two items, of which one has no names; ann says left twice, bob right twice."""
    made = await tenant.project(judgments_per_item=2)
    lines = [
        pair_line(0, meta={"left": "model-a", "right": "model-b"}),
        pair_line(1, meta={"left": "model-a", "right": "model-a"}),
    ]
    await tenant.load(made, lines)
    for text in (LEFT, RIGHT):
        await judged(tenant, await tenant.person(), made, text, 2)
    return made


async def opened(tenant: Tenant, project: Project, run: UUID) -> tuple[list[dict], list[dict]]:
    async with tenant.db.transaction(tenant.id) as tx:
        items = await list_result_items(tx, tenant.id, run, after=FIRST, limit=10)
        rows = await read_results(tx, tenant.id, run, items)
        ranking = await read_sealed_ranking(tx, tenant.id, run)
    assert [item for item, _ in rows] == items == sorted(items)
    assert ranking is not None
    assert b"model-a" not in ranking

    async def look(object_id: UUID, field: str, sealed: bytes) -> list[dict]:
        text = await open_field(
            tenant.service.keyring, workspace=tenant.id, project=project.id,
            object_id=object_id, field=field, sealed=sealed,
        )  # fmt: skip
        return json.loads(text)

    results = [await look(item, "consensus", sealed) for item, sealed in rows]
    return results, await look(run, "ranking", ranking)  # type: ignore[return-value]


async def test_an_aggregation_is_run_and_sealed(tenant: Tenant, project: Project) -> None:
    run = await ask(tenant, project.id)
    done = await ended(tenant, run)
    assert (done.state, done.failure, done.method) == ("done", None, "majority")
    assert done.summary["judgments"] == 4
    assert done.summary["items"] == 2
    assert done.summary["labels"] == {"left": 2, "right": 2, "tie": 0}
    assert done.summary["percent_agreement"] == 0
    # The second item's sides have one name: nothing to rank there.
    assert done.summary["judgments_without_names"] == 2
    assert done.render()["finished_at"] is not None
    results, ranking = await opened(tenant, project, run)
    assert [result["votes"] for result in results] == [{"left": 1, "right": 1}] * 2
    assert {row["name"]: (row["wins"], row["losses"]) for row in ranking} == {
        "model-a": (1, 1),
        "model-b": (1, 1),
    }
    async with tenant.db.transaction(tenant.id) as tx:
        skills = await list_skills(tx, tenant.id, run)
        assert (await get_done_run(tx, tenant.id, run)).id == run
    assert [skill["judgment_count"] for skill in skills] == [2, 2]


async def test_a_handler_that_runs_twice_leaves_the_same_rows(
    tenant: Tenant, project: Project
) -> None:
    run = await ask(tenant, project.id)
    await ended(tenant, run)
    before = await opened(tenant, project, run)
    await tenant.service.consensus.run(Job(tenant.id, 0, "consensus.requested", run, {}, 2))
    assert await opened(tenant, project, run) == before
    for table, count in (("result", 2), ("skill", 2), ("run", 1), ("standing", 6)):
        assert await tenant.value(f"SELECT count(*) FROM consensus.{table}") == count, table


async def test_both_bulk_reads_stand_in_the_log(tenant: Tenant, project: Project) -> None:
    async def bulk_count() -> int:
        return await tenant.value(
            "SELECT count(*) FROM transparency.entry WHERE position('bulk_released' in"
            " encode(leaf, 'escape')) > 0"
        )

    before = await bulk_count()
    await ended(tenant, await ask(tenant, project.id))
    assert await bulk_count() == before + 2


async def test_without_judgments_the_run_fails_with_a_sentence(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    run = await ask(tenant, project.id)
    failed = await ended(tenant, run)
    assert (failed.state, failed.failure) == ("failed", "The project has no judgments yet.")
    async with tenant.db.transaction(tenant.id) as tx:
        with pytest.raises(RunNotDone, match="failed"):
            await get_done_run(tx, tenant.id, run)
    assert await tenant.value("SELECT count(*) FROM platform.job") == 0


async def test_what_cannot_be_asked_for(tenant: Tenant, other_tenant: Tenant) -> None:
    project, foreign = await tenant.project(), await other_tenant.project()
    with pytest.raises(Invalid) as refused:
        await ask(tenant, project.id, method="guess")
    assert refused.value.stable_code == "no_such_method"
    for unknown in (uuid4(), foreign.id):
        with pytest.raises(NotFound):
            await ask(tenant, unknown)
    assert await tenant.value("SELECT count(*) FROM consensus.run") == 0


async def test_runs_are_listed_page_by_page_and_to_their_workspace(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    project = await tenant.project()
    runs = [await ask(tenant, project.id) for _ in range(3)]
    async with tenant.db.transaction(tenant.id) as tx:
        first = await list_runs(tx, tenant.id, project.id, after=FIRST, limit=2)
        rest = await list_runs(tx, tenant.id, project.id, after=first[-1].id, limit=2)
    assert [run.id for run in (*first, *rest)] == runs
    async with other_tenant.db.transaction(other_tenant.id) as tx:
        assert await list_runs(tx, other_tenant.id, project.id, after=FIRST, limit=9) == []
        with pytest.raises(NotFound):
            await get_run(tx, other_tenant.id, runs[0])


async def test_many_judgments_go_in_chunks_and_without_names_there_is_no_ranking(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenhand.consensus.actions._CHUNK", 2)
    project = await tenant.project()
    await tenant.load(project, [pair_line(number, meta={}) for number in range(5)])
    await judged(tenant, await tenant.person(), project, LEFT, 5)
    run = await ask(tenant, project.id)
    done = await ended(tenant, run)
    assert (done.summary["judgments"], done.summary["judgments_without_names"]) == (5, 5)
    assert await tenant.value("SELECT count(*) FROM consensus.result") == 5
    async with tenant.db.transaction(tenant.id) as tx:
        assert await read_sealed_ranking(tx, tenant.id, run) is None
