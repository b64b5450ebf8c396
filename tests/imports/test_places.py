"""Few imports at a time, and none that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from evenhand.imports.places import ImportPlaces, ImportsBusy, UploadStalled, flowing


def test_a_place_is_free_again_when_its_import_ends() -> None:
    places = ImportPlaces(2)
    with places.taken(), places.taken(), pytest.raises(ImportsBusy), places.taken():
        raise AssertionError("three of two places")
    with pytest.raises(KeyError), places.taken():
        raise KeyError
    with places.taken(), places.taken():
        pass


async def test_what_flows_is_passed_on_and_what_stands_still_ends() -> None:
    async def chunks(pauses: list[float]) -> AsyncIterator[bytes]:
        for number, pause in enumerate(pauses):
            await asyncio.sleep(pause)
            yield b"%d" % number

    assert [one async for one in flowing(chunks([0, 0.01, 0]), idle_s=5)] == [b"0", b"1", b"2"]
    taken: list[bytes] = []

    async def take_slowly() -> None:
        async for one in flowing(chunks([0, 30]), idle_s=0.05):
            taken.append(one)
            await asyncio.sleep(0.1)  # Our own time does not count.

    with pytest.raises(UploadStalled):
        await take_slowly()
    assert taken == [b"0"]
