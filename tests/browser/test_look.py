"""What a style sheet can break: size, both colour schemes, narrow screens, script weight."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Site, Watch
from tests.browser.journeys import sign_in, violations
from tests.browser.standin import Standin

LUMINANCE = """
(selector) => {
  const element = document.querySelector(selector);
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const read = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const parts = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255);
    const [r, g, b] = parts.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return { light: 0.2126 * r + 0.7152 * g + 0.0722 * b, opaque: parts[3] === 1 };
  };
  let ground = element;
  while (!read(getComputedStyle(ground).backgroundColor).opaque) ground = ground.parentElement;
  const ink = read(getComputedStyle(element).color).light;
  const paper = read(getComputedStyle(ground).backgroundColor).light;
  return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
}
"""
DIALOGS = {
    "s": "Skip this task",
    "f": "Flag this task",
    "?": "Keys",
    "Control+k": "Commands",
    "t": "What was done",
}
TEXTS = (
    ".answer .markdown",
    ".answer h3",
    ".prompt h3",
    ".receipt",
    ".badge-text",
    ".member",
    ".button.is-main",
    ".button.is-quiet",
    ".option",
    "kbd",
    ".options legend",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_and_axe_in_both_schemes(
    browser: Browser, site: Site, standin: Standin, tmp_path: Path, scheme: str
) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1; then axe, on the task and with each dialog open."""
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    standin.items["item-1"]["left"] = "### Third level first\n\n# First\n\n##### Fifth"
    sign_in(page, site)
    page.keyboard.press("1")
    ratios = {text: page.evaluate(LUMINANCE, text) for text in TEXTS}
    assert {text: ratio for text, ratio in ratios.items() if ratio < 4.5} == {}
    shot = page.screenshot(path=tmp_path / f"work-{scheme}.png")
    assert shot
    session = context.new_cdp_session(page)
    assert violations(session) == []
    for keys, name in DIALOGS.items():
        page.keyboard.press(keys)
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        if name == "Skip this task":
            page.keyboard.press("Control+Enter")
            expect(page.get_by_role("alert").filter(has_text="Please say why")).to_be_visible()
        assert violations(session) == [], name
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    context.close()


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nothing_is_cut_off_sideways(page: Page, site: Site, watch: Watch, width: int) -> None:
    """WCAG 2.2, 1.4.10: 320 CSS pixels without scrolling sideways."""
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, site)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    answers = page.locator(".answer")
    first, second = answers.nth(0).bounding_box(), answers.nth(1).bounding_box()
    assert first is not None
    assert second is not None
    assert (first["y"] < second["y"]) == (width < 700)
    watch.check()


def test_targets_are_large_enough(page: Page, site: Site) -> None:
    """WCAG 2.2, 2.5.8: 24 by 24 CSS pixels; links in a line of text are excepted."""
    sign_in(page, site)
    for control in page.locator("button:visible, .option:visible, select:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24


def test_script_weight_of_a_first_visit(page: Page, site: Site) -> None:
    """specs/ui.md: 150 KB compressed with an editor."""
    sizes: dict[str, int] = {}
    page.on(
        "response",
        lambda response: (
            sizes.update({response.url: int(response.headers.get("content-length", "0"))})
            if re.search(r"\.js$", response.url)
            else None
        ),
    )
    sign_in(page, site)
    expect(page.locator(".task")).to_be_visible()
    assert 20_000 < sum(sizes.values()) < 120_000


def test_focus_is_visible_on_every_stop(page: Page, site: Site) -> None:
    sign_in(page, site)
    seen: set[str] = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => {
              const e = document.activeElement;
              const shown = e.matches("input[type=radio]") ? e.closest("label") : e;
              const name = `${e.localName} ${e.id} ${e.textContent.trim()}`;
              return [name, getComputedStyle(shown).outlineStyle];
            }"""
        )
        if name.startswith("body"):
            continue  # The browser's own bar; the next stop is the first of the page.
        assert outline != "none", name
        seen.add(name)
    assert len(seen) >= 12


def test_wide_code_is_reached_and_scrolled_by_keyboard(
    page: Page, site: Site, standin: Standin
) -> None:
    standin.items["item-1"]["left"] = f"```python\nlong = '{'x' * 400}'\n```"
    standin.items["item-1"]["right"] = "```python\nshort = 1\n```"
    sign_in(page, site)
    wide = page.locator("[data-side='a'] pre")
    expect(wide).to_have_attribute("tabindex", "0")
    expect(page.locator("[data-side='b'] pre")).not_to_have_attribute("tabindex", "0")
    expect(page.locator("[data-side='b'] .hljs-number")).to_have_text("1")
    wide.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".option.is-picked")).to_have_count(0)
    # A function, not an expression: the page's policy forbids evaluating text.
    page.wait_for_function("() => document.querySelector(\"[data-side='a'] pre\").scrollLeft > 0")
