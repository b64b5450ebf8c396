"""The manager's pages against a real service: numbers, what is behind them, live, by keyboard."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import TELL_VIOLATIONS, Watch
from tests.browser.journeys import tab_to, violations
from tests.browser.manager_world import World, aggregate, enter, judge, make_world
from tests.browser.payloads import HOSTILE, hostile
from tests.ground import LiveService

SHOTS = os.environ.get("EVENHAND_SHOTS")
PAGES = ("", "/results", "/annotators", "/items", "/items/{item}")


@pytest.fixture(scope="module")
def world(live_service: LiveService) -> World:
    made = make_world(live_service)
    aggregate(made)
    return made


@pytest.fixture
def watch(live_service: LiveService) -> Watch:
    return Watch(origin=live_service.url)


def shoot(page: Page, place: str, scheme: str) -> None:
    """A picture for whoever asks for some."""
    if SHOTS is not None:
        name = re.sub(r"[^a-z]+", "-", place.partition("//")[2].partition("/")[2])[-40:]
        page.screenshot(path=f"{SHOTS}/{name}-{scheme}.png", full_page=True)


def item_of(world: World) -> str:
    items = world.tenant.owner.get(f"/projects/{world.project}/items?state=done")["items"]
    return items[-1]["id"]


def test_from_sign_in_to_an_opened_item_by_keyboard_alone(
    page: Page, world: World, watch: Watch
) -> None:
    enter(page, world)
    tab_to(page, page.get_by_role("link", name="Answers"))
    page.keyboard.press("Enter")
    expect(page.locator(".headline")).to_contain_text("12 of 18 judgments")
    expect(page.locator("[data-live='true']")).to_be_visible()
    tab_to(page, page.get_by_role("link", name="1 flagged"))
    page.keyboard.press("Enter")
    expect(page.locator("#items-filter")).to_have_value("state=flagged")
    expect(page.locator("tbody tr")).to_have_count(1)
    tab_to(page, page.locator("tbody a"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("The content is sealed")).to_be_visible()
    expect(page.get_by_text("the left")).to_have_count(0)
    tab_to(page, page.get_by_role("button", name="Open and log"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("the left")).to_be_visible()
    expect(page.get_by_text("unreadable")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("This look is logged.")
    links = page.get_by_role("link", name="Receipt of entry")
    expect(links).to_have_count(2)
    tab_to(page, links.first)
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.path().read_text().startswith("c2sp.org/tlog-proof")
    watch.check()


def test_results_with_intervals_and_export(
    page: Page, world: World, watch: Watch, tmp_path: Path
) -> None:
    enter(page, world)
    page.goto(world.at("/results"))
    expect(page.locator(".figures")).to_contain_text("Krippendorff")
    page.get_by_role("button", name="Open and log").click()
    expect(page.locator(".estimate")).to_have_count(2)
    row = page.locator(".data tbody tr").first
    expect(row).to_contain_text("model-a")
    expect(row).to_contain_text("10 / 2 / 0")
    with page.context.expect_page() as opened:
        row.get_by_role("link", name="2", exact=True).click(modifiers=["Control"])
    behind = opened.value
    watch.attach(behind)
    expect(behind.locator(".as-linked")).to_contain_text("Place 1, model-a: items that it lost")
    expect(behind.locator(".as-linked")).to_contain_text("This look is logged. Receipt of entry")
    expect(behind.locator("tbody tr")).to_have_count(2)
    behind.close()
    for form, count in (("Preferences", 12), ("Items", 6), ("Leaderboard", 2)):
        page.get_by_role("radio", name=form, exact=True).check()
        with page.expect_download() as download:
            page.get_by_role("button", name="Export").click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        lines = file.read_text().splitlines()
        assert len(lines) == count + (form == "Leaderboard")
        if form == "Items":
            assert {json.loads(line)["id"] for line in lines} == {f"item-{n}" for n in range(6)}
        expect(page.get_by_text(f"Done: {count} entries.")).to_be_visible()
        expect(page.get_by_role("link", name="Receipt of this export")).to_be_visible()
    watch.check()


def test_aggregation_from_the_page(page: Page, live_service: LiveService, watch: Watch) -> None:
    world = make_world(live_service)
    enter(page, world)
    page.goto(world.at("/results"))
    expect(page.get_by_text("Nothing has been aggregated yet")).to_be_visible()
    page.get_by_role("radio", name="Leaderboard").check()
    expect(page.get_by_role("button", name="Export")).to_be_disabled()
    page.get_by_role("button", name="Aggregate now").click()
    expect(page.locator(".figures")).to_be_visible()
    expect(page.get_by_role("button", name="Export")).to_be_enabled()
    watch.check()


def test_annotators_are_sorted_and_lead_to_their_items(
    page: Page, world: World, watch: Watch
) -> None:
    enter(page, world)
    page.goto(world.at("/annotators"))
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Labels Ltd")
    page.get_by_role("button", name="Agreement").click()
    expect(rows.first).to_contain_text("Ann 2")
    expect(rows.first).to_contain_text("50%")
    expect(rows.last).to_contain_text("100%")
    rows.first.get_by_role("link", name="50%").click()
    expect(page.locator(".as-linked")).to_have_text("Judged by Ann 2, and less than 100% agree")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.go_back()
    rows.filter(has_text="Ann 2").get_by_role("link", name="4", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.locator("#items-filter").select_option("below=1")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("67%")
    assert page.url.endswith("?below=1")
    watch.check()


def test_every_number_of_a_project_leads_to_its_items(
    page: Page, world: World, watch: Watch
) -> None:
    """By keyboard from the bar; then each link of the page is a list that is not empty."""
    enter(page, world)
    page.goto(world.at())
    bar = page.locator(".chart a")
    expect(bar).to_have_count(1)
    tab_to(page, bar)
    page.keyboard.press("Enter")
    expect(page.locator(".as-linked")).to_contain_text("Judged from")
    expect(page.locator("tbody tr")).to_have_count(4)
    expect(page.locator("#items-filter")).to_have_value("linked")
    page.locator("#items-filter").select_option("state=flagged")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(".as-linked")).to_have_count(0)
    page.goto(world.at())
    expect(page.locator(".headline")).to_be_visible()
    links = {
        link.get_attribute("href") or "": link.inner_text().strip()
        for link in page.locator(".panel a[href*='/items?']:not(.column)").all()
    }
    assert len(links) >= 10
    for href, text in links.items():
        answer = world.tenant.owner.get(href)
        assert bool(answer["items"]) == (not text.startswith("0")), (href, text)
    numbers = page.locator(".figures dd, .headline strong, .data .num:not(th)")
    assert numbers.count() > 8
    for number in numbers.all():
        expect(number.locator("a")).to_have_count(1)
    watch.check()


def test_a_change_is_seen_live_and_a_revoked_session_is_told(
    page: Page, live_service: LiveService, watch: Watch
) -> None:
    world = make_world(live_service)
    enter(page, world, name="Maud")
    page.goto(world.at())
    expect(page.locator("[data-done='12']")).to_be_visible()
    expect(page.locator("[data-live='true']")).to_be_visible()
    judge(world.annotators[1], world.project, "left")
    expect(page.locator("[data-done='13']")).to_be_visible(timeout=10_000)
    members = world.tenant.owner.get("/members?limit=100")["items"]
    (maud,) = [one for one in members if one["name"] == "Maud"]
    watch.check()
    world.tenant.owner.delete(f"/members/{maud['id']}")
    expect(page.get_by_text("You have been signed out")).to_be_visible(timeout=15_000)
    expect(page.locator("[data-done]")).to_have_count(0)
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert not watch.foreign


def test_people_are_invited_by_a_link_and_removed(page: Page, world: World, watch: Watch) -> None:
    enter(page, world)
    page.goto(f"{world.live.url}/people")
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("#invite-message")).to_have_text(
        "Please give a name and an e-mail address."
    )
    page.get_by_label("Name").fill("Zoe")
    page.get_by_label("E-mail address").fill("zoe@people.example")
    page.get_by_label("Role").select_option("reviewer")
    page.get_by_label("Vendor").select_option(label="Labels Ltd")
    assert "owner" not in page.get_by_label("Role").locator("option").evaluate_all(
        "(all) => all.map((one) => one.value)"
    )
    tab_to(page, page.get_by_role("button", name="Make a link"))
    page.keyboard.press("Enter")
    link = page.locator("#invitation-link")
    expect(link).to_have_value(f"{world.live.url}/accept#" + link.input_value().split("#")[1])
    invited = page.locator("[data-invitation]").filter(has_text="Zoe")
    expect(invited).to_contain_text("Mo")
    first = link.input_value()
    page.get_by_role("button", name="Revoke the invitation of Zoe").click()
    expect(invited).to_have_attribute("data-invitation", "revoked")
    expect(link).to_have_count(0)
    expect(page.locator("#announcer")).to_contain_text("does not work any more")
    guest = page.context.browser.new_page()  # type: ignore[union-attr]
    guest.goto(first)
    expect(guest.get_by_role("heading", name="This link does not work")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="New link for Zoe"))
    page.keyboard.press("Enter")
    expect(link).not_to_have_value(first)
    expect(link).to_be_focused()
    expect(invited).to_have_attribute("data-invitation", "open")
    guest.goto(f"{world.live.url}/healthz")
    guest.goto(link.input_value())
    expect(guest.get_by_role("heading", name="Welcome")).to_be_visible()
    guest.close()
    row = page.locator("[data-member]").filter(has_text="Zoe")
    expect(row).to_contain_text("Reviewer")
    expect(row).to_contain_text("Labels Ltd")
    row.get_by_role("button", name="Remove Zoe").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row).to_contain_text("removed")
    expect(invited).to_have_count(0)
    # Whoever was removed can be invited again.
    page.get_by_label("Name").fill("Zoe again")
    page.get_by_label("E-mail address").fill("zoe@people.example")
    page.get_by_role("button", name="Make a link").click()
    expect(row).to_have_count(2)
    watch.check()


def test_items_come_page_by_page(page: Page, live_service: LiveService, watch: Watch) -> None:
    world = make_world(live_service)
    more = world.tenant.project(name="Many")
    world.tenant.load(more, 120)
    enter(page, world)
    page.goto(f"{world.live.url}/projects/{more}/items")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(100)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(120)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    watch.check()


def test_unknown_things_are_told(page: Page, world: World) -> None:
    enter(page, world)
    for path in ("/projects/none", "/projects/01a20c91-c221-7000-87f5-ff82c80e125d/items/x"):
        page.goto(world.live.url + path)
        expect(page.get_by_text("The page cannot be loaded")).to_be_visible()


@pytest.mark.parametrize("index", range(len(HOSTILE)))
def test_hostile_texts_are_texts(page: Page, world: World, watch: Watch, index: int) -> None:
    text = hostile(index).replace("\0", "").replace("\x0b", "")
    strange = make_world(world.live, text=text)
    enter(page, strange, name=text)
    item = item_of(strange)
    for path in ("", "/annotators", "/items", f"/items/{item}"):
        page.goto(strange.at(path))
        expect(page.locator(".panel").first).to_be_visible()
        assert page.locator("h1").text_content() == text
        assert page.locator(".workspace-name").text_content() == text
    page.get_by_role("button", name="Open and log").click()
    expect(page.locator(".work-list")).to_be_visible()
    page.goto(f"{world.live.url}/people")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.wait_for_timeout(60)
    assert page.evaluate("() => window.ran") is None
    watch.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, world: World, watch: Watch, scheme: str) -> None:
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
    )
    context.set_default_timeout(8000)
    context.add_init_script(TELL_VIOLATIONS)
    page = context.new_page()
    watch.attach(page)
    enter(page, world)
    session = context.new_cdp_session(page)
    run = world.tenant.owner.get(f"/projects/{world.project}/overview")["run"]["id"]
    places = [world.at(end.format(item=item_of(world))) for end in PAGES]
    places.append(world.at(f"/items?run={run}&rank=1&outcome=won"))
    for place in [*places, f"{world.live.url}/projects", f"{world.live.url}/people"]:
        page.goto(place)
        expect(page.locator(".panel").first).to_be_visible()
        if place.endswith("/results") or "/items/" in place:
            page.get_by_role("button", name="Open and log").click()
            expect(page.locator(".estimate, .work-list").first).to_be_visible()
        shoot(page, place, scheme)
        assert violations(session) == [], place
    watch.check()
    context.close()


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nothing_is_cut_off_sideways(page: Page, world: World, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    enter(page, world)
    places = [world.at(end.format(item=item_of(world))) for end in PAGES]
    for place in [*places, f"{world.live.url}/projects", f"{world.live.url}/people"]:
        page.goto(place)
        expect(page.locator(".panel").first).to_be_visible()
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, place
