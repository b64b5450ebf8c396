"""HTTP on the wire: uvicorn's protocol, with our words for what is no HTTP, and limits on heads.

A head has to be whole `HEAD_WITHIN_S` after the connection was made or its first byte came. A
body's time is limited where it is read, since an import may take as long as it flows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from evenhand.platform.errors import Invalid
from evenhand.platform.web import problem_answer

from .exchange import EXCHANGE, Exchange

if TYPE_CHECKING:
    from asyncio import BaseTransport, TimerHandle

    from uvicorn._types import ASGI3Application, HTTPScope
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

__all__ = ["HEAD_BYTES_MAX", "HEAD_WITHIN_S", "Protocol"]

HEAD_WITHIN_S: Final = 30.0

HEAD_BYTES_MAX: Final = 64 * 1024
"""URL and headers of one request together. The parser itself would keep any number of them."""
_AROUND_BYTES: Final = len(b": \r\n")


class _HeadTooLong(Exception):
    """Ends the parsing; the parser turns it into its own error, and that is answered with 400."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    scope: HTTPScope
    _head_bytes = 0
    _in_head = True
    _head_limit: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:  # type: ignore[override]
        """Somebody connected, and has to say what he wants."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self._forget_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came. Nearly always they hold a whole head, and no timer is set for it."""
        super().data_received(data)
        if self._in_head:
            self._watch_head()
        elif self._head_limit is not None:
            self._forget_head()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_begin(self) -> None:
        """A new request on the connection."""
        self._head_bytes = 0
        self._in_head = True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._count(len(name) + len(value) + _AROUND_BYTES)
        super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - what went wrong stays inside
        """Answer a request that is no HTTP, and end the connection: where it ends is not known."""
        self._refuse(
            b"400 Bad Request",
            Invalid(
                "The request is no well-formed HTTP/1.1, or its head is too long.",
                code="http_malformed",
            ),
        )

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        cast("dict[str, object]", cycle.scope)[EXCHANGE] = Exchange(cycle)
        super()._start_asgi_task(cycle, app)

    def _watch_head(self) -> None:
        if self._head_limit is None:
            self._head_limit = self.loop.call_later(HEAD_WITHIN_S, self._head_stalled)

    def _forget_head(self) -> None:
        if self._head_limit is not None:
            self._head_limit.cancel()
            self._head_limit = None

    def _head_stalled(self) -> None:
        self._head_limit = None
        if not self.transport.is_closing():
            self._refuse(
                b"408 Request Timeout",
                Invalid(
                    f"The head did not come within {HEAD_WITHIN_S:.0f} s.", code="request_too_slow"
                ),
            )

    def _refuse(self, status: bytes, refusal: Invalid) -> None:
        """Answer without an application, and end the connection."""
        answer = problem_answer(refusal)
        lines = [
            b"HTTP/1.1 " + status,
            b"connection: close",
            b"x-content-type-options: nosniff",
        ]
        lines += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + bytes(answer.body))
        self.transport.close()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX:
            raise _HeadTooLong
