"""The whole suite's order.

It is random (pytest-randomly), but a folder's modules stand together, since they share what a
session keeps, and the browser's come last. Each of those modules ends its Playwright: while one is
open, its event loop counts as running in the main thread, and no other test can call `asyncio.run`.
"""

from __future__ import annotations

import os

import pytest
from tests.places import memory


def pytest_configure() -> None:
    """Lets `tmp_path` lie in memory where the rest does."""
    if (place := memory()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(place))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gathers each folder's modules where the first of them stands; the browser's behind all."""
    places: dict[str, int] = {}
    for item in items:
        folder = item.path.parent.as_posix()
        late = folder.endswith("tests/browser")
        places.setdefault(folder, len(items) if late else len(places))
    items.sort(key=lambda item: places[item.path.parent.as_posix()])
