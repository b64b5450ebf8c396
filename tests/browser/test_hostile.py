"""Hostile texts are shown, run nothing and load nothing (reliability.md section E, 72 to 74)."""

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Site, Watch
from tests.browser.journeys import answer, expect_saved, sign_in
from tests.browser.payloads import HOSTILE, hostile
from tests.browser.standin import Standin


def settled(page: Page) -> None:
    """Gives a script that could run the time to do it."""
    page.wait_for_timeout(60)
    assert page.evaluate("window.ran") is None


@pytest.mark.parametrize("index", range(len(HOSTILE)))
def test_in_each_text(page: Page, site: Site, standin: Standin, watch: Watch, index: int) -> None:
    text = hostile(index)
    standin.items = {
        "bad": {"prompt": text, "left": f"Before {text} after", "right": f"> {text}"},
        "good": {"prompt": "?", "left": "l", "right": "r"},
    }
    standin.instructions = text
    standin.project_name = standin.member_name = standin.workspace_name = text
    standin.feedback["bad"] = {"correct": True, "reason": text}
    sign_in(page, site)
    settled(page)
    check_formatted(page, text)
    for place in (".member", ".project", ".workspace > span:first-child"):
        assert page.locator(place).text_content() == text
    page.get_by_label("Reason").fill(text)
    page.locator("#task-title").focus()
    page.keyboard.press("m")
    settled(page)
    raw = page.locator("[data-side='a'] pre.raw")
    assert raw.text_content() == f"Before {text} after"
    lease = answer(page, "1")
    expect_saved(page, 1)
    expect(page.locator(".notice")).to_be_visible()
    assert page.locator(".notice p").text_content() == text
    recorded = standin.answers[lease]["answer"]["reason"]
    assert recorded == text.replace("\0", "\ufffd")
    settled(page)
    watch.check()


def check_formatted(page: Page, text: str) -> None:
    """The addresses and the code in a text can be read in its formatted view as well."""
    content = page.locator(".prompt .markdown").text_content() or ""
    for word in ("evil.example", "window.ran", "javascript:", "onerror", "srcdoc"):
        # What stands behind the fence of a code block names its language and is not shown.
        if word in text and not text.startswith("```"):
            assert word in content
    found = page.evaluate(
        """() => {
          const all = [...document.querySelectorAll(".pairwise .markdown *")];
          return {
            tags: all.map((element) => element.localName),
            attributes: all.flatMap((element) => element.getAttributeNames()),
            protocols: all.filter((e) => e.localName === "a").map((link) => link.protocol),
          };
        }"""
    )
    assert set(found["tags"]) <= {"p", "span", "a", "code", "pre", "br", "strong", "blockquote"}
    assert set(found["attributes"]) <= {"class", "href", "rel", "target"}
    assert set(found["protocols"]) <= {"http:", "https:", "mailto:"}


def test_reason_of_a_refused_answer(page: Page, site: Site, standin: Standin, watch: Watch) -> None:
    sign_in(page, site)
    text = hostile(1)
    page.get_by_label("Reason").fill(text)
    page.locator("#task-title").focus()
    for lease in standin.leases.values():
        lease.state = "expired"
    answer(page, "1")
    assert text in (page.locator(".kept-work").text_content() or "")
    settled(page)
    assert not watch.foreign
    assert not watch.dialogs


def test_the_policy_forbids_what_the_page_never_does(page: Page, site: Site, watch: Watch) -> None:
    """The second belt holds by itself: inline script, foreign image, HTML from a string."""
    page.goto(f"{site.url}/sign-in#code")
    expect(page.get_by_label("Code")).to_be_visible()
    refused = page.evaluate(
        """() => {
          try { document.body.insertAdjacentHTML("beforeend", "<i>x</i>"); return false; }
          catch (error) { return error instanceof TypeError; }
        }"""
    )
    assert refused
    again = page.evaluate(
        """() => { try { trustedTypes.createPolicy("other", {}); return false; }
                   catch (error) { return error instanceof TypeError; } }"""
    )
    assert again
    page.evaluate(
        """() => { const image = new Image(); image.src = "https://evil.example/x.png";
                   document.body.append(image); }"""
    )
    page.wait_for_timeout(100)
    assert [text for text in watch.errors if "img-src https://evil.example" in text]
