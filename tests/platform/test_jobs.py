"""Background work: each effect once, tried again with growing pauses, given up in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.ground import Address, connected

from evenhand.platform import jobs as jobs_module
from evenhand.platform.db import Database
from evenhand.platform.jobs import Job, JobRunner, publish

ONE, OTHER = uuid4(), uuid4()
Handler = Callable[[Job], Awaitable[None]]


async def ask(db: Database, workspace: UUID = ONE, count: int = 1) -> list[UUID]:
    subjects = [uuid4() for _ in range(count)]
    async with db.transaction(workspace) as tx:
        for subject in subjects:
            await publish(tx, workspace, "test.asked", subject, {"n": 1})
    return subjects


async def rows(db: Database, workspace: UUID = ONE) -> list[dict[str, object]]:
    async with db.transaction(workspace) as tx:
        return [
            dict(row)
            for row in await tx.fetch(
                "SELECT subject_id, state, attempts, last_error, run_at > now() AS later"
                "  FROM platform.job ORDER BY id"
            )
        ]


def finishing(db: Database, done: list[Job]) -> Handler:
    async def handle(job: Job) -> None:
        done.append(job)
        async with db.transaction(job.workspace) as tx:
            await job.finish(tx)

    return handle


async def due_now(admin: Address) -> None:
    async with connected(admin) as superuser:
        await superuser.execute("UPDATE platform.job SET run_at = now()")


async def test_a_job_is_done_once_and_gone(db: Database) -> None:
    done: list[Job] = []
    (subject,) = await ask(db)
    runner = JobRunner(db, {"test.asked": finishing(db, done)})
    assert await runner.run_due() == 1
    assert await runner.run_due() == 0
    (job,) = done
    assert (job.workspace, job.subject_id, job.args, job.attempts) == (ONE, subject, {"n": 1}, 1)
    assert await rows(db) == []


async def test_a_job_of_a_rolled_back_cause_never_was(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction(ONE) as tx:
            await publish(tx, ONE, "test.asked", uuid4())
            raise ZeroDivisionError
    assert await rows(db) == []


async def test_several_runners_share_the_work(db: Database) -> None:
    done: list[Job] = []
    subjects = await ask(db, count=12) + await ask(db, OTHER, count=3)
    runners = [JobRunner(db, {"test.asked": finishing(db, done)}) for _ in range(4)]
    while any(await asyncio.gather(*(runner.run_due() for runner in runners))):
        pass
    assert sorted(job.subject_id for job in done) == sorted(subjects)
    assert {job.workspace for job in done} == {ONE, OTHER}


@pytest.mark.parametrize("error", [ValueError("secret"), OSError("secret"), KeyError("secret")])
async def test_a_failure_is_kept_by_its_type_and_tried_again(
    db: Database, admin: Address, error: Exception
) -> None:
    tries: list[int] = []

    async def fail(job: Job) -> None:
        tries.append(job.attempts)
        raise error

    await ask(db)
    runner = JobRunner(db, {"test.asked": fail})
    for attempt in range(1, 7):
        assert await runner.run_due() == 1
        (row,) = await rows(db)
        assert (row["attempts"], row["later"]) == (attempt, True)
        # By type only: an exception's text may hold content.
        assert row["last_error"] == type(error).__name__
        await due_now(admin)
    assert tries == [1, 2, 3, 4, 5, 6]
    assert (await rows(db))[0]["state"] == "failed"
    assert await runner.run_due() == 0


async def test_a_kind_without_a_handler_is_kept(db: Database) -> None:
    await ask(db)
    assert await JobRunner(db, {}).run_due() == 1
    (row,) = await rows(db)
    assert (row["state"], row["last_error"]) == ("ready", "KeyError")


async def test_a_killed_runners_job_is_claimed_again(db: Database, admin: Address) -> None:
    done: list[Job] = []
    await ask(db)
    first = JobRunner(db, {"test.asked": finishing(db, done)})
    assert await first._claim(ONE) is not None  # And dies.
    assert await first.run_due() == 0
    await due_now(admin)
    assert await first.run_due() == 1
    assert [job.attempts for job in done] == [2]


async def test_a_long_job_keeps_its_claim(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "_EXTEND_EVERY_S", 0.05)
    done: list[Job] = []
    finish = finishing(db, done)
    seen: list[bool] = []

    async def slow(job: Job) -> None:
        async with db.transaction(ONE) as tx:
            await tx.execute("UPDATE platform.job SET run_at = now()")
        await asyncio.sleep(0.2)
        seen.append(bool((await rows(db))[0]["later"]))
        await finish(job)

    await ask(db)
    await JobRunner(db, {"test.asked": slow}).run_due()
    assert seen == [True]
    assert await rows(db) == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(),
        TimeoutError(),
        asyncpg.InterfaceError("closed"),
        asyncpg.InternalClientError("another operation is in progress"),
        asyncpg.AdminShutdownError("x"),
    ],
)
async def test_the_runner_goes_on_after_the_database_was_away(
    db: Database, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(jobs_module, "_IDLE_S", 0.01)
    done: list[Job] = []
    runner = JobRunner(db, {"test.asked": finishing(db, done)})
    whole, calls = runner.run_due, []

    async def away_once() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise error
        return await whole()

    monkeypatch.setattr(runner, "run_due", away_once)
    running = asyncio.create_task(runner.run())
    await ask(db)
    async with asyncio.timeout(5):
        while not done:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(calls) > 1
