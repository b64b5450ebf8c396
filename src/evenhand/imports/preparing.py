"""Where lines are prepared: small imports in a thread, large ones in a process of their own.

Checking and sealing is Python, so in a thread it shares one core with the event loop. A second
process uses the second core. It is started when an import has shown itself to be large, takes over
as soon as it is ready, and ends with its import: an idle service has none.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING, Self

import msgspec

from evenhand.platform.errors import Problem
from evenhand.platform.settings import DATABASE_URL_VARIABLE

from .model import ImportRefused, Order, PreparationLost, Prepared, Refused
from .preparation_process import HEAD_BYTES
from .rows import RowMaker

if TYPE_CHECKING:
    from evenhand.sealing import DataKey

    from .model import Chunk, Recipe

__all__ = ["Preparer"]

LARGE_ROWS = 8_000
"""From here on a process pays: its start costs as much as preparing some 15,000 rows."""
_BUFFER_BYTES = 1 << 20
_encode = msgspec.msgpack.Encoder().encode
_answers = msgspec.msgpack.Decoder(Prepared | Refused)


class Preparer:
    """Prepares the chunks of one import. Use as a context: its end ends the process."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._maker = RowMaker(recipe)
        self._rows = 0
        self._starting: asyncio.Task[asyncio.subprocess.Process] | None = None
        # First come, first served: answers are read in the order in which orders were written.
        self._in_thread = asyncio.Lock()
        self._sending = asyncio.Lock()
        self._receiving = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._starting is None:
            return
        self._starting.cancel()
        with contextlib.suppress(asyncio.CancelledError, PreparationLost):
            await _end(await self._starting)

    async def prepare(self, chunk: Chunk, dek: DataKey) -> Prepared:
        """Rows of a chunk.

        Raises:
            ImportRefused: naming the first line that is not acceptable, and why.
            PreparationLost: the process ended by itself or cannot be started.
        """
        self._rows += chunk.lines_max()
        if self._rows > LARGE_ROWS and self._starting is None:
            self._starting = asyncio.create_task(self._start())
        if self._starting is not None and self._starting.done():
            return await self._ask(self._starting.result(), chunk, dek)
        async with self._in_thread:
            return await asyncio.to_thread(self._maker.prepare, chunk, dek)

    async def _start(self) -> asyncio.subprocess.Process:
        """A process that has said that it is ready; none is left when this is cancelled."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "evenhand.imports.preparation_process",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_BUFFER_BYTES,
                # The administrator's URL holds a password and is no business of this process.
                env={k: v for k, v in os.environ.items() if k != DATABASE_URL_VARIABLE},
            )
        except OSError as error:
            raise _lost() from error
        try:
            await _send(process, _encode(self._recipe))
            await _receive(process)
        except BaseException:
            await _end(process)
            raise
        return process

    async def _ask(
        self, process: asyncio.subprocess.Process, chunk: Chunk, dek: DataKey
    ) -> Prepared:
        async with self._sending:
            await _send(process, _encode(Order(dek.id, dek.key, chunk)))
        async with self._receiving:
            frame = await _receive(process)
        answer = _answers.decode(frame)
        if isinstance(answer, Refused):
            problems = tuple(Problem(path, detail) for path, detail in answer.problems)
            raise ImportRefused(answer.detail, problems=problems)
        return answer


async def _send(process: asyncio.subprocess.Process, frame: bytes) -> None:
    if process.stdin is None:
        raise RuntimeError("a preparation process has pipes")
    process.stdin.write(len(frame).to_bytes(HEAD_BYTES, "big") + frame)
    try:
        await process.stdin.drain()
    except OSError as error:
        raise _lost() from error


async def _receive(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        raise RuntimeError("a preparation process has pipes")
    try:
        size = int.from_bytes(await process.stdout.readexactly(HEAD_BYTES), "big")
        return await process.stdout.readexactly(size)
    except asyncio.IncompleteReadError as error:
        raise _lost() from error


async def _end(process: asyncio.subprocess.Process) -> None:
    """It holds nothing that must be saved, so it is not asked."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    # Reads what is still in the pipe: without that, its transport would stay open.
    await asyncio.shield(asyncio.ensure_future(process.communicate()))


def _lost() -> PreparationLost:
    return PreparationLost(
        "The process that prepares the lines of large imports ended; nothing was kept. Start the"
        " import again."
    )
