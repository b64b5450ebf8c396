"""Order of the whole suite: random (pytest-randomly), but the browser's tests come last.

Playwright's synchronous interface keeps an event loop running in the main thread for as long as
its session lives. No other test can call `asyncio.run` meanwhile, so the others go first.
"""

from __future__ import annotations

import pytest

BROWSER_FIXTURES = frozenset({"browser", "context", "page", "playwright"})


def needs_browser(item: pytest.Item) -> bool:
    """Whether the test lies in tests/browser or asks for one of Playwright's fixtures."""
    if "tests/browser/" in item.path.as_posix():
        return True
    return isinstance(item, pytest.Function) and bool(BROWSER_FIXTURES & {*item.fixturenames})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Moves the browser's tests behind the others; each part keeps its (random) order."""
    items.sort(key=needs_browser)
