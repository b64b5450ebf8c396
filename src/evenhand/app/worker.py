"""A web process of a service with several: `python -m evenhand.app.worker`, started by the parent.

It reads one line of JSON from standard input, serves the inherited socket, says `ready`, and ends
on SIGTERM or when the parent's end of the pipe closes (the parent was killed).
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import sys
from typing import TYPE_CHECKING, cast

import uvloop

from .serving import serve_socket, settings_of

if TYPE_CHECKING:
    from io import BufferedReader, RawIOBase

    from evenhand.platform.migrations import AppLogin
    from evenhand.platform.settings import Settings


async def _work(settings: Settings, login: AppLogin, descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    stop, ready = asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    loop.add_reader(sys.stdin.fileno(), stop.set)
    listener = socket.socket(fileno=descriptor)
    serving = asyncio.create_task(serve_socket(settings, login, listener, stop=stop, ready=ready))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if ready.is_set():
        print("ready", flush=True)
    await serving


def main() -> None:
    """Serve until told to stop."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # Unbuffered: what follows the line, the pipe's end, must stay visible to the loop's reader.
    line = cast("BufferedReader[RawIOBase]", sys.stdin.buffer).raw.readline()
    settings, login, descriptor = settings_of(json.loads(line))
    uvloop.run(_work(settings, login, descriptor))


if __name__ == "__main__":
    main()
