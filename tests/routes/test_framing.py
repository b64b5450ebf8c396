"""Requests that are no good HTTP, and broken-off uploads: a 4xx or a closed door, never a hang."""

from __future__ import annotations

import json
import time

import pytest
from tests.faults.processes import House
from tests.faults.wire import ask, head_of, open_socket, raw, read_answer
from tests.faults.worlds import World
from tests.routes.operations import (
    BODIES,
    Operation,
    body_for,
    call,
    check_problem,
    fingerprint,
    key_for,
)

ANSWERS_WITHIN_S = 5.0


def test_unknown_paths(house: House, world: World) -> None:
    for path in (
        "/nowhere",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/me/",
        "//api/v1/me",
        "/API/V1/ME",
        "/api/v1/../../healthz/x",
        "/api/v1/projects/",
        "/log",
        "/api/v2/me",
        "/.git/config",
        "/.env",
        "/metrics/x",
        "/%00",
        "/%ff",
        "/docs",
        "/openapi.json",
        "/.well-known/x",
    ):
        check_problem(ask(house.url, "GET", path, key=world.owner), 404, about=path)


def test_no_file_outside_of_the_static_ones(house: House) -> None:
    for path in (
        "/static/../src",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/static//etc/passwd",
        "/static/app",
        "/static/",
        "/static/%00",
        "/static/..%2f..%2fetc%2fpasswd",
    ):
        assert ask(house.url, "GET", path).status == 404, path


def test_methods_that_an_address_does_not_take(
    house: House, world: World, operations: list[Operation]
) -> None:
    taken: dict[str, set[str]] = {}
    for operation in operations:
        taken.setdefault(operation.path, set()).add(operation.method)
    for operation in operations:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
            if method in taken[operation.path]:
                continue
            said = ask(house.url, method, operation.at(world.ids), key=key_for(operation, world))
            check_problem(said, 405, about=(method, operation.path))


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"BREW /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/me HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\nhello",
        (
            b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Content-Length: 6\r\n\r\nhello!"
        ),
        (
            b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 9999999999999999999999\r\n\r\nx"
        ),
        (
            b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nLong: " + b"x" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=lambda data: repr(data[:40]),
)
def test_what_is_no_http_gets_400(house: House, data: bytes) -> None:
    begun = time.monotonic()
    said = raw(house.url, data, half_close=True)
    assert time.monotonic() - begun < ANSWERS_WITHIN_S
    check_problem(said, 400)
    assert said.code == "http_malformed"


async def test_bodies_that_stop_short_change_nothing(
    house: House, world: World, operations: list[Operation]
) -> None:
    """The client sends less than it promised, then goes. No answer is owed, and no effect."""
    async with house.administrator() as database:
        before = await fingerprint(database)
        for operation in operations:
            if operation.name not in BODIES:
                continue
            body = body_for(operation, world)
            assert body is not None
            for framing, sent in (
                ({"Content-Length": str(len(body) + 5)}, body),
                ({"Content-Length": str(len(body))}, body[:-1]),
                ({"Transfer-Encoding": "chunked"}, b"%x\r\n%s" % (len(body), body)),
                ({"Transfer-Encoding": "chunked"}, b"%x\r\n%s\r\n" % (len(body), body)),
            ):
                head = head_of(
                    operation.method,
                    operation.at(world.ids),
                    key=key_for(operation, world),
                    headers={"Content-Type": "application/json", **framing},
                )
                with open_socket(house.url) as connection:
                    connection.sendall(head + b"\r\n" + sent)
                    connection.shutdown(1)
                    try:
                        check_problem(read_answer(connection), about=operation.name)
                    except ConnectionError:
                        continue
        assert await fingerprint(database) == before
    assert "fault in" not in house.outputs()


def test_a_body_that_is_longer_than_promised_is_cut_there(house: House, world: World) -> None:
    """The rest is read as the next request, which is no HTTP."""
    text = json.dumps({"role": "annotator"}).encode()
    head = head_of(
        "POST",
        "/api/v1/keys",
        key=world.owner,
        headers={"Content-Type": "application/json", "Content-Length": str(len(text) - 1)},
    )
    check_problem(raw(house.url, head + b"\r\n" + text), 400, 422)


def test_pipelined_requests_are_answered_in_order(house: House, world: World) -> None:
    one = head_of("GET", "/api/v1/me", key=world.owner) + b"\r\n"
    two = head_of("GET", "/healthz", headers={"Connection": "close"}) + b"\r\n"
    with open_socket(house.url) as connection:
        connection.sendall(one + two)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b"permissions") < received.index(b"alive")


def test_a_leaf_that_is_not_there_is_told_at_once(house: House, world: World) -> None:
    begun = time.monotonic()
    for index in (10**6, 10**12, 2**63, 2**64, 10**1000):
        said = ask(house.url, "GET", f"/api/v1/receipts/{index}", key=world.owner)
        check_problem(said, 404)
    assert time.monotonic() - begun < 2.0


def test_json_is_never_shown_as_a_page(
    house: House, world: World, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.method == "GET":
            said = call(house, operation, world)
            assert said.headers["content-type"].partition(";")[0] != "text/html", operation.name
            assert said.headers["x-content-type-options"] == "nosniff"
