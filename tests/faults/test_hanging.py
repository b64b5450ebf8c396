"""A database that hangs, callers that drip: everybody gets an answer in time."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager

import pytest
from tests.faults.processes import House, children_of
from tests.faults.wire import ask, head_of, open_socket, post, read_answer
from tests.faults.worlds import bring_in, invite, item_lines, make, make_project

from evenhand.app import protocol as protocol_module
from evenhand.app.serving import serve_socket
from evenhand.platform import web as web_module
from evenhand.platform.migrations import AppLogin
from evenhand.platform.settings import Settings

ANSWER_S = 10.0


@contextmanager
def stopped(house: House) -> Generator[None]:
    """The database's processes stand still, every one of them."""
    # The postmaster first: it must not start others meanwhile.
    pids = [house.postmaster]
    os.kill(pids[0], signal.SIGSTOP)
    pids += children_of(pids[0])
    for pid in pids[1:]:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)


def test_a_database_that_hangs_is_answered_for_in_time(house: House) -> None:
    owner = house.accept(house.make_workspace("acme")["owner_code"])
    project = make_project(house, owner)
    assert bring_in(house, project, item_lines(3), key=owner).status == 201
    _, key = invite(house, owner, "first")
    (lease,) = make(house, f"/projects/{project}/leases", {"hold": 1}, key=key)["leases"]
    answer = {
        "lease_id": lease["id"],
        "answer": {"choice": "left", "order": lease["order"]},
        "next": {"hold": 1},
    }
    path = f"/api/v1/projects/{project}"
    with stopped(house):
        for said_to in (
            lambda: post(house.url, f"{path}/judgments", answer, key=key),
            lambda: ask(house.url, "GET", path, key=owner),
        ):
            began = time.monotonic()
            said = said_to()
            assert time.monotonic() - began < ANSWER_S
            assert (said.status, said.code) == (503, "database_away")
            assert said.headers["retry-after"] == "1"
    deadline = time.monotonic() + 30
    while (said := post(house.url, f"{path}/judgments", answer, key=key)).status == 503:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    # It was stored once, whether or not the first try had got through.
    assert said.status in {200, 201}, said
    judged = ask(house.url, "GET", f"{path}/progress", key=owner).json["tasks"]
    assert judged["done"] == 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol_module, "HEAD_WITHIN_S", 0.3)
    monkeypatch.setattr(web_module, "_BODY_WITHIN_S", 0.3)


def refusal(connection: socket.socket) -> tuple[int, str]:
    with connection:
        said = read_answer(connection)
        return said.status, said.code


@pytest.fixture
async def live_url(settings: Settings, login: AppLogin) -> AsyncIterator[str]:
    """A service in this process, so that its limits can be short."""
    stop, ready = asyncio.Event(), asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        life = asyncio.create_task(serve_socket(settings, login, listener, stop=stop, ready=ready))
        await asyncio.wait_for(ready.wait(), 20)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        await asyncio.wait_for(life, 20)


async def test_slow_heads_and_bodies_are_cut(impatient: None, live_url: str) -> None:
    def slow() -> list[tuple[int, str]]:
        silent = open_socket(live_url)
        halfway = open_socket(live_url)
        halfway.sendall(head_of("GET", "/healthz")[:-5])
        dripping = open_socket(live_url)
        length = {"Content-Type": "application/json", "Content-Length": "50"}
        head = head_of("POST", "/api/v1/session", headers=length)
        dripping.sendall(head + b'\r\n{"code"')
        return [refusal(one) for one in (silent, halfway, dripping)]

    assert await asyncio.to_thread(slow) == [(408, "request_too_slow")] * 3
    # A connection that is merely kept open between two requests is left alone.
    kept = open_socket(live_url)

    def twice() -> list[int]:
        with kept:
            said: list[int] = []
            for _ in range(2):
                kept.sendall(head_of("GET", "/healthz") + b"\r\n")
                said.append(read_answer(kept).status)
                time.sleep(0.6)
            return said

    assert await asyncio.to_thread(twice) == [200, 200]
