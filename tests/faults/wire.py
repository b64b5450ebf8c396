"""Requests as bytes on a socket: everything that a well-behaved client library would not send."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, its header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The stable code of a problem."""
        return str(self.json["code"])


def open_socket(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT_S)


def head_of(
    method: str,
    path: str,
    *,
    key: str | None = None,
    headers: dict[str, str] | None = None,
) -> bytes:
    """Request line and headers, without the blank line."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n"


def ask(
    url: str,
    method: str,
    path: str,
    *,
    key: str | None = None,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """One request on a connection of its own. A body is JSON unless the headers say otherwise."""
    sent = {"Connection": "close", **(headers or {})}
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
        sent.setdefault("Content-Length", str(len(body)))
    return raw(url, head_of(method, path, key=key, headers=sent) + b"\r\n" + (body or b""))


def post(url: str, path: str, value: object, *, key: str | None = None, **more: str) -> Answer:
    """POST a JSON value; `more` are headers with `_` for `-`."""
    headers = {name.replace("_", "-"): text for name, text in more.items()}
    return ask(url, "POST", path, key=key, body=json.dumps(value).encode(), headers=headers)


def raw(url: str, data: bytes, *, half_close: bool = False) -> Answer:
    """Send exactly these bytes and read one answer.

    `half_close` ends our side after sending: an upload that stops short of its length.
    """
    with open_socket(url) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The service answered before it had read everything; the answer is there.
        return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    """Read one answer: by its length, by chunks, or until the connection closes.

    Raises ConnectionError when the connection closes before the answer is whole.
    """
    with connection.makefile("rb") as stream:
        first = stream.readline()
        if not first:
            raise ConnectionError("no answer came")
        status = int(first.split()[1])
        headers: dict[str, str] = {}
        while (line := stream.readline().rstrip(b"\r\n")) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        if status == 204:
            return Answer(status, headers, b"")
        if headers.get("content-type", "").startswith("text/event-stream"):
            # A stream of events has no end: what it begins with is its answer.
            return Answer(status, headers, stream.read(int(stream.readline(), 16)))
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, _read_chunks(stream))
        if "content-length" in headers:
            length = int(headers["content-length"])
            body = stream.read(length)
            if len(body) != length:
                raise ConnectionError("the answer is cut short")
            return Answer(status, headers, body)
        return Answer(status, headers, stream.read())


def _read_chunks(stream: Any) -> bytes:
    pieces: list[bytes] = []
    while True:
        size_line = stream.readline()
        if not size_line:
            raise ConnectionError("the answer is cut short")
        size = int(size_line, 16)
        piece = stream.read(size)
        if len(piece) != size:
            raise ConnectionError("the answer is cut short")
        stream.readline()
        if size == 0:
            return b"".join(pieces)
        pieces.append(piece)
