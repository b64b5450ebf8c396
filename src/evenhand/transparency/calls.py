"""One HTTP/1.1 request to a witness, on the standard library, bounded in length and time.

The witness is not trusted: nothing that it sends can be longer than `_BODY_BYTES_MAX` or take
longer than the caller says, and no redirect is followed. Who asked checks what it answers.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import urlsplit

from evenhand.platform.errors import Invalid

from .model import WitnessAway

__all__ = ["Address", "Reply", "call", "parse_address"]

_HEAD_BYTES_MAX: Final = 16_384
_BODY_BYTES_MAX: Final = 65_536
_STATUS_LINE = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})( .*)?")
_CHUNK_LINE = re.compile(r"([0-9A-Fa-f]{1,8})[ \t]*(;.*)?\r\n")
_LENGTH = re.compile("[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Address:
    """A witness's submission prefix."""

    url: str
    secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.secure else 80
        return host if self.port == usual else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    media_type: str
    body: bytes


def parse_address(url: str) -> Address:
    """Read a submission prefix.

    Raises:
        Invalid: it is not plainly an http or https address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid(f"{url!r} is no address: {error}.", code="witness_policy_refused") from error
    plain = url.isascii() and url.isprintable() and not {"?", "#", " "} & set(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or not plain:
        raise Invalid(f"{url!r} is no http or https address.", code="witness_policy_refused")
    if parts.username is not None:
        raise Invalid(f"{url!r} has a user name.", code="witness_policy_refused")
    secure = parts.scheme == "https"
    return Address(
        url=url,
        secure=secure,
        host=parts.hostname,
        port=port or (443 if secure else 80),
        path=parts.path.rstrip("/"),
    )


async def call(
    address: Address,
    method: Literal["GET", "POST"],
    path: str,
    body: bytes = b"",
    *,
    within_s: float,
) -> Reply:
    """One request below a prefix.

    Raises:
        WitnessAway: no connection, no answer in time, or an answer that is no HTTP or too long.
    """
    head = (
        f"{method} {address.path}{path} HTTP/1.1\r\n"
        f"Host: {address.authority}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"User-Agent: evenhand\r\n"
        f"Connection: close\r\n\r\n"
    )
    try:
        async with asyncio.timeout(within_s):
            return await _ask(address, head.encode("ascii") + body)
    except TimeoutError as error:
        raise WitnessAway(f"no answer within {within_s:g} s") from error
    except asyncio.IncompleteReadError as error:
        raise WitnessAway("the answer was cut off") from error
    except (asyncio.LimitOverrunError, ValueError) as error:
        raise WitnessAway(f"the answer is no HTTP: {error}") from error
    except OSError as error:
        raise WitnessAway(f"no connection ({error.strerror or type(error).__name__})") from error


async def _ask(address: Address, request: bytes) -> Reply:
    reader, writer = await asyncio.open_connection(
        address.host,
        address.port,
        ssl=ssl.create_default_context() if address.secure else None,
        limit=_HEAD_BYTES_MAX,
    )
    try:
        writer.write(request)
        await writer.drain()
        return await read_reply(reader)
    finally:
        # Not waited for: who does not close its end is let go.
        writer.close()


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """Read an answer to its end; interim answers (1xx) are passed over.

    Raises:
        ValueError: it is no HTTP, or too long.
        asyncio.IncompleteReadError: it was cut off.
        asyncio.LimitOverrunError: its head, or a line of it, is too long.
    """
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise ValueError("no status line")
        if not match[1].startswith("1"):
            break
    status = int(match[1])
    headers = {
        name.lower(): value.strip(" \t") for name, _, value in (f.partition(":") for f in fields)
    }
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        return Reply(status, media_type, b"")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Reply(status, media_type, await _read_chunks(reader))
    length = headers.get("content-length")
    if length is None:
        body = bytearray()
        while piece := await reader.read(_HEAD_BYTES_MAX):
            body += piece
            _check_length(len(body))
        return Reply(status, media_type, bytes(body))
    if _LENGTH.fullmatch(length) is None:
        raise ValueError("no length")
    _check_length(int(length))
    return Reply(status, media_type, await reader.readexactly(int(length)))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        match = _CHUNK_LINE.fullmatch((await reader.readuntil(b"\n")).decode("latin-1"))
        if match is None:
            raise ValueError("no length of a chunk")
        length = int(match[1], 16)
        _check_length(len(body) + length)
        if not length:
            return bytes(body)
        body += await reader.readexactly(length)
        if await reader.readexactly(2) != b"\r\n":
            raise ValueError("no end of a chunk")


def _check_length(length: int) -> None:
    if length > _BODY_BYTES_MAX:
        raise ValueError(f"longer than {_BODY_BYTES_MAX} bytes")
