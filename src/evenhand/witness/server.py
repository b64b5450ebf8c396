"""HTTP/1.1, as much of it as a witness needs, and nothing that is not understood.

Bounds: so many connections at once, 16 KiB of head, a body of the length that its head announces
and at most `ADD_CHECKPOINT_BYTES_MAX`, a time-out for each. What is not plainly well-formed is
answered with 400 and the connection is closed, since where it ends is not known.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from evenhand.tlog import (
    ADD_CHECKPOINT_BYTES_MAX,
    SIZE_MEDIA_TYPE,
    Refusal,
    WitnessRefusal,
    render_size,
)
from evenhand.witness.errors import WitnessError
from evenhand.witness.witness import Witness

CONNECTIONS_MAX = 256
HEAD_BYTES_MAX = 16_384
IDLE_S = 60.0
HEAD_WITHIN_S = 10.0
BODY_WITHIN_S = 15.0
ANSWER_WITHIN_S = 15.0
STOP_WITHIN_S = 0.2

_TEXT = "text/plain; charset=utf-8"
_REQUEST_LINE = re.compile(r"([A-Z]{1,20}) (/[!-~]*) HTTP/1\.([01])")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
_LENGTH = re.compile("[0-9]{1,9}")
_CHECKPOINT = re.compile("/([0-9a-f]{64})/checkpoint")
_ADD_CHECKPOINT = "/add-checkpoint"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body, and headers beside those that every answer has."""

    status: HTTPStatus
    body: bytes
    media_type: str = _TEXT
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class _Refused(Exception):
    """The request is answered so, and the connection is closed: the rest of it is not read."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.answer = Answer(status, f"{sentence}\n".encode())


@dataclass(frozen=True, slots=True)
class _Head:
    method: str
    target: str
    length: int | None
    keep_alive: bool
    expects: bool


class WitnessServer:
    """Answers for one witness, from `serve` until its end."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._open: set[asyncio.Task[None]] = set()

    async def serve(
        self, host: str, port: int, *, stop: asyncio.Event, ready: Callable[[str], None]
    ) -> None:
        """Listen until `stop`; `ready` is called with the address before.

        Raises:
            OSError: The address cannot be used.
        """
        server = await asyncio.start_server(self._connected, host, port, limit=HEAD_BYTES_MAX)
        try:
            name = f"[{host}]" if ":" in host else host
            ready(f"http://{name}:{server.sockets[0].getsockname()[1]}")
            await stop.wait()
        finally:
            server.close()
            # What is being decided is finished and answered; whoever only stays connected is not
            # waited for.
            await self._witness.finish()
            if self._open:
                await asyncio.wait(self._open, timeout=STOP_WITHIN_S)
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("asyncio calls this in a task")
        self._open.add(task)
        try:
            if len(self._open) > CONNECTIONS_MAX:
                await _send(writer, _busy("too many connections"), keep_alive=False)
            else:
                await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # Who asked has gone away, or reads too slowly to be answered.
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        keep_alive = True
        while keep_alive:
            try:
                first = await _first_byte(reader)
                if not first:
                    return
                head = await _read_head(reader, first)
                body = await _read_body(reader, writer, head)
                keep_alive = head.keep_alive
                answer = await self._answer(head, body)
            except _Refused as refused:
                keep_alive, answer = False, refused.answer
            await _send(writer, answer, keep_alive=keep_alive)

    async def _answer(self, head: _Head, body: bytes) -> Answer:
        match = _CHECKPOINT.fullmatch(head.target)
        if match is None and head.target != _ADD_CHECKPOINT:
            return Answer(HTTPStatus.NOT_FOUND, b"there is nothing under this address\n")
        wanted = "POST" if match is None else "GET"
        if head.method != wanted:
            sentence = f"only {wanted} is understood here\n".encode()
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, sentence, headers={"Allow": wanted})
        if match is None:
            return await self._add_checkpoint(body)
        note = self._witness.checkpoint(match[1])
        if note is None:
            return Answer(HTTPStatus.NOT_FOUND, b"nothing was cosigned for this log\n")
        return Answer(HTTPStatus.OK, note, headers={"Cache-Control": "no-cache"})

    async def _add_checkpoint(self, body: bytes) -> Answer:
        try:
            return Answer(HTTPStatus.OK, await self._witness.add_checkpoint(body))
        except WitnessRefusal as refusal:
            if refusal.refusal is Refusal.OTHER_SIZE and refusal.size is not None:
                return Answer(HTTPStatus.CONFLICT, render_size(refusal.size), SIZE_MEDIA_TYPE)
            return Answer(HTTPStatus(refusal.refusal), f"{_printable(refusal)}\n".encode())
        except WitnessError as error:
            return _busy(_printable(error))


def _printable(error: Exception) -> str:
    return "".join(c if c.isprintable() else "?" for c in str(error))


def _busy(sentence: str) -> Answer:
    return Answer(
        HTTPStatus.SERVICE_UNAVAILABLE, f"{sentence}\n".encode(), headers={"Retry-After": "5"}
    )


async def _first_byte(reader: asyncio.StreamReader) -> bytes:
    """The first byte of the next request; nothing when the connection ends or stays idle."""
    try:
        async with asyncio.timeout(IDLE_S):
            return await reader.read(1)
    except TimeoutError:
        return b""


async def _read_head(reader: asyncio.StreamReader, first: bytes) -> _Head:
    try:
        async with asyncio.timeout(HEAD_WITHIN_S):
            data = first + await reader.readuntil(b"\r\n\r\n")
    except TimeoutError as error:
        raise _Refused(HTTPStatus.REQUEST_TIMEOUT, "the head did not come in time") from error
    except asyncio.LimitOverrunError as error:
        raise _Refused(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is too long"
        ) from error
    return _parse_head(data.removesuffix(b"\r\n\r\n").decode("latin-1"))


def _parse_head(text: str) -> _Head:
    line, *fields = text.split("\r\n")
    request = _REQUEST_LINE.fullmatch(line)
    if request is None:
        raise _Refused(HTTPStatus.BAD_REQUEST, "the first line is no HTTP/1.1 request line")
    headers: dict[str, str] = {}
    for one in fields:
        match = _HEADER.fullmatch(one)
        if match is None:
            raise _Refused(HTTPStatus.BAD_REQUEST, "a header is malformed")
        name = match[1].lower()
        if name in headers and name in {"content-length", "host", "transfer-encoding"}:
            raise _Refused(HTTPStatus.BAD_REQUEST, f"the header {name} stands twice")
        headers[name] = match[2] if name not in headers else f"{headers[name]}, {match[2]}"
    newer = request[3] == "1"
    if newer and "host" not in headers:
        raise _Refused(HTTPStatus.BAD_REQUEST, "the header host is missing")
    if "transfer-encoding" in headers:
        raise _Refused(HTTPStatus.LENGTH_REQUIRED, "send the body with a content-length")
    length = headers.get("content-length")
    if length is not None and _LENGTH.fullmatch(length) is None:
        raise _Refused(HTTPStatus.BAD_REQUEST, "the content-length is no number")
    expected = headers.get("expect", "").lower()
    if expected not in {"", "100-continue"}:
        raise _Refused(HTTPStatus.EXPECTATION_FAILED, "this expectation is not understood")
    wishes = {one.strip().lower() for one in headers.get("connection", "").split(",")}
    return _Head(
        method=request[1],
        target=request[2],
        length=None if length is None else int(length),
        keep_alive=newer and "close" not in wishes,
        expects=newer and bool(expected),
    )


async def _read_body(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: _Head
) -> bytes:
    if head.length is None:
        if head.method == "POST":
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "send the body with a content-length")
        return b""
    if head.length > ADD_CHECKPOINT_BYTES_MAX:
        raise _Refused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body is longer than {ADD_CHECKPOINT_BYTES_MAX} bytes",
        )
    if head.expects:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            return await reader.readexactly(head.length)
    except TimeoutError as error:
        raise _Refused(HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time") from error


async def _send(writer: asyncio.StreamWriter, answer: Answer, *, keep_alive: bool) -> None:
    lines = [
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
        f"Content-Type: {answer.media_type}",
        f"Content-Length: {len(answer.body)}",
        "X-Content-Type-Options: nosniff",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    writer.write("\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + answer.body)
    async with asyncio.timeout(ANSWER_WITHIN_S):
        await writer.drain()
