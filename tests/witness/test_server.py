"""The wire: the answers that tlog-witness says, and nothing that is not plainly HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.witness.wire import (
    LOG,
    OTHER,
    VERIFIERS,
    Ground,
    asked,
    head,
    leaves,
    post,
    posted,
    read_answer,
    send,
    serving,
)

from evenhand.tlog import ADD_CHECKPOINT_BYTES_MAX, open_cosignatures, render_checkpoint
from evenhand.witness import server
from evenhand.witness.state import hash_of_origin


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    async with serving(tmp_path) as made:
        yield made


async def test_the_statuses_of_the_specification(ground: Ground) -> None:
    said = await post(ground.port, asked(0, leaves(4)))
    assert said.status == 200
    text = render_checkpoint(head(leaves(4)))
    assert len(open_cosignatures(said.body, text=text, witnesses=VERIFIERS)) == 2
    said = await post(ground.port, asked(3, leaves(8)))
    assert (said.status, said.body) == (409, b"4\n")
    assert said.headers["content-type"] == "text/x.tlog.size"
    for body, status in (
        (b"nonsense", 400),
        (asked(9, leaves(8)), 400),
        (asked(0, leaves(4), log=OTHER), 404),
        (asked(0, leaves(4)).replace(b"\n4\n", b"\n5\n"), 403),
        (asked(4, leaves(8, story=b"false")), 422),
    ):
        said = await post(ground.port, body)
        assert (said.status, said.headers["content-type"]) == (status, "text/plain; charset=utf-8")


async def test_monitors_read_what_was_cosigned(ground: Ground) -> None:
    path = f"/{hash_of_origin(LOG.name)}/checkpoint"
    get = f"GET {path} HTTP/1.1\r\nHost: w\r\n\r\n".encode()
    assert (await send(ground.port, get)).status == 404
    await post(ground.port, asked(0, leaves(4)))
    said = await send(ground.port, get)
    assert (said.status, said.body) == (200, ground.witness.checkpoint(hash_of_origin(LOG.name)))


async def test_a_connection_is_kept(ground: Ground) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ground.port)
    for old, new in ((0, 1), (1, 2), (2, 3)):
        writer.write(posted(asked(old, leaves(new))))
        said = await read_answer(reader)
        assert (said.status, said.headers["connection"]) == (200, "keep-alive")
    writer.write(posted(b"x", more="Connection: close\r\n"))
    assert (await read_answer(reader)).headers["connection"] == "close"
    assert await reader.read() == b""
    writer.close()


HEAD = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\nGET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: w\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: w\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: w\r\n\r\n", 400),
        (b"GET w HTTP/1.1\r\nHost: w\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: w\r\nHost: w\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : w\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: w\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: w\nX: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: w\r\nX: \x00\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
        (HEAD + b"Content-Length: +1\r\n\r\nx", 400),
        (HEAD + b"Content-Length: 1e3\r\n\r\nx", 400),
        (HEAD + b"\r\n", 411),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (HEAD + b"Content-Length: %d\r\n\r\n" % (ADD_CHECKPOINT_BYTES_MAX + 1), 413),
        (HEAD + b"Expect: tea\r\nContent-Length: 1\r\n\r\nx", 417),
        (b"GET /" + b"x" * 20_000, 431),
        (b"GET / HTTP/1.1\r\nHost: w\r\n\r\n", 404),
        (posted(b"x", path="/add-checkpoint?"), 404),
        (posted(b"x", path="/add-checkpoint/"), 404),
        (posted(b"x", path="/" + "0" * 64 + "/checkpoint"), 405),
        (b"GET /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", 405),
        (b"GET /" + b"A" * 64 + b"/checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", 404),
        (b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", 400),
        (posted(b"")[:-2] + b"X-A: b\r\nX-A: c\r\n\r\n", 400),
    ],
)
async def test_other_requests(ground: Ground, data: bytes, status: int) -> None:
    said = await send(ground.port, data)
    assert said.status == status
    assert said.body
    # The next one is served.
    assert (await post(ground.port, b"nonsense")).status == 400


async def test_who_expects_to_be_told_to_continue(ground: Ground) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ground.port)
    body = asked(0, leaves(1))
    data = posted(body, more="Expect: 100-continue\r\n")
    writer.write(data[: -len(body)])
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await read_answer(reader)).status == 200
    writer.close()


@pytest.mark.parametrize(
    ("limit", "data", "status"),
    [
        ("HEAD_WITHIN_S", b"POST /", 408),
        ("BODY_WITHIN_S", HEAD + b"Content-Length: 5\r\n\r\nold", 408),
        ("IDLE_S", b"", None),
    ],
)
async def test_who_stalls_is_let_go(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, limit: str, data: bytes, status: int | None
) -> None:
    monkeypatch.setattr(server, limit, 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", ground.port)
    writer.write(data)
    if status is not None:
        assert (await read_answer(reader)).status == status
    assert await reader.read() == b""
    writer.close()


async def test_who_hangs_up_in_the_middle_harms_nobody(ground: Ground) -> None:
    for data in (b"P", b"POST /", HEAD + b"Content-Length: 5\r\n\r\nold"):
        _, writer = await asyncio.open_connection("127.0.0.1", ground.port)
        writer.write(data)
        writer.close()
        await writer.wait_closed()
    assert (await post(ground.port, asked(0, leaves(1)))).status == 200


async def test_so_many_connections_at_once(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 1)
    _, idle = await asyncio.open_connection("127.0.0.1", ground.port)
    reader, writer = await asyncio.open_connection("127.0.0.1", ground.port)
    said = await read_answer(reader)
    assert (said.status, said.headers["retry-after"]) == (503, "5")
    writer.close()
    idle.close()


async def test_a_disk_that_is_full_is_no_500(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("evenhand.witness.state.replace_file", full)
    said = await post(ground.port, asked(0, leaves(1)))
    assert (said.status, said.body) == (
        503,
        b"the state cannot be written: No space left on device\n",
    )
