"""Ask a socket whether a server accepts sessions, without signing in.

The start-up message of protocol 3.0 is answered by an authentication request when the server is
ready, and by an error with SQLSTATE 57P03 while it starts, recovers or shuts down. Closing then
is silent on the server's side. Source: PostgreSQL documentation, "Message Formats".
"""

from __future__ import annotations

import enum
import socket
import struct

from .model import DATABASE, SUPERUSER

__all__ = ["Answer", "probe", "read_answer", "startup_message"]

_PROTOCOL_3_0 = 3 << 16
_NOT_YET = b"57P03"
_MESSAGE_BYTES_MAX = 2000


class Answer(enum.Enum):
    """What a socket said."""

    ABSENT = "nobody listens"
    NOT_YET = "a server listens and takes no sessions yet, or no more"
    ACCEPTS = "the server takes sessions"


def probe(path: str, *, timeout_s: float) -> Answer:
    """Connect to the socket file `path` and read the first answer.

    A server that accepts the connection but stays silent (paused, or starved) is NOT_YET.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(timeout_s)
        try:
            link.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return Answer.ABSENT
        except (TimeoutError, BlockingIOError):
            return Answer.NOT_YET
        received = b""
        try:
            link.sendall(startup_message())
            while not _is_whole(received) and (piece := link.recv(_MESSAGE_BYTES_MAX)):
                received += piece
        except (TimeoutError, ConnectionError):
            return Answer.NOT_YET
    return read_answer(received)


def startup_message(*, user: str = SUPERUSER, database: str = DATABASE) -> bytes:
    """StartupMessage: length, version, and pairs of zero-terminated strings."""
    pairs = (b"user", user.encode(), b"database", database.encode())
    body = struct.pack("!i", _PROTOCOL_3_0) + b"".join(part + b"\0" for part in pairs) + b"\0"
    return struct.pack("!i", 4 + len(body)) + body


def read_answer(message: bytes) -> Answer:
    """Judge the server's first message. Any refusal but 57P03 still comes from a ready server."""
    kind, fields = message[:1], message[5:].split(b"\0")
    if kind == b"R":
        return Answer.ACCEPTS
    if kind == b"E":
        codes = [field[1:] for field in fields if field[:1] == b"C"]
        return Answer.NOT_YET if _NOT_YET in codes else Answer.ACCEPTS
    return Answer.NOT_YET


def _is_whole(received: bytes) -> bool:
    if len(received) < 5:  # noqa: PLR2004 - one byte of kind, four of length
        return False
    (length,) = struct.unpack("!i", received[1:5])
    return len(received) >= 1 + min(length, _MESSAGE_BYTES_MAX)
