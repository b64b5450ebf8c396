"""HTTP on the wire: uvicorn's protocol, with our words for what is no HTTP and a limit on heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from evenhand.platform.errors import Invalid
from evenhand.platform.web import problem_answer

if TYPE_CHECKING:
    from uvicorn._types import HTTPScope

__all__ = ["HEAD_BYTES_MAX", "Protocol"]

HEAD_BYTES_MAX: Final = 64 * 1024
"""URL and headers of one request together. The parser itself would keep any number of them."""
_AROUND_BYTES: Final = len(b": \r\n")


class _HeadTooLong(Exception):
    """Ends the parsing; the parser turns it into its own error, and that is answered with 400."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    scope: HTTPScope
    _head_bytes = 0

    def on_message_begin(self) -> None:
        """A new request on the connection."""
        self._head_bytes = 0
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
        answer = problem_answer(
            Invalid(
                "The request is no well-formed HTTP/1.1, or its head is too long.",
                code="http_malformed",
            )
        )
        lines = [
            b"HTTP/1.1 400 Bad Request",
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
