"""A file's bytes into chunks of lines, and the line of chunks between reading and writing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from evenhand.formats import CsvReader, LineBlocks

from .model import Chunk

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from .model import Prepared

__all__ = ["ChunkQueue", "CsvChunks", "JsonlChunks"]

CHUNK_ROWS = 2000
_CHUNK_BYTES = 4 * 1024 * 1024


class JsonlChunks:
    """Blocks of whole lines, whose lines the preparation tells apart."""

    def __init__(self) -> None:
        self._blocks = LineBlocks(lines_min=CHUNK_ROWS, bytes_min=_CHUNK_BYTES)

    def feed(self, data: bytes) -> list[Chunk]:
        """Chunks that these bytes complete; raises FormatError."""
        return [Chunk(line, block, []) for line, block in self._blocks.feed(data)]

    def finish(self) -> list[Chunk]:
        """What is left. After an error: what came before it."""
        return [Chunk(line, block, []) for line, block in self._blocks.finish()]


class CsvChunks:
    """Records by the names of their columns."""

    def __init__(self) -> None:
        self._reader = CsvReader()
        self._records: list[tuple[int, dict[str, str]]] = []
        self._bytes = 0
        self._failed = False

    def feed(self, data: bytes) -> list[Chunk]:
        """Chunks that these bytes complete; raises FormatError."""
        self._bytes += len(data)
        self._failed = True
        self._take(self._reader.feed(data))
        self._failed = False
        full = len(self._records) >= CHUNK_ROWS or self._bytes >= _CHUNK_BYTES
        return self._cut() if full else []

    def finish(self) -> list[Chunk]:
        """What is left; raises FormatError. After an error: what came before it."""
        if not self._failed:
            self._failed = True
            self._take(self._reader.finish())
        return self._cut()

    def _take(self, rows: list[tuple[int, list[str]]]) -> None:
        header = self._reader.header or ()
        self._records += [(line, dict(zip(header, fields, strict=True))) for line, fields in rows]

    def _cut(self) -> list[Chunk]:
        records, self._records, self._bytes = self._records, [], 0
        return [Chunk(0, b"", records)] if records else []


class ChunkQueue:
    """Chunks in the order of the file: being prepared, or prepared and not written yet.

    At most `ahead` of them wait; `put` waits for room, which is what slows a fast client down.
    """

    def __init__(self, ahead: int) -> None:
        self._waiting: asyncio.Queue[asyncio.Task[Prepared] | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(ahead)

    async def put(self, preparing: Coroutine[object, object, Prepared]) -> None:
        """Begin to prepare, as soon as there is room."""
        try:
            await self._room.acquire()
        except asyncio.CancelledError:
            preparing.close()
            raise
        self._waiting.put_nowait(asyncio.create_task(preparing))

    def end(self) -> None:
        """Nothing comes any more."""
        self._waiting.put_nowait(None)

    async def get(self) -> Prepared | None:
        """The next one, None at the end; raises what its preparation raised."""
        task = await self._waiting.get()
        if task is None:
            return None
        try:
            return await task
        finally:
            self._room.release()

    async def clear(self) -> None:
        """Give up what waits still."""
        while not self._waiting.empty():
            task = self._waiting.get_nowait()
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
