"""Servers that answer what a test says, whatever is asked; gone without a trace at the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Talker:
    """A port, and the heads of the requests that came to it."""

    port: int = 0
    asked: list[bytes] = field(default_factory=list[bytes])


@asynccontextmanager
async def talking(*answers: bytes, hang: bool = False) -> AsyncGenerator[Talker]:
    """Answers each request with the next of these, the last one again and again; with `hang` it
    then waits until the other side hangs up.
    """
    left, talker = list(answers), Talker()
    tasks: set[asyncio.Task[None] | None] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            talker.asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()
            if hang:
                await reader.read()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    talker.port = server.sockets[0].getsockname()[1]
    try:
        yield talker
    finally:
        server.close()
        await asyncio.gather(*(task for task in tasks if task is not None))
