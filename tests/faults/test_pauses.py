"""A paused service, cut sessions, a clean stop in the middle of work (I107 to I112)."""

from __future__ import annotations

import asyncio
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.faults.crowd import make_crowd, wait_for_progress
from tests.faults.processes import House, alive
from tests.faults.reckoning import reckon
from tests.faults.wire import ask, head_of, open_socket, post, read_answer
from tests.faults.worlds import bring_in, invite, item_lines, make, make_project
from tests.imports.counting import kept, whole
from tests.routes.operations import check_problem


def test_a_pause_beyond_the_leases_time_refuses_what_was_waiting(house: House) -> None:
    """The answer is sent while the service sleeps; when it wakes, the lease is over."""
    owner = house.accept(house.make_workspace("acme")["owner_code"])
    project = make_project(house, owner, lease_ttl_s=5)
    assert bring_in(house, project, item_lines(1), key=owner).status == 201
    _, first = invite(house, owner, "first")
    _, second = invite(house, owner, "second")
    path = f"/projects/{project}"
    (lease,) = make(house, f"{path}/leases", {"hold": 1}, key=first)["leases"]
    answer = {"lease_id": lease["id"], "answer": {"choice": "left", "order": lease["order"]}}
    assert make(house, f"{path}/leases", {"hold": 1}, key=second)["leases"] == []
    house.signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(post, house.url, f"/api/v1{path}/judgments", answer, key=first)
            time.sleep(5.5)
            assert not waiting.done()
            house.signal(signal.SIGCONT)
            said = waiting.result(15)
    finally:
        house.signal(signal.SIGCONT)
    check_problem(said, 409)
    assert said.code == "lease_expired"
    # The task is somebody else's now, and that work stands.
    deadline = time.monotonic() + 5
    taken: list[Any] = []
    while not taken:
        taken = make(house, f"{path}/leases", {"hold": 1}, key=second)["leases"]
        assert time.monotonic() < deadline
    done = make(
        house,
        f"{path}/judgments",
        {
            "lease_id": taken[0]["id"],
            "answer": {"choice": "right", "order": taken[0]["order"]},
        },
        key=second,
    )
    assert done["judgment"]["item_id"] == lease["item_id"]
    said = post(house.url, f"/api/v1{path}/judgments", answer, key=first)
    check_problem(said, 409)
    progress = ask(house.url, "GET", f"/api/v1{path}/progress", key=owner).json
    assert progress == {"tasks": {"done": 1}}


async def test_cut_sessions_are_replaced(house: House) -> None:
    """Every session of the application, the leader's and the listener's too, three times."""
    crowd = make_crowd(house, "acme", people=6, items=4000)
    crowd.start(house)
    try:
        for _ in range(3):
            wait_for_progress(crowd, 40)
            async with house.administrator() as database:
                cut = await database.fetch(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND usename LIKE 'evenhand_app%'"
                )
            assert len(cut) >= 3
        wait_for_progress(crowd, 40)
    finally:
        memory = crowd.end()
    await reckon(house, crowd, memory)
    assert "fault in" not in house.outputs()


async def test_sigterm_finishes_the_requests_in_flight(house: House) -> None:
    """An import whose body is still coming is finished; then the process and its database end."""
    owner = house.accept(house.make_workspace("acme")["owner_code"])
    project = make_project(house, owner)
    postmaster = house.postmaster
    with open_socket(house.url) as connection:
        connection.sendall(
            head_of(
                "POST",
                f"/api/v1/projects/{project}/import",
                key=owner,
                headers={"Content-Type": "application/jsonl", "Transfer-Encoding": "chunked"},
            )
            + b"\r\n"
        )
        for number in range(4):
            data = item_lines(2000, first=2000 * number)
            connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))
            if number == 1:
                await asyncio.sleep(0.5)
                house.signal(signal.SIGTERM)
                await asyncio.sleep(0.5)
                assert house.running
        connection.sendall(b"0\r\n\r\n")
        said = read_answer(connection)
    assert said.status == 201, said
    assert house.process.wait(20) == 0
    assert not alive(postmaster)
    house.up()
    assert await kept(house, project) == whole(8000)


def test_sigint_is_the_same_and_a_second_signal_does_not_hurt(house: House) -> None:
    postmaster = house.postmaster
    house.signal(signal.SIGINT)
    house.signal(signal.SIGTERM)
    assert house.process.wait(20) == 0
    assert not alive(postmaster)


def test_a_stop_does_not_wait_for_idle_connections(house: House) -> None:
    with open_socket(house.url), open_socket(house.url) as half:
        half.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\n")
        begun = time.monotonic()
        assert house.stop() == 0
        assert time.monotonic() - begun < 15.0


def test_a_second_service_on_the_folder_is_fine_or_says_why(house: House) -> None:
    """A command beside the service uses the service's database and leaves it running."""
    postmaster = house.postmaster
    assert house.run("workspace", "list", "--json").code == 0
    assert house.postmaster == postmaster
    assert alive(postmaster)
    taken = house.run("up", "--port", str(house.port))
    assert taken.code == 3
    assert "--port" in taken.err
    assert house.postmaster == postmaster
    assert ask(house.url, "GET", "/readyz").status == 200
