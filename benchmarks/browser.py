"""Times of the annotator's page in a real browser against a real service. See README.md."""

from __future__ import annotations

import argparse
import shutil
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from playwright.sync_api import sync_playwright
from processes import machine_line
from service import item_lines, make_project, make_tenant, running, scratch

from evenhand.client import Client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
# From a press of a key to the frame in which what it changed is painted: the task after an odd
# press (Enter), the choice after an even one. A message after the animation frame comes when it is.
WATCH = """
  window.painted = {task: [], choice: []};
  let pressed = null;
  const afterPaint = (work) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = work;
    channel.port2.postMessage(0);
  });
  addEventListener("keydown", (event) => {
    pressed = {what: event.key === "Enter" ? "task" : "choice", at: event.timeStamp};
  }, {capture: true});
  const seen = {task: null, choice: null};
  new MutationObserver(() => {
    const task = document.querySelector(".task")?.dataset.lease ?? null;
    const choice = document.querySelector(".option.is-picked input")?.value ?? null;
    const changed = {task: task !== seen.task, choice: choice !== seen.choice && choice !== null};
    if (seen.task === null && task !== null) {
      afterPaint(() => { window.interactiveMs = performance.now(); });
    }
    seen.task = task;
    seen.choice = choice;
    if (pressed === null || !changed[pressed.what]) return;
    const {what, at} = pressed;
    pressed = null;
    afterPaint(() => window.painted[what].push(performance.now() - at));
  }).observe(document, {subtree: true, childList: true, attributes: true});
"""
# Scripts whose last byte had come when the first task was painted.
BEFORE_INTERACTIVE = """
  performance.getEntriesByType("resource")
    .filter(({name, responseEnd}) => name.endsWith(".js") && responseEnd <= window.interactiveMs)
    .map(({name}) => name)
"""
# What a task type brings along; everything else is the core.
EDITOR = ("/editors/pairwise/", "/ui/markdown", "/vendor/marked.", "/vendor/dompurify.")
LOADS = 7
LOADED_WITHIN_MS = 2500
SETTLED = ".save-state[data-unsent='0']"


@dataclass(frozen=True, slots=True)
class Setting:
    """What the machine and the network are slowed to."""

    name: str
    throttle: int
    latency_ms: int


SETTINGS = (
    Setting("as it is", 1, 0),
    Setting("150 ms round trip", 1, 150),
    Setting("4 times slower CPU", 4, 0),
    Setting("both", 4, 150),
)


def main() -> None:
    """Print what was seen beside the limits of specs/ui.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=30, help="answered in each setting")
    arguments = parser.parse_args()
    print(f"annotator's page  [{machine_line()}]")
    with scratch() as data_dir, running(data_dir, workers=1) as service:
        tenant = make_tenant(service, annotators=0)
        project = make_project(service, tenant, name="browser")
        with Client(service.url, tenant.owner_key) as owner:
            lines = item_lines(len(SETTINGS) * arguments.tasks + 200)
            owner.import_items(project, lines, name="browser")
            wanted = {"email": "ada@example.org", "name": "Ada", "role": "annotator"}
            code = owner.post("/invitations", wanted)["code"]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=_chromium(), args=ARGUMENTS)
            session = _sign_in(browser, service.url, code)
            _first_load(browser, service.url, session)
            for setting in SETTINGS:
                _answer(browser, service.url, session, setting, arguments.tasks)
            browser.close()


def _chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path is not None:
            return path
    raise FileNotFoundError("No Chromium is installed; on Debian: apt-get install chromium.")


def _sign_in(browser: Browser, url: str, code: str) -> Any:  # noqa: ANN401 - the driver's cookies
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/sign-in#code")
    page.get_by_label("Code").fill(code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/work*")
    cookies = context.cookies()
    context.close()
    return cookies


class _Wire:
    """The browser's own protocol, whose types the driver leaves open."""

    def __init__(self, session: CDPSession) -> None:
        self._session = cast("Any", session)

    def send(self, method: str, **params: object) -> None:
        self._session.send(method, params)

    def listen(self, event: str, key: str, into: dict[str, Any]) -> None:
        """Keep `key` of each event under the request that it is about."""

        def keep(said: dict[str, Any]) -> None:
            into[said["requestId"]] = said[key]

        self._session.on(event, keep)


def _seat(browser: Browser, session: Any) -> tuple[BrowserContext, Page, _Wire]:  # noqa: ANN401
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.add_cookies(session)
    context.add_init_script(WATCH)
    page = context.new_page()
    return context, page, _Wire(context.new_cdp_session(page))


def _first_load(browser: Browser, url: str, session: Any) -> None:  # noqa: ANN401
    context, page, wire = _seat(browser, session)
    answers: dict[str, Any] = {}
    loaded: dict[str, Any] = {}
    wire.send("Network.enable")
    wire.listen("Network.responseReceived", "response", answers)
    wire.listen("Network.loadingFinished", "encodedDataLength", loaded)
    _interactive_ms(page, url)
    sizes = {answers[one]["url"]: size for one, size in loaded.items() if one in answers}
    _print_script(sizes, page.evaluate(BEFORE_INTERACTIVE))
    context.close()
    cold: list[float] = []
    warm: list[float] = []
    for _ in range(LOADS):
        context, page, _ = _seat(browser, session)
        cold.append(_interactive_ms(page, url))
        warm.append(_interactive_ms(page, url))
        context.close()
    print(_line("workbench interactive, cold, median", statistics.median(cold), 500, "ms"))
    print(_line("workbench interactive, warm, median", statistics.median(warm), 300, "ms"))


def _interactive_ms(page: Page, url: str) -> float:
    """From the start of the navigation until the first task is painted.

    Nobody looks meanwhile: a driver that asks the page whether it is there, or hears of each
    request, works on the same cores and in the page itself.
    """
    page.goto(f"{url}/work", wait_until="commit")
    page.wait_for_timeout(LOADED_WITHIN_MS)
    seen: float = page.evaluate("window.interactiveMs")
    return seen


def _print_script(sizes: dict[str, float], before: list[str]) -> None:
    """Compressed, with headers: all scripts, and those of the core before the first task."""
    everything = sum(size for url, size in sizes.items() if url.endswith(".js"))
    core = sum(sizes[url] for url in before if not any(part in url for part in EDITOR))
    print(_line("script on first load, with the editor", everything / 1000, 150, "KB"))
    print(_line("script before the first task, core alone", core / 1000, 80, "KB"))


def _answer(
    browser: Browser,
    url: str,
    session: Any,  # noqa: ANN401
    setting: Setting,
    tasks: int,
) -> None:
    context, page, wire = _seat(browser, session)
    page.goto(f"{url}/work")
    page.locator(".task").wait_for()
    wire.send("Emulation.setCPUThrottlingRate", rate=setting.throttle)
    wire.send("Network.enable")
    wire.send(
        "Network.emulateNetworkConditions",
        offline=False,
        latency=setting.latency_ms,
        downloadThroughput=-1,
        uploadThroughput=-1,
    )
    for number in range(tasks):
        page.keyboard.press("12"[number % 2])
        page.wait_for_timeout(60)
        page.keyboard.press("Enter")
        page.locator(f"{SETTLED}[data-sent='{number + 1}']").wait_for(timeout=30_000)
        page.wait_for_timeout(60)
    painted = page.evaluate("window.painted")
    context.close()
    print(f"  {setting.name}, {tasks} tasks, two prefetched")
    _print_times("key to the next task painted", painted["task"], median=50, high=100)
    _print_times("key to visible feedback", painted["choice"], median=16, high=50)


def _print_times(name: str, times: Sequence[float], *, median: float, high: float) -> None:
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(_line(f"{name}, median", statistics.median(ordered), median, "ms"))
    print(_line(f"{name}, p95", p95, high, "ms"))


def _line(name: str, seen: float, limit: float, unit: str) -> str:
    met = "met" if seen <= limit else "NOT MET"
    return f"  {name:<44} {seen:8.1f} {unit}   limit {limit:.0f} {unit}   {met}"


if __name__ == "__main__":
    main()
