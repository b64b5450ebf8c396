"""The frame around the pages: who, where to, theme, skip link, sign out."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Watch
from tests.browser.journeys import tab_to, violations
from tests.browser.manager_world import World, enter, make_world
from tests.ground import LiveService


@pytest.fixture(scope="module")
def world(live_service: LiveService) -> World:
    return make_world(live_service)


@pytest.fixture
def watch(live_service: LiveService) -> Watch:
    return Watch(origin=live_service.url)


def test_the_skip_link_leads_past_the_masthead(page: Page, world: World, watch: Watch) -> None:
    enter(page, world)
    page.goto(world.at())
    expect(page.locator(".headline")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("main").get_by_role("link", name="Projects")).to_be_focused()
    watch.check()


def test_navigation_is_by_permission(page: Page, world: World) -> None:
    enter(page, world)
    nav = page.get_by_role("navigation", name="Pages", exact=True)
    expect(nav.get_by_role("link", name="Projects")).to_have_attribute("aria-current", "page")
    expect(nav.get_by_role("link", name="People")).to_be_visible()
    expect(nav.get_by_role("link", name="Work")).to_have_count(0)


def test_the_level_says_who_holds_the_key(page: Page, world: World) -> None:
    enter(page, world)
    page.get_by_role("button", name="L0 hosted key").click()
    expect(page.get_by_text("a key that the operator of this server holds")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#level-note")).to_be_hidden()


def test_a_theme_is_chosen_by_keyboard_and_kept(page: Page, world: World, watch: Watch) -> None:
    page.emulate_media(color_scheme="light")
    enter(page, world)
    paper = "() => getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    tab_to(page, page.locator(".account-button"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("radio", name="System"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    dark = page.evaluate(paper)
    assert dark != light
    session = page.context.new_cdp_session(page)
    assert violations(session) == []
    page.goto(f"{world.live.url}/people")
    expect(page.locator(".panel").first).to_be_visible()
    assert page.evaluate(paper) == dark
    page.locator(".account-button").click()
    page.get_by_role("radio", name="Light").check()
    assert page.evaluate(paper) == light
    watch.check()


def test_sign_out_by_the_menu(page: Page, world: World) -> None:
    enter(page, world)
    page.locator(".account-button").click()
    page.get_by_role("radio", name="Dark").check()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in*")
    # The chosen theme is the browser's; nothing that opens anything stays in it.
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert "evenhand_session" not in {one.get("name") for one in page.context.cookies()}
    kept = page.evaluate("() => JSON.stringify({ ...localStorage, ...sessionStorage })")
    assert json.loads(kept) == {"evenhand.theme": "dark"}
    page.go_back()
    page.wait_for_url("**/sign-in*")
    expect(page.locator(".panel")).to_have_count(0)


def test_a_page_of_another_role_says_so(page: Page, world: World) -> None:
    page.goto(f"{world.live.url}/sign-in#code")
    page.get_by_label("Code").fill(world.code("annotator"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/work*")
    page.goto(world.at())
    expect(page.get_by_text("Your role here is Annotator")).to_be_visible()
    page.get_by_role("link", name="To your own page").click()
    page.wait_for_url("**/work*")


def test_who_is_not_signed_in_is_led_to_sign_in(page: Page, world: World) -> None:
    page.goto(world.at("/items"))
    page.wait_for_url("**/sign-in*")
