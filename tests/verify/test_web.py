import gzip
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.verify.logs import LOG, Server, entries, serving, write_log

from evenhand.tlog import TilePath
from evenhand.verify import (
    UnreachableError,
    VerificationError,
    WrongUseError,
    pull_log,
    verify_log,
)
from evenhand.verify.web import WebSource

KEY = LOG.verifier


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    write_log(tmp_path / "log", entries(5_000))
    with serving(tmp_path / "log") as running:
        yield running


def fast(server: Server, **more: Any) -> WebSource:
    return WebSource(server.address, pauses_s=(0.01, 0.01), **more)


def test_a_log_on_the_web(server: Server) -> None:
    report = verify_log(server.address + "/", KEY)
    assert report.size == 5_000
    assert len(server.requests) == report.tiles + report.bundles + 1
    assert all(key is None for _, key in server.requests)


def test_no_proxy_stands_before_this_machine(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fast(server).find("checkpoint", bytes_max=10_000)


def test_compressed_answers(server: Server, tmp_path: Path) -> None:
    server.compress = True
    pull_log(server.address, tmp_path / "copy", log=KEY)
    assert verify_log(str(tmp_path / "copy"), KEY).size == 5_000


def test_the_api_key_is_sent(server: Server) -> None:
    server.api_key = "live_secret"
    with pytest.raises(UnreachableError, match=r"401.*--api-key-file"):
        verify_log(server.address, KEY)
    assert verify_log(server.address, KEY, api_key="live_secret").size == 5_000
    assert "live_secret" not in repr(WebSource(server.address, api_key="live_secret"))


def test_no_redirect_to_another_host(server: Server) -> None:
    with serving(server.folder) as other:
        target = f"{other.address}/checkpoint"
        for status in (301, 302, 303, 307, 308):
            server.answers["checkpoint"] = (status, {"Location": target}, b"")
            with pytest.raises(UnreachableError, match="redirects to another host"):
                verify_log(server.address, KEY, api_key="live_secret")
        for target in ("file:///etc/hostname", "//127.0.0.2/x", "ftp://127.0.0.1/x"):
            server.answers["checkpoint"] = (302, {"Location": target}, b"")
            with pytest.raises(UnreachableError):
                verify_log(server.address, KEY)
        assert other.requests == []


def test_a_redirect_on_the_same_host_is_followed(server: Server) -> None:
    server.answers["checkpoint"] = (302, {"Location": "/log/w/latest"}, b"")
    note = (server.folder / "checkpoint").read_bytes()
    server.answers["latest"] = (200, {}, note)
    assert fast(server).find("checkpoint", bytes_max=10_000) == note


def test_endless_redirects_end(server: Server) -> None:
    server.answers["checkpoint"] = (302, {"Location": "/log/w/checkpoint"}, b"")
    with pytest.raises(UnreachableError):
        fast(server).find("checkpoint", bytes_max=10_000)


def test_a_missing_tile_is_a_refusal(server: Server) -> None:
    (server.folder / "tile/0/003").unlink()
    with pytest.raises(VerificationError, match="tile/0/003: missing"):
        verify_log(server.address, KEY)
    (server.folder / "checkpoint").unlink()
    with pytest.raises(UnreachableError, match="no file named checkpoint"):
        verify_log(server.address, KEY)


def test_a_changed_tile_is_a_refusal(server: Server) -> None:
    server.answers["tile/entries/007"] = (200, {}, b"\0\1x" * 256)
    with pytest.raises(VerificationError, match="tile/entries/007, entry 1792"):
        verify_log(server.address, KEY)


def test_a_passing_fault_is_tried_again(server: Server) -> None:
    server.faults_left = 2
    assert fast(server).find("checkpoint", bytes_max=10_000)
    server.faults_left = 3
    with pytest.raises(UnreachableError, match="status 503"):
        fast(server).find("checkpoint", bytes_max=10_000)


def test_a_lasting_fault_is_not(server: Server) -> None:
    server.answers["checkpoint"] = (418, {}, b"")
    with pytest.raises(UnreachableError, match="status 418"):
        fast(server).find("checkpoint", bytes_max=10_000)
    assert len(server.requests) == 1


def test_too_long_an_answer_is_cut(server: Server) -> None:
    server.answers["checkpoint"] = (200, {}, b"x" * 101)
    with pytest.raises(UnreachableError, match="longer than 100 bytes"):
        fast(server).find("checkpoint", bytes_max=100)


@pytest.mark.parametrize(
    ("body", "encoding", "message"),
    [
        (gzip.compress(b"x" * 10_000_000, mtime=0), "gzip", "too long"),
        (gzip.compress(b"x", mtime=0)[:-1], "gzip", "cut off"),
        (gzip.compress(b"x", mtime=0) + b"y", "gzip", "has a tail"),
        (b"not compressed", "gzip", "damaged"),
    ],
)
def test_bad_compression(server: Server, body: bytes, encoding: str, message: str) -> None:
    server.answers["checkpoint"] = (200, {"Content-Encoding": encoding}, body)
    with pytest.raises(VerificationError, match=message):
        fast(server).find("checkpoint", bytes_max=50_000)


def test_encodings(server: Server) -> None:
    server.answers["checkpoint"] = (200, {"Content-Encoding": "br"}, b"x")
    with pytest.raises(UnreachableError, match="not asked for"):
        fast(server).find("checkpoint", bytes_max=100)
    server.answers["checkpoint"] = (200, {"Content-Encoding": "identity"}, b"x")
    assert fast(server).find("checkpoint", bytes_max=100) == b"x"


def test_a_cut_answer_is_not_taken(server: Server) -> None:
    server.answers["checkpoint"] = (200, {"Content-Length": "10"}, b"x")
    with pytest.raises(UnreachableError):
        fast(server).find("checkpoint", bytes_max=100)


def test_nobody_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    source = WebSource(f"http://127.0.0.1:{port}/log", pauses_s=())
    with pytest.raises(UnreachableError, match="cannot be read"):
        source.find("checkpoint", bytes_max=100)


def test_an_answer_that_drips_is_cut() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1_000)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
                for _ in range(40):
                    time.sleep(0.05)
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = Thread(target=drip)
        thread.start()
        port = listener.getsockname()[1]
        source = WebSource(f"http://127.0.0.1:{port}/log", pauses_s=(), deadline_s=0.3)
        with pytest.raises(UnreachableError, match="too long"):
            source.find("checkpoint", bytes_max=100)
        thread.join()


@pytest.mark.parametrize(
    "address",
    [
        "ftp://127.0.0.1/log",
        "file:///etc",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://user:word@127.0.0.1/",
        "http://127.0.0.1/log?key=1",
        "http://127.0.0.1/log#x",
        "http://127.0.0.1/l\nog",
        "http://127.0.0.1/lög",
    ],
)
def test_what_is_no_address_of_a_log(address: str) -> None:
    with pytest.raises(WrongUseError):
        verify_log(address, KEY)


def test_a_server_is_not_listed() -> None:
    assert WebSource("https://log.example/w").partial_widths(TilePath(0, 0)) == ()
