"""SIGKILL of anything amid everybody's work: nothing acknowledged is lost (I1 to I6)."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.crowd import Crowd, make_crowd
from tests.faults.processes import House, alive, children_of, opened_house, wait_until
from tests.faults.reckoning import reckon, verify
from tests.faults.wire import ask

RECOVERS_WITHIN_S = 10.0


def wait_for_progress(crowd: Crowd, more: int) -> None:
    start = crowd.done
    wait_until(
        lambda: crowd.done >= start + more,
        seconds=RECOVERS_WITHIN_S + 5,
        what=f"{more} more judgments",
    )


async def test_six_kills_of_service_database_and_both() -> None:
    """Each time: at once ready again, no manual step, and the crowd goes on."""
    with opened_house() as house:
        house.up()
        crowd = make_crowd(house, "acme", people=8, items=20_000)
        verify(house, crowd)
        crowd.start(house)
        try:
            for victim in ("service", "database", "both", "service", "database", "both"):
                wait_for_progress(crowd, 40)
                await asyncio.sleep(random.uniform(0, 0.1))
                if victim in {"service", "both"}:
                    house.process.kill()
                if victim in {"database", "both"}:
                    os.kill(house.postmaster, signal.SIGKILL)
                if victim in {"service", "both"}:
                    house.process.wait(10)
                    begun = time.monotonic()
                    house.up()
                    assert time.monotonic() - begun < RECOVERS_WITHIN_S
            wait_for_progress(crowd, 40)
        finally:
            memory = crowd.end()
        await reckon(house, crowd, memory)
        assert "fault in" not in house.outputs()
        # Once more from a clean stop: the log goes on from where it was.
        assert house.stop() == 0
        house.up()
        await reckon(house, crowd, memory)


@pytest.fixture
def two_workers() -> Iterator[House]:
    with opened_house() as house:
        house.up("--workers", "2")
        yield house


def web_processes(house: House) -> list[int]:
    """The service's children that serve (the database lives in a session of its own)."""
    return [
        pid
        for pid in children_of(house.pid)
        if b"evenhand.app.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


async def test_a_killed_worker_is_replaced_and_the_rest_goes_on(two_workers: House) -> None:
    house = two_workers
    crowd = make_crowd(house, "acme", people=6, items=5000)
    crowd.start(house)
    try:
        for _ in range(3):
            wait_for_progress(crowd, 40)
            before = web_processes(house)
            assert len(before) == 2
            os.kill(before[0], signal.SIGKILL)
            wait_until(
                lambda before=before: len(set(web_processes(house)) - {before[0]}) == 2,
                seconds=RECOVERS_WITHIN_S,
                what="another worker",
            )
        wait_for_progress(crowd, 40)
    finally:
        memory = crowd.end()
    await reckon(house, crowd, memory)


def test_children_end_with_their_killed_parent(two_workers: House) -> None:
    house = two_workers
    children = web_processes(house)
    assert len(children) == 2
    house.kill()
    wait_until(
        lambda: not any(alive(pid) for pid in children),
        seconds=15,
        what="the children are gone",
    )
    # Their port is free again.
    house.up()
    assert ask(house.url, "GET", "/readyz").status == 200


def test_sigterm_with_workers_ends_all_of_them_with_0(two_workers: House) -> None:
    house = two_workers
    children = web_processes(house)
    postmaster = house.postmaster
    assert house.stop() == 0
    for pid in (*children, postmaster):
        assert not alive(pid)
