"""One request and its answer as the connection holds them: the short way past ASGI's messages.

uvicorn takes an answer in two messages, checks each header and writes twice. A whole answer that
is made of our own fixed headers is written at once. Whatever this cannot do (a body that is still
coming, a caller that reads slowly) it leaves to the ordinary messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

__all__ = ["EXCHANGE", "Exchange"]

EXCHANGE: Final = "evenhand.exchange"
"""Key of the scope under which the protocol puts it."""


class Exchange:
    """Around uvicorn's cycle of one request; touches nothing before `answer`."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def whole_body(self) -> bytes | None:
        """The body if all of it is here. It stays: `receive` gives it too."""
        return None if self._cycle.more_body else bytes(self._cycle.body)

    def answer(self, status: int, head: bytes, body: bytes | memoryview) -> bool:
        """Send a whole answer; `head` is lines of headers without the length. False: not sent."""
        cycle = self._cycle
        if cycle.response_started or cycle.flow.write_paused:
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if cycle.disconnected:
            return True
        pieces = [STATUS_LINE[status]]
        for name, value in cycle.default_headers:
            pieces += (name, b": ", value, b"\r\n")
        pieces += (head, b"content-length: %d\r\n" % len(body))
        pieces.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        pieces.append(bytes(body))
        cycle.transport.write(b"".join(pieces))
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True
