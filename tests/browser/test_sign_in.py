"""Signing in as people do: invitation link, password, authenticator, and every wrong turn."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.conftest import TELL_VIOLATIONS, Site, Watch
from tests.browser.journeys import violations
from tests.ground import LiveService, LiveTenant

from evenhand.identity.totp import STEP_S, code_at

PASSWORD = "seven grey herons"


@dataclass(frozen=True)
class Guest:
    """Somebody who was invited and has not come in."""

    email: str
    member: str
    code: str


@pytest.fixture(scope="module")
def tenant(live_service: LiveService) -> LiveTenant:
    return live_service.workspace("Lanternfield")


@pytest.fixture
def site(live_service: LiveService) -> Site:
    return Site(live_service.url, "")


@pytest.fixture
def guest(tenant: LiveTenant) -> Guest:
    email = f"ada-{uuid4().hex[:8]}@people.example"
    body = {"email": email, "name": "Ada", "role": "annotator"}
    made = tenant.owner.post("/invitations", body)
    return Guest(email, made["member_id"], made["code"])


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    running = browser.new_context(color_scheme=request.param, locale="en-GB")
    running.set_default_timeout(8000)
    running.add_init_script(TELL_VIOLATIONS)
    yield running
    running.close()


def quiet(watch: Watch) -> None:
    """Nothing but refusals that the test provoked stands on the console."""
    watch.errors[:] = [one for one in watch.errors if "Failed to load resource" not in one]
    watch.check()


def accept(page: Page, site: Site, guest: Guest) -> None:
    """Opens the link and sets the password, by keyboard alone."""
    page.goto(f"{site.url}/accept#{guest.code}")
    expect(page.get_by_role("heading", name="Welcome to Lanternfield")).to_be_visible()
    expect(page.get_by_label("New password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/work")


def type_password(page: Page, site: Site, guest: Guest, password: str = PASSWORD) -> None:
    """Fills the sign-in form in by keyboard alone; the address has the focus."""
    page.goto(f"{site.url}/sign-in")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(guest.email)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def sign_out(page: Page) -> None:
    page.context.clear_cookies()


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until the control of this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        said = page.evaluate("() => document.activeElement.innerText || ''")
        if said.strip() == name:
            return
    raise AssertionError(f"{name!r} is not reached by keyboard")


def secret_of(page: Page) -> bytes:
    """The authenticator's key as the page shows it."""
    text = page.locator(".secret-text").inner_text().replace(" ", "")
    return base64.b32decode(text + "=" * (-len(text) % 8))


def later_code(secret: bytes) -> str:
    """A code of the next step: the present one may be used up."""
    return code_at(secret, int(time.time()) // STEP_S + 1)


def test_an_invitation_link_by_keyboard_and_no_secret_stays_in_the_address(
    page: Page, site: Site, guest: Guest, watch: Watch
) -> None:
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    accept(page, site, guest)
    assert not [url for url in seen if guest.code in url]
    page.go_back()
    assert guest.code not in page.url
    quiet(watch)


def test_a_used_an_expired_and_a_broken_link_say_so(
    page: Page, site: Site, guest: Guest, live_service: LiveService, watch: Watch
) -> None:
    accept(page, site, guest)
    sign_out(page)
    for code in (guest.code, guest.code[:-1], "code_" + "A" * 65, ""):
        page.goto(f"{site.url}/sign-in")
        page.goto(f"{site.url}/accept#{code}")
        expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
        expect(page.get_by_role("alert")).not_to_be_empty()
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    quiet(watch)


def test_an_expired_link_says_so(
    page: Page, site: Site, guest: Guest, live_service: LiveService
) -> None:
    live_service.sql(
        "UPDATE identity.invitation SET expires_at = now() WHERE member_id = $1::text::uuid",
        guest.member,
    )
    page.goto(f"{site.url}/accept#{guest.code}")
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()


def test_a_password_that_will_not_do_keeps_the_link(page: Page, site: Site, guest: Guest) -> None:
    page.goto(f"{site.url}/accept#{guest.code}")
    expect(page.get_by_label("New password")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Please enter your password.")
    page.keyboard.type("short")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("at least 10 characters")
    expect(page.get_by_label("New password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/work")


def test_password_and_authenticator_by_keyboard_alone(
    page: Page, site: Site, guest: Guest, watch: Watch
) -> None:
    accept(page, site, guest)
    page.goto(f"{site.url}/account")
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    tab_to(page, "Set up an authenticator")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Six digits from the authenticator")).to_be_focused()
    secret = secret_of(page)
    page.keyboard.type(code_at(secret, int(time.time()) // STEP_S))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_focused()
    codes = page.locator(".secret-text").inner_text().split()
    assert len(set(codes)) == 10
    tab_to(page, "I have kept them")
    page.keyboard.press("Enter")
    expect(page.get_by_text("On. 10 recovery codes are left.")).to_be_visible()

    sign_out(page)
    type_password(page, site, guest, "seven grey heron")
    expect(page.get_by_role("alert")).to_contain_text("That is not right")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code from your authenticator")).to_be_focused()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("That is not right")
    page.keyboard.type(later_code(secret))
    page.keyboard.press("Enter")
    page.wait_for_url("**/work")

    sign_out(page)
    type_password(page, site, guest)
    expect(page.get_by_label("Code from your authenticator")).to_be_focused()
    page.keyboard.type(codes[0].upper())
    page.keyboard.press("Enter")
    page.wait_for_url("**/work")
    quiet(watch)


def test_two_browsers_and_the_other_one_is_signed_out(
    page: Page, browser: Browser, site: Site, guest: Guest
) -> None:
    accept(page, site, guest)
    other = browser.new_context()
    second = other.new_page()
    type_password(second, site, guest)
    second.wait_for_url("**/work")
    second.goto(f"{site.url}/account")
    expect(second.get_by_text("This browser")).to_be_visible()
    second.get_by_role("button", name=re.compile("^Sign out Chrome")).click()
    expect(second.get_by_text("That session has ended.")).to_be_attached()
    page.goto(f"{site.url}/account")
    page.wait_for_url("**/sign-in?back=%2Faccount")
    expect(page.get_by_text("Your session has ended, or your access")).to_be_visible()
    type_password(page, site, guest)
    page.wait_for_url("**/work")
    second.reload()
    second.get_by_role("button", name="Sign out everywhere").click()
    second.wait_for_url("**/sign-in")
    page.goto(f"{site.url}/account")
    page.wait_for_url("**/sign-in?**")
    other.close()


def test_a_removed_member_is_told_on_the_open_page(
    page: Page, site: Site, guest: Guest, tenant: LiveTenant
) -> None:
    accept(page, site, guest)
    page.goto(f"{site.url}/account")
    expect(page.get_by_role("button", name="Sign out everywhere")).to_be_visible()
    tenant.owner.delete(f"/members/{guest.member}")
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    expect(page.locator("main")).to_have_count(1)
    type_password(page, site, guest)
    expect(page.get_by_role("alert")).to_contain_text("That is not right")


def test_only_pages_of_this_site_are_gone_back_to(page: Page, site: Site, guest: Guest) -> None:
    accept(page, site, guest)
    for back in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:1"):
        sign_out(page)
        page.goto(f"{site.url}/sign-in?back={back}")
        page.get_by_label("E-mail address").fill(guest.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/work")
        assert page.url.startswith(site.url)


def fields_of(page: Page) -> dict[str, str | None]:
    return {
        str(one.get_attribute("id")): one.get_attribute("autocomplete")
        for one in page.locator("form input[id]").all()
    }


def test_password_managers_know_what_the_fields_are(page: Page, site: Site, guest: Guest) -> None:
    page.goto(f"{site.url}/sign-in")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    assert fields_of(page) == {"email": "username", "password": "current-password"}
    page.get_by_role("link", name="Use a one-time code instead").click()
    expect(page.get_by_label("Code")).to_be_focused()
    assert fields_of(page) == {"code": "one-time-code"}
    page.goto(f"{site.url}/accept#{guest.code}")
    expect(page.get_by_label("New password")).to_be_focused()
    assert fields_of(page) == {"email": "username", "password": "new-password"}


def test_the_pages_in_both_themes_and_on_a_narrow_screen(
    themed: BrowserContext, site: Site, guest: Guest, tmp_path: Any
) -> None:
    page = themed.new_page()
    watch = Watch(origin=site.url)
    watch.attach(page)
    session = themed.new_cdp_session(page)
    page.goto(f"{site.url}/accept#{guest.code}")
    expect(page.get_by_label("New password")).to_be_focused()
    assert violations(session) == []
    page.goto(f"{site.url}/healthz")
    accept(page, site, guest)
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for path in ("/sign-in", "/sign-in?back=/work#code", "/accept#x", "/account"):
            page.goto(f"{site.url}/healthz")
            page.goto(site.url + path)
            expect(page.locator("h1")).to_be_visible()
            expect(page.locator("main")).to_have_count(1)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            for control in page.locator("button:visible, input:visible").all():
                box = control.bounding_box()
                assert box is not None
                if box["width"] > 1:  # Not the radio buttons that a label stands for.
                    assert min(box["width"], box["height"]) >= 13, path
            if width == 1280:
                assert violations(session) == [], path
    page.get_by_role("button", name="Set up an authenticator").click()
    expect(page.get_by_label("Your password")).to_be_focused()
    assert violations(session) == []
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Six digits from the authenticator")).to_be_focused()
    assert violations(session) == []
    page.keyboard.type(code_at(secret_of(page), int(time.time()) // STEP_S))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_focused()
    assert violations(session) == []
    sign_out(page)
    type_password(page, site, guest)
    expect(page.get_by_label("Code from your authenticator")).to_be_focused()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("That is not right")
    assert violations(session) == []
    quiet(watch)
