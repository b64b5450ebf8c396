"""An annotator's seat at the pages: leave it, or take one at a real service."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from playwright.sync_api import Browser, Cookie, Page
from tests.ground import LiveTenant


def sign_out(page: Page) -> None:
    """By the account's menu."""
    page.locator(".account-button").click()
    page.get_by_role("button", name="Sign out").click()


@contextmanager
def seated(
    browser: Browser, tenant: LiveTenant, *, code: str = "", session: list[Cookie] | None = None
) -> Generator[Page]:
    """A page of a browser of its own, at work: by a one-time code, or with a session's cookies."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-GB")
    context.set_default_timeout(8000)
    page = context.new_page()
    try:
        if session is None:
            page.goto(f"{tenant.live.url}/sign-in#code")
            page.get_by_label("Code").fill(code)
            page.keyboard.press("Enter")
        else:
            context.add_cookies(cast("Any", session))
            page.goto(f"{tenant.live.url}/work")
        page.wait_for_url("**/work*")
        page.locator(".task, .empty-state").first.wait_for()
        yield page
    finally:
        context.close()
