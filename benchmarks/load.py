"""Annotators without pauses: each submits an answer, reads the next lease from the answer, repeats.

A client of its own since it runs on the cores that it measures: raw sockets, HTTP/1.1 kept alive,
request heads built once, and of an answer only the status, the length and one pattern are read. It
counts a cycle only when the answer is 201 and carries a lease with its payload and its receipt.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service import Running

__all__ = ["Load", "LoadFailed", "percentile_ms", "run_load"]

_CREATED, _OK = b"201", b"200"
_LAST_WITHIN_S = 10.0
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_LEASE = re.compile(
    rb'"leases":\[\{"id":"([0-9a-f-]{36})".*?"order":"(given|swapped)","payload":\{.+\},'
    rb'"receipt":\{"index":[0-9]+',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Load:
    """What was seen in the measured time: ascending latencies in seconds, one for each cycle."""

    seconds: float
    latencies_s: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Cycles per second."""
        return len(self.latencies_s) / self.seconds


def percentile_ms(ascending_s: Sequence[float], share: float) -> float:
    """The value below which `share` of the latencies lie, in milliseconds (nearest rank)."""
    place = min(len(ascending_s) - 1, int(len(ascending_s) * share))
    return ascending_s[place] * 1000


class LoadFailed(Exception):
    """An answer was not what a cycle needs; the message holds its beginning."""


class _Annotator(asyncio.Protocol):
    """One annotator on one connection."""

    def __init__(self, *, path: str, host: str, key: str, failed: asyncio.Future[None]) -> None:
        rest = (
            f" HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )
        self._lease_head = f"POST {path}/leases{rest}".encode()
        self._submit_head = f"POST {path}/judgments{rest}".encode()
        self._failed = failed
        self._buffer = b""
        self._need = 0
        self._wanted = _OK
        self._sent_s = 0.0
        self._transport: asyncio.Transport | None = None
        self.stopping = False
        self.measuring = False
        self.latencies_s: list[float] = []
        self.idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first lease; any that is held already is given again."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class.
        self._send(self._lease_head, b'{"hold":1}')

    def connection_lost(self, exc: Exception | None) -> None:
        """The service never closes a connection of its own accord here."""
        if not self.stopping and not self._failed.done():
            self._failed.set_exception(LoadFailed(f"connection lost: {exc}"))

    def data_received(self, data: bytes) -> None:
        """Collect until one whole answer is there."""
        self._buffer = self._buffer + data if self._buffer else data
        if not self._need:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._buffer, 0, end + 2)
            if length is None:
                self._fail()
                return
            self._need = end + 4 + int(length[1])
        if len(self._buffer) >= self._need:
            self._answered()

    def _answered(self) -> None:
        now_s = time.perf_counter()
        found = _LEASE.search(self._buffer)
        if self._buffer[9:12] != self._wanted or found is None:
            self._fail()
            return
        if self.measuring and self._wanted is _CREATED:
            self.latencies_s.append(now_s - self._sent_s)
        self._buffer, self._need = b"", 0
        if self.stopping:
            self.idle.set_result(None)
            return
        self._wanted = _CREATED
        self._send(
            self._submit_head,
            b'{"lease_id":"%b","answer":{"choice":"left","order":"%b"},"active_ms":1200,'
            b'"next":{"hold":1}}' % (found[1], found[2]),
        )

    def _send(self, head: bytes, body: bytes) -> None:
        if self._transport is None:
            raise RuntimeError("not connected")
        self._sent_s = time.perf_counter()
        self._transport.write(b"%b%d\r\n\r\n%b" % (head, len(body), body))

    def _fail(self) -> None:
        self.stopping = True
        if not self._failed.done():
            self._failed.set_exception(LoadFailed(self._buffer[:1500].decode(errors="replace")))

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()


async def run_load(
    service: Running,
    *,
    project: str,
    keys: Sequence[str],
    warm_s: float,
    seconds: float,
    measured: asyncio.Event,
) -> Load:
    """Run one annotator for each key. `measured` is set when the measured time begins.

    Raises:
        LoadFailed: an answer was not a cycle; nothing is hidden in an error count.
    """
    loop = asyncio.get_running_loop()
    parts = urlsplit(service.url)
    failed: asyncio.Future[None] = loop.create_future()
    annotators: list[_Annotator] = []
    for key in keys:
        annotator = _Annotator(
            path=f"/api/v1/projects/{project}", host=parts.netloc, key=key, failed=failed
        )
        await loop.create_connection(
            lambda one=annotator: one, parts.hostname or "127.0.0.1", parts.port or 80
        )
        annotators.append(annotator)
    try:
        await _pause(failed, warm_s)
        for annotator in annotators:
            annotator.measuring = True
        measured.set()
        began_s = time.perf_counter()
        await _pause(failed, seconds)
        took_s = time.perf_counter() - began_s
        for annotator in annotators:
            annotator.measuring = False
            annotator.stopping = True
        await _finish(failed, annotators)
    finally:
        for annotator in annotators:
            annotator.close()
    latencies = sorted(one for annotator in annotators for one in annotator.latencies_s)
    return Load(took_s, tuple(latencies))


async def _finish(failed: asyncio.Future[None], annotators: Sequence[_Annotator]) -> None:
    """Wait for the answers that are on their way.

    Raises:
        LoadFailed: one of them failed, or did not come.
    """
    everybody = asyncio.gather(*(one.idle for one in annotators))
    await asyncio.wait(
        {failed, everybody}, timeout=_LAST_WITHIN_S, return_when=asyncio.FIRST_COMPLETED
    )
    if failed.done():
        failed.result()
    if not everybody.done():
        everybody.cancel()
        raise LoadFailed(f"an answer did not come within {_LAST_WITHIN_S:.0f} s")


async def _pause(failed: asyncio.Future[None], seconds: float) -> None:
    done, _ = await asyncio.wait([failed], timeout=seconds)
    for one in done:
        one.result()
