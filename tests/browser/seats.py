"""An annotator's seat at the pages, beyond the journeys: leave it, or take one at a real service."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page
from tests.ground import LiveTenant


def sign_out(page: Page) -> None:
    """By the account's menu."""
    page.locator(".account-button").click()
    page.get_by_role("button", name="Sign out").click()


@contextmanager
def seated(browser: Browser, tenant: LiveTenant, code: str) -> Iterator[Page]:
    """A page of a browser of its own, signed in with a one-time code, at work."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-GB")
    context.set_default_timeout(8000)
    page = context.new_page()
    try:
        page.goto(f"{tenant.live.url}/sign-in#code")
        page.get_by_label("Code").fill(code)
        page.keyboard.press("Enter")
        page.wait_for_url("**/work*")
        page.locator(".task, .empty-state").first.wait_for()
        yield page
    finally:
        context.close()
