from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.platform.postgres.probe import Answer, probe, read_answer, startup_message


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", 4 + len(body)) + body


def error(code: bytes) -> bytes:
    return message(b"E", b"SFATAL\0C" + code + b"\0Mno C57P03 here\0\0")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"), Answer.ACCEPTS),
        (error(b"57P03"), Answer.NOT_YET),
        (error(b"53300"), Answer.ACCEPTS),
        (error(b"28000"), Answer.ACCEPTS),
        (b"", Answer.NOT_YET),
        (b"HTTP/1.1 400", Answer.NOT_YET),
    ],
)
def test_first_answers_are_understood(said: bytes, answer: Answer) -> None:
    assert read_answer(said) is answer


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_get_an_answer(said: bytes) -> None:
    assert read_answer(said) in Answer


def test_startup_message_has_the_documented_layout() -> None:
    assert startup_message(user="u", database="d") == (
        b"\0\0\0\x1b\0\x03\0\0user\0u\0database\0d\0\0"
    )


def serve(path: Path, *pieces: bytes, pause: Callable[[], object] = lambda: None) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        link, _ = listener.accept()
        with link:
            link.recv(1000)
            for piece in pieces:
                link.sendall(piece)
            pause()


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        ((b"R\0\0", b"\0\x08", b"\0\0\0\0"), Answer.ACCEPTS),
        ((error(b"57P03")[:20], error(b"57P03")[20:]), Answer.NOT_YET),
        ((), Answer.NOT_YET),
    ],
)
def test_a_socket_is_probed(folder: Path, pieces: tuple[bytes, ...], answer: Answer) -> None:
    path = folder / "socket"
    thread = threading.Thread(target=serve, args=(path, *pieces))
    thread.start()
    found = Answer.ABSENT
    # Until the thread listens, nobody does.
    while found is Answer.ABSENT:
        found = probe(str(path), timeout_s=5)
    thread.join()
    assert found is answer
    assert probe(str(path), timeout_s=1) is Answer.ABSENT
    assert probe(str(folder / "none"), timeout_s=1) is Answer.ABSENT


def test_a_silent_server_is_not_ready(folder: Path) -> None:
    path, done = folder / "socket", threading.Event()
    thread = threading.Thread(target=serve, args=(path,), kwargs={"pause": done.wait})
    thread.start()
    found = Answer.ABSENT
    while found is Answer.ABSENT:
        found = probe(str(path), timeout_s=0.2)
    done.set()
    thread.join()
    assert found is Answer.NOT_YET


def test_a_full_backlog_is_not_ready(folder: Path) -> None:
    path = str(folder / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(path)
        assert probe(path, timeout_s=0.1) is Answer.NOT_YET
        for one in waiting:
            one.close()
