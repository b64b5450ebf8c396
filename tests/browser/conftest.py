"""A browser for the tests, and a site for it.

To run the journeys against another service, override ``site`` with a fixture that gives its
address and a sign-in code; every test that asks for ``site`` alone then runs against it.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Playwright, sync_playwright
from tests.browser.standin import CODE, Standin, served

# The last list given holds, so Playwright's own is said again: what asks the network, paints late.
# The two of the address bar's pop-up are ours: without a window to be seen each context would still
# draw two pages for it in a process of their own, a third of what a short test costs.
NOT_WANTED = [
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(NOT_WANTED)}",
]

# Said on the console as well, where Watch reads it.
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violated: ${event.effectiveDirective} ${event.blockedURI}`));
"""


@dataclass(frozen=True)
class Site:
    url: str
    code: str


@dataclass
class Watch:
    """What a page did that it should not do."""

    origin: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        page.on(
            "console",
            lambda message: self.errors.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self.refuse)
        page.on("request", lambda request: self.see(request.url))
        page.on(
            "response",
            lambda answer: (
                self.errors.append(f"{answer.status} {answer.url}")
                if answer.status >= 500
                else None
            ),
        )

    def refuse(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def see(self, url: str) -> None:
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.foreign.append(url)

    def check(self) -> None:
        assert not self.errors
        assert not self.foreign
        assert not self.dialogs


def chromium() -> str:
    """The system's Chromium. Raises where there is none: a browser test is never skipped."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path is not None:
            return path
    raise FileNotFoundError("No Chromium is installed; on Debian: apt-get install chromium.")


# Per module, not per session: while the synchronous Playwright is open its event loop counts as
# running in this thread, and every asynchronous test of another room would be refused.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    running = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
    yield running
    running.close()


@pytest.fixture
def standin() -> Standin:
    return Standin(
        items={
            f"item-{number}": {
                "prompt": f"Question {number}?",
                "left": f"Left answer {number}.",
                "right": f"Right answer {number}.",
            }
            for number in range(1, 9)
        }
    )


@pytest.fixture
def site(standin: Standin) -> Iterator[Site]:
    with served(standin) as url:
        yield Site(url=url, code=CODE)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    running = browser.new_context(
        viewport={"width": 1280, "height": 860}, reduced_motion="reduce", locale="en-GB"
    )
    running.set_default_timeout(8000)
    running.add_init_script(TELL_VIOLATIONS)
    yield running
    running.close()


@pytest.fixture
def watch(site: Site) -> Watch:
    return Watch(origin=site.url)


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    opened = context.new_page()
    watch.attach(opened)
    return opened
