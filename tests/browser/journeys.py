"""What a person does on the pages, in the words of the pages."""

from pathlib import Path

from playwright.sync_api import CDPSession, Locator, Page, expect
from tests.browser.conftest import Site

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def sign_in(page: Page, site: Site) -> None:
    """By keyboard only: the field has the focus."""
    page.goto(f"{site.url}/sign-in#code")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(site.code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/work")
    expect(page.locator(".task, .empty-state").first).to_be_visible()


def current_lease(page: Page) -> str:
    lease = page.locator(".task").get_attribute("data-lease")
    assert lease is not None
    return lease


def answer(page: Page, key: str) -> str:
    """Chooses by a key and submits; waits for the next task. Gives the lease that was answered."""
    lease = current_lease(page)
    page.keyboard.press(key)
    expect(page.locator(".option.is-picked")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(f".task[data-lease='{lease}']")).to_have_count(0)
    return lease


def expect_saved(page: Page, count: int) -> None:
    expect(page.locator(f".save-state[data-sent='{count}'][data-unsent='0']")).to_be_visible()


def tab_to(page: Page, target: Locator) -> None:
    """Presses Tab until the target has the focus."""
    expect(target).to_be_visible()
    for _ in range(150):
        if target.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached by keyboard")


def violations(session: CDPSession) -> list[str]:
    """What axe finds. By the protocol, not by the page: its policy lets no other script in."""
    session.send("Runtime.evaluate", {"expression": AXE.read_text()})
    said = session.send(
        "Runtime.evaluate",
        {
            "expression": "axe.run().then((said) => said.violations.map("
            "(v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    found: list[str] = said["result"]["value"]
    return found
