"""What keeps slow uploads from holding the process: few at a time, and none that stands still."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from evenhand.platform.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator

__all__ = ["IDLE_S", "ImportPlaces", "ImportsBusy", "UploadStalled", "flowing"]

IDLE_S: Final = 60.0
"""An upload that sends nothing for this long is given up."""
_PLACES: Final = 8


class ImportsBusy(Unavailable):
    """As many imports are running as this process takes at once."""

    code = "imports_busy"


class UploadStalled(Invalid):
    """The body stopped coming."""

    code = "upload_stalled"


class ImportPlaces:
    """One per process. Each running import has two sessions of the database to itself."""

    def __init__(self, most: int = _PLACES) -> None:
        self._free = most

    @contextmanager
    def taken(self) -> Generator[None]:
        """One place until the block ends.

        Raises:
            ImportsBusy: none is free.
        """
        if self._free == 0:
            raise ImportsBusy("Many imports are running; try again in a moment.")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


async def flowing(chunks: AsyncIterator[bytes], *, idle_s: float = IDLE_S) -> AsyncGenerator[bytes]:
    """The same chunks, as long as they keep coming. Our own time between them does not count.

    Raises:
        UploadStalled: nothing came for `idle_s` seconds.
    """
    while True:
        try:
            async with asyncio.timeout(idle_s):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise UploadStalled(
                f"Nothing came for {idle_s:g} seconds; the import was given up."
            ) from error
        yield chunk
