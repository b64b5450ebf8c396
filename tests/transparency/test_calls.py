"""One request to a witness: every way in which an answer can be no answer."""

from __future__ import annotations

import pytest
from tests.transparency.talk import Talker, talking

from evenhand.platform.errors import Invalid
from evenhand.transparency.calls import Address, Reply, call, parse_address
from evenhand.transparency.model import WitnessAway

OK = b"HTTP/1.1 200 OK\r\n"


def address_of(talker: Talker) -> Address:
    return parse_address(f"http://127.0.0.1:{talker.port}/prefix/")


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (OK + b"Content-Length: 2\r\n\r\nhi", Reply(200, "", b"hi")),
        (
            OK + b"Content-Type: text/x.tlog.size; a=b\r\n\r\n5\n",
            Reply(200, "text/x.tlog.size", b"5\n"),
        ),
        (b"HTTP/1.0 409 \r\ncontent-length:0\r\n\r\n", Reply(409, "", b"")),
        (b"HTTP/1.1 204\r\nContent-Length: 9\r\n\r\n", Reply(204, "", b"")),
        (b"HTTP/1.1 103 Early\r\nA: b\r\n\r\n" + OK + b"\r\nhi", Reply(200, "", b"hi")),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
            Reply(200, "", b"hi0123456789"),
        ),
    ],
)
async def test_answers(data: bytes, reply: Reply) -> None:
    async with talking(data) as talker:
        assert (
            await call(address_of(talker), "POST", "/add-checkpoint", b"BODY", within_s=5) == reply
        )
    (request,) = talker.asked
    assert request.startswith(b"POST /prefix/add-checkpoint HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nContent-Length: 4\r\n" in request
    assert request.endswith(b"\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut off"),
        (b"SSH-2.0-x\r\n\r\n", "no status line"),
        (OK + b"Content-Length: 5\r\n\r\nhi", "cut off"),
        (OK + b"Content-Length: -5\r\n\r\nhi", "no length"),
        (OK + b"Content-Length: 70000\r\n\r\nhi", "longer than"),
        (OK + b"\r\n" + b"x" * 70_000, "longer than"),
        (OK + b"X: " + b"x" * 70_000, "no HTTP"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", "length of a chunk"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFF\r\n", "longer than"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi!!", "end of a chunk"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n", "cut off"),
    ],
)
async def test_no_answers(data: bytes, reason: str) -> None:
    async with talking(data) as talker:
        with pytest.raises(WitnessAway, match=reason):
            await call(address_of(talker), "POST", "/add-checkpoint", b"BODY", within_s=5)


async def test_who_hangs_and_who_is_away() -> None:
    async with talking(b"HTTP/1.1 200", hang=True) as talker:
        with pytest.raises(WitnessAway, match=r"no answer within 0\.05 s"):
            await call(address_of(talker), "POST", "/", b"BODY", within_s=0.05)
    with pytest.raises(WitnessAway, match="no connection"):
        await call(address_of(talker), "POST", "/", b"BODY", within_s=5)
    async with talking(OK + b"\r\n") as talker:
        secure = parse_address(f"https://127.0.0.1:{talker.port}")
        with pytest.raises(WitnessAway, match=r"no (connection|answer)"):
            await call(secure, "POST", "/", b"BODY", within_s=0.2)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("http://w.example", "w.example", ""),
        ("https://w.example:443/", "w.example", ""),
        ("https://w.example:80/a/b/", "w.example:80", "/a/b"),
        ("http://[::1]:8421/x", "[::1]:8421", "/x"),
    ],
)
def test_addresses(url: str, authority: str, path: str) -> None:
    address = parse_address(url)
    assert (address.authority, address.path) == (authority, path)
    assert address.secure is url.startswith("https")


@pytest.mark.parametrize(
    "url",
    [
        "w.example",
        "ftp://w.example/",
        "http:///a",
        "http://w.example:x/",
        "http://w.example:99999/",
        "http://w.example:0/",
        "http://w.example/?a",
        "http://w.example/#a",
        "http://u:p@w.example/",
        "http://é.example/",
        "http://[::1/",
    ],
)
def test_no_addresses(url: str) -> None:
    with pytest.raises(Invalid):
        parse_address(url)
