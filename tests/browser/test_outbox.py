"""A cut network loses nothing and submits nothing twice."""

from playwright.sync_api import Page, Route, expect
from tests.browser.conftest import Site
from tests.browser.journeys import answer, current_lease, expect_saved, sign_in
from tests.browser.seats import sign_out
from tests.browser.standin import Standin


def test_network_cut_before_submit_then_restored(page: Page, site: Site, standin: Standin) -> None:
    sign_in(page, site)
    page.context.set_offline(True)
    lease = answer(page, "2")
    expect(page.locator(".save-state")).to_have_text("1 unsent")
    expect(page.locator(".notice")).to_contain_text("It is kept in this browser")
    assert standin.submit_count == 0
    page.context.set_offline(False)
    expect_saved(page, 1)
    assert standin.submit_count == 1
    assert standin.answers[lease]["answer"]["choice"] == "right"


def test_answer_lost_on_its_way_back(page: Page, site: Site, standin: Standin) -> None:
    sign_in(page, site)
    lost = 0

    def lose_the_first(route: Route) -> None:
        nonlocal lost
        if lost == 0:
            lost += 1
            route.fetch(headers={**route.request.all_headers(), "sec-fetch-site": "same-origin"})
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/judgments", lose_the_first)
    answer(page, "1")
    expect_saved(page, 1)
    assert standin.submit_count == 2
    assert len(standin.judgments) == 1


def test_unsent_answers_outlive_the_page(page: Page, site: Site, standin: Standin) -> None:
    sign_in(page, site)
    page.route("**/judgments", lambda route: route.abort())
    lease = answer(page, "1")
    expect(page.locator(".save-state")).to_have_text("1 unsent")
    page.unroute("**/judgments")
    page.reload()
    expect_saved(page, 1)
    assert standin.answers[lease]["answer"]["choice"] == "left"
    assert current_lease(page) != lease


def test_holding_the_key_submits_once(page: Page, site: Site, standin: Standin) -> None:
    sign_in(page, site)
    page.keyboard.press("1")
    for _ in range(5):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect_saved(page, 1)
    assert standin.submit_count == 1


def test_signing_out_with_unsent_answers_asks_first(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.route("**/judgments", lambda route: route.abort())
    answer(page, "1")
    sign_out(page)
    dialog = page.get_by_role("dialog", name="Sign out?")
    expect(dialog).to_contain_text("1 answer has not been sent.")
    dialog.get_by_role("button", name="Stay").click()
    expect(page.locator(".task")).to_be_visible()
