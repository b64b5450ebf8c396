"""Large files, killed servers, clients that leave: all of the file or nothing (D61 to D63, I9)."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.faults.processes import House, opened_house, resident_bytes, wait_until
from tests.faults.wire import Answer, ask, head_of, open_socket, post, read_answer
from tests.faults.worlds import bring_in, item_lines, make_project
from tests.imports.counting import NOTHING, kept, whole
from tests.routes.operations import check_problem

from evenhand.client import ApiError, Client

MIB = 1024 * 1024
CHUNK_ROWS = 500
_LINE = (
    '{"id":"item-%d","payload":{"prompt":"prompt %d","left":"a","right":"b"},'
    '"meta":{"left":"m0","right":"m1"}}\n'
)


def many_lines(count: int, *, first: int = 0) -> Iterator[bytes]:
    """The lines of a large file, some hundred a piece."""
    for start in range(first, first + count, CHUNK_ROWS):
        stop = min(start + CHUNK_ROWS, first + count)
        yield "".join(_LINE % (number, number) for number in range(start, stop)).encode()


def begin(house: House, project: str, key: str, **headers: str) -> socket.socket:
    """An import whose head is sent and whose body is to come in chunks."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    connection = open_socket(house.url)
    connection.sendall(
        head_of(
            "POST",
            f"/api/v1/projects/{project}/import",
            key=key,
            headers={
                "Content-Type": "application/jsonl",
                "Connection": "close",
                "Transfer-Encoding": "chunked",
                **named,
            },
        )
        + b"\r\n"
    )
    return connection


def send_chunk(connection: socket.socket, data: bytes) -> None:
    connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))


async def wait_for_nothing(house: House, project: str) -> None:
    deadline = time.monotonic() + 15
    while (counts := await kept(house, project)) != NOTHING:
        assert time.monotonic() < deadline, counts
        await asyncio.sleep(0.1)


async def test_200_000_rows_in_bounded_memory(house: House, owner: str, project: str) -> None:
    warm = make_project(house, owner)
    with Client(house.url, owner, timeout_s=120) as client:
        client.import_items(warm, many_lines(5000), name="warm")
        before = resident_bytes(house.pid)
        peak = before
        ended = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not ended.wait(0.05):
                peak = max(peak, resident_bytes(house.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        own = own_memory()
        try:
            batch = client.import_items(project, many_lines(200_000), name="large")
        finally:
            ended.set()
            watcher.join()
    assert batch["item_count"] == 200_000
    assert peak - before < 200 * MIB
    assert own_memory() - own < 50 * MIB
    assert await kept(house, project) == whole(200_000)


def own_memory() -> int:
    return resident_bytes(os.getpid())


async def test_an_error_in_the_last_of_20_000_lines_keeps_nothing(
    house: House, owner: str, project: str
) -> None:
    def lines() -> Iterator[bytes]:
        yield from many_lines(20_000)
        yield b"nonsense"

    with Client(house.url, owner) as client, pytest.raises(ApiError) as refused:
        client.import_items(project, lines(), name="bad end")
    assert refused.value.code == "import_refused"
    assert refused.value.detail.startswith("Line 20001")
    assert await kept(house, project) == NOTHING


async def test_kill_9_in_the_middle_and_the_same_key_again() -> None:
    """D62: exactly the file's rows, and no trace of the first try."""
    with opened_house() as house:
        house.up()
        owner = house.accept(house.make_workspace("acme")["owner_code"])
        project = make_project(house, owner)
        pieces = list(many_lines(100_000))
        with begin(house, project, owner, Idempotency_Key="file-1") as connection:
            for piece in pieces[: len(pieces) // 2]:
                send_chunk(connection, piece)
            staged = 0
            deadline = time.monotonic() + 30
            while staged < 20_000:
                staged = (await kept(house, project))["items.item"]
                assert time.monotonic() < deadline
            house.kill()
        house.up()
        with Client(house.url, owner, timeout_s=120) as client:
            first = client.import_items(project, pieces, name="import", idempotency_key="file-1")
            again = client.import_items(project, pieces, name="import", idempotency_key="file-1")
        assert first["id"] == again["id"]
        exported = post(
            house.url, f"/api/v1/projects/{project}/exports", {"format": "items"}, key=owner
        ).body
        assert sorted(json.loads(line)["id"] for line in exported.splitlines()) == sorted(
            f"item-{number}" for number in range(100_000)
        )
        assert first["item_count"] == 100_000
        assert await kept(house, project) == whole(100_000)


async def test_two_at_once_with_one_key_are_one_import(
    house: House, owner: str, project: str
) -> None:
    data = item_lines(6000)

    def one(_: int) -> Answer:
        return bring_in(house, project, data, key=owner, Idempotency_Key="both")

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(one, range(2)))
    assert {said.status for said in answers} <= {200, 201}, answers
    assert len({said.json["id"] for said in answers}) == 1
    assert await kept(house, project) == whole(6000)
    said = bring_in(house, project, item_lines(3, first=9000), key=owner, Idempotency_Key="both")
    check_problem(said, 409)
    assert said.code == "idempotency_key_reused"
    assert await kept(house, project) == whole(6000)


async def test_two_at_once_without_a_key_keep_one_of_them_whole(
    house: House, owner: str, project: str
) -> None:
    """The same ids from two sides: nobody gets half of each."""

    def one(_: int) -> Answer:
        return bring_in(house, project, item_lines(6000), key=owner)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(one, range(2)))
    won = [said for said in answers if said.status == 201]
    for said in answers:
        if said.status != 201:
            check_problem(said, 409)
            assert said.code == "item_exists"
    assert len(won) <= 1
    assert await kept(house, project) == (whole(6000) if won else NOTHING)


@pytest.mark.parametrize("ending", ["close", "reset", "half close", "bad chunk"])
async def test_a_client_that_leaves_takes_its_import_with_it(
    house: House, owner: str, project: str, ending: str
) -> None:
    connection = begin(house, project, owner)
    for piece in many_lines(4500):
        send_chunk(connection, piece)
    deadline = time.monotonic() + 15
    while (await kept(house, project))["items.item"] < 2000:
        assert time.monotonic() < deadline
    if ending == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    elif ending == "half close":
        connection.shutdown(socket.SHUT_WR)
    elif ending == "bad chunk":
        connection.sendall(b"not hex\r\n")
        check_problem(read_answer(connection), 400)
    connection.close()
    await wait_for_nothing(house, project)
    # The same file is welcome afterwards.
    with Client(house.url, owner) as client:
        client.import_items(project, many_lines(4500), name="again")
    assert await kept(house, project) == whole(4500)
    assert "fault in" not in house.outputs()


async def test_a_promised_length_that_never_comes_keeps_nothing(
    house: House, owner: str, project: str
) -> None:
    data = item_lines(50)
    with open_socket(house.url) as connection:
        connection.sendall(
            head_of(
                "POST",
                f"/api/v1/projects/{project}/import",
                key=owner,
                headers={"Content-Type": "application/jsonl", "Content-Length": str(len(data) + 1)},
            )
            + b"\r\n"
            + data
        )
    await wait_for_nothing(house, project)


async def test_slow_imports_do_not_hold_the_service(house: House, owner: str, project: str) -> None:
    """Forty uploads that have begun and send nothing: everybody else is still answered."""
    projects = [make_project(house, owner) for _ in range(2)]
    waiting: list[socket.socket] = []
    try:
        for number in range(40):
            connection = begin(house, projects[number % 2], owner, Idempotency_Key=f"s-{number}")
            send_chunk(connection, b" " * 10)
            waiting.append(connection)
        await asyncio.sleep(1.0)
        begun = time.monotonic()
        for path in ("/api/v1/me", "/readyz", "/api/v1/projects"):
            assert ask(house.url, "GET", path, key=owner).status == 200
        assert time.monotonic() - begun < 5.0
        # Those that were taken are; the others were told to come later.
        answered = [one for one in waiting if _has_answer(one)]
        assert len(answered) < len(waiting)
        for connection in answered:
            said = read_answer(connection)
            assert (said.status, said.code) == (503, "imports_busy")
            assert said.headers["retry-after"]
    finally:
        for connection in waiting:
            connection.close()
    wait_until(
        lambda: bring_in(house, project, item_lines(3), key=owner).status == 201,
        seconds=15,
        what="the next import is taken",
    )
    for one in projects:
        await wait_for_nothing(house, one)


def _has_answer(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(30.0)


async def test_a_revoked_key_cannot_finish_its_import(
    house: House, owner: str, project: str
) -> None:
    """What was admitted at the start is asked again at the end, when it becomes visible."""
    made = ask(house.url, "POST", "/api/v1/keys", key=owner, body=b'{"role":"manager"}').json
    with begin(house, project, made["api_key"]) as connection:
        send_chunk(connection, item_lines(3000))
        await asyncio.sleep(0.3)
        assert ask(house.url, "DELETE", f"/api/v1/keys/{made['id']}", key=owner).status == 204
        send_chunk(connection, item_lines(10, first=5000))
        connection.sendall(b"0\r\n\r\n")
        check_problem(read_answer(connection), 401)
    await wait_for_nothing(house, project)
