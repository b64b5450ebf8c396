"""Gold: scored once, whatever runs twice; right and wrong are told with the reason, and logged."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

import pytest
from tests.ground import Person, Tenant, pair_line
from tests.hands import LEFT, RIGHT, lease, submit
from tests.oracles import check_log, check_queue

from evenhand.gold import GoldScore, delete_gold, list_scores
from evenhand.judgments import Submitted
from evenhand.platform.errors import NotFound
from evenhand.platform.jobs import Job
from evenhand.projects import Project

REASON = "The left one answers the question."
GOLD = {"answer": {"choice": "left", "order": "given"}, "reason": REASON}


async def gold_project(tenant: Tenant, count: int = 1) -> Project:
    project = await tenant.project()
    lines = [pair_line(number, gold=GOLD) for number in range(count)]
    await tenant.load(project, lines, purpose="gold")
    return project


async def answer(tenant: Tenant, who: Person, project: Project, text: bytes) -> Submitted:
    (given,) = await lease(tenant, who, project)
    return await submit(tenant, who, project, given.lease_id, text)


async def scores(tenant: Tenant, project: Project, count: int) -> list[GoldScore]:
    """Scores once so many judgments are scored."""
    async with asyncio.timeout(15):
        while await tenant.value("SELECT count(*) FROM gold.score") < count:
            await asyncio.sleep(0.02)
    async with tenant.db.transaction(tenant.id) as tx:
        return await list_scores(tx, tenant.id, project.id)


def job_for(tenant: Tenant, subject: object) -> Job:
    return Job(tenant.id, 0, "judgment.submitted", subject, {}, 1)  # type: ignore[arg-type]


async def test_right_and_wrong_answers_are_scored_by_the_running_service(tenant: Tenant) -> None:
    project = await gold_project(tenant, 4)
    right = await tenant.person()
    wrong = await tenant.person(simulated=True)
    for _ in range(2):
        await answer(tenant, right, project, LEFT)
    await answer(tenant, right, project, RIGHT)
    await answer(tenant, wrong, project, RIGHT)
    found = {score.annotator_id: score for score in await scores(tenant, project, 4)}
    one, other = found[right.member], found[wrong.member]
    assert (one.scored_count, one.correct_count, one.simulated) == (3, 2, False)
    assert (other.scored_count, other.correct_count, other.simulated) == (1, 0, True)
    assert one.render()["correct_count"] == 2
    await check_queue(tenant.db, tenant.id)


async def test_a_handler_that_runs_twice_scores_once(tenant: Tenant) -> None:
    project = await gold_project(tenant)
    one = await tenant.person()
    done = await answer(tenant, one, project, LEFT)
    await scores(tenant, project, 1)
    for _ in range(2):
        await tenant.service.gold.score_judgment(job_for(tenant, done.id))
    (score,) = await scores(tenant, project, 1)
    assert (score.scored_count, score.correct_count) == (1, 1)
    assert await tenant.value("SELECT count(*) FROM gold.score") == 1


async def test_two_handlers_at_once_score_once(tenant: Tenant) -> None:
    project = await gold_project(tenant)
    one = await tenant.person()
    done = await answer(tenant, one, project, RIGHT)
    await asyncio.gather(
        *(tenant.service.gold.score_judgment(job_for(tenant, done.id)) for _ in range(4))
    )
    (score,) = await scores(tenant, project, 1)
    assert (score.scored_count, score.correct_count) == (1, 0)


@pytest.mark.parametrize(("text", "correct"), [(LEFT, True), (RIGHT, False)])
async def test_the_annotator_is_told_right_or_wrong_and_why(
    tenant: Tenant, text: bytes, correct: bool
) -> None:
    project = await gold_project(tenant)
    one = await tenant.person()
    done = await answer(tenant, one, project, text)
    told = await tenant.service.gold.find_feedback(tenant.id, done, json.loads(text))
    assert told == {"correct": correct, "reason": REASON}
    # Gold was shown to the annotator: the log has it before anybody is told.
    log = tenant.service.settings.logs_dir / str(tenant.id)
    await check_log(tenant.db, tenant.id, log, holder=tenant.service.holder)
    assert await tenant.value("SELECT count(*) FROM transparency.entry") > 0


async def test_without_gold_there_is_no_feedback_and_no_score(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    done = await answer(tenant, one, project, LEFT)
    assert await tenant.service.gold.find_feedback(tenant.id, done, json.loads(LEFT)) is None
    await tenant.service.gold.score_judgment(job_for(tenant, done.id))
    assert await tenant.value("SELECT count(*) FROM gold.score") == 0


async def test_a_judgment_that_is_not_here_is_not_scored(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    project = await gold_project(tenant)
    one = await tenant.person()
    done = await answer(tenant, one, project, LEFT)
    for subject in (job_for(other_tenant, done.id), job_for(tenant, uuid4())):
        with pytest.raises(NotFound):
            await tenant.service.gold.score_judgment(subject)
    assert await other_tenant.value("SELECT count(*) FROM gold.score") == 0


async def test_gold_is_stored_sealed_and_that_of_an_open_batch_stays(tenant: Tenant) -> None:
    await gold_project(tenant)
    (row,) = await tenant.rows("SELECT sealed FROM gold.gold")
    assert REASON.encode() not in row["sealed"]
    (batch,) = await tenant.rows("SELECT id FROM items.batch")
    async with tenant.db.transaction(tenant.id) as tx:
        await delete_gold(tx, tenant.id, batch["id"])
    assert await tenant.value("SELECT count(*) FROM gold.gold") == 1
