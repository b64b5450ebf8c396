"""What was typed is kept: in the browser at once, by the server soon, and never thrown away."""

from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Site, Watch
from tests.browser.journeys import current_lease, sign_in
from tests.browser.payloads import hostile
from tests.browser.seats import seated
from tests.browser.standin import Standin
from tests.ground import LiveService

KEPT = """() => new Promise((resolve, reject) => {
  const asked = indexedDB.open("evenhand");
  asked.onerror = () => reject(asked.error);
  asked.onsuccess = () => {
    const all = asked.result.transaction("drafts").objectStore("drafts").getAll();
    all.onsuccess = () => { asked.result.close(); resolve(all.result.map((row) => row.state)); };
  };
})"""


def type_reason(page: Page, text: str) -> None:
    page.get_by_label("Reason").fill(text)
    page.locator("#task-title").focus()


def test_in_the_browser_within_250_ms_and_at_the_server_within_2_s(
    page: Page, site: Site, standin: Standin, watch: Watch
) -> None:
    sign_in(page, site)
    page.keyboard.press("2")
    page.wait_for_timeout(250)
    assert page.evaluate(KEPT) == [{"pick": "b", "reason": ""}]
    page.wait_for_timeout(1750)
    stored = standin.drafts[current_lease(page)]
    assert (stored["version"], stored["state"]) == (1, {"pick": "b", "reason": ""})
    watch.check()


def test_another_browser_goes_on_with_it(page: Page, site: Site, standin: Standin) -> None:
    standin.fill(hold=3, have=[])
    standin.drafts["lease-1"] = {
        "version": 3,
        "state": {"pick": "a", "reason": "begun elsewhere"},
        "active_ms": 5000,
    }
    sign_in(page, site)
    assert current_lease(page) == "lease-1"
    expect(page.get_by_label("Reason")).to_have_value("begun elsewhere")
    page.keyboard.press("2")
    page.wait_for_timeout(2000)
    assert standin.drafts["lease-1"]["version"] == 4


def test_two_pages_that_type_into_one_task_are_told(
    page: Page, site: Site, standin: Standin
) -> None:
    sign_in(page, site)
    lease = current_lease(page)
    other = {"version": 7, "state": {"pick": "b", "reason": "the other page's"}, "active_ms": 1}
    standin.drafts[lease] = other
    type_reason(page, "this page's")
    notice = page.locator(".notice").filter(has_text="Another page of yours")
    expect(notice).to_be_visible()
    assert standin.drafts[lease] == other
    notice.get_by_role("button", name="Use the other one").click()
    expect(page.get_by_label("Reason")).to_have_value("the other page's")
    expect(notice).to_have_count(0)
    page.keyboard.press("u")
    expect(page.get_by_label("Reason")).to_have_value("this page's")
    page.wait_for_timeout(2000)
    assert standin.drafts[lease]["state"]["reason"] == "this page's"
    standin.drafts[lease] = {**other, "version": 20}
    page.keyboard.press("1")
    notice.get_by_role("button", name="Keep this one").click()
    expect(notice).to_have_count(0)
    assert standin.drafts[lease]["version"] == 21


def test_a_draft_of_a_task_that_moved_on_is_offered_back(
    page: Page, site: Site, standin: Standin, watch: Watch
) -> None:
    sign_in(page, site)
    lease = current_lease(page)
    text = hostile(1)
    type_reason(page, text)
    page.wait_for_timeout(300)
    standin.leases[lease].state = "expired"
    page.reload()
    notice = page.locator(".notice").filter(has_text="has moved on")
    expect(notice.locator(".kept-work")).to_contain_text(text)
    page.reload()
    notice.get_by_role("button", name="Put it into this task").click()
    expect(page.get_by_label("Reason")).to_have_value(text)
    expect(notice).to_have_count(0)
    page.wait_for_timeout(300)
    page.reload()
    expect(page.get_by_label("Reason")).to_have_value(text)
    expect(notice).to_have_count(0)
    assert page.evaluate("window.ran") is None
    assert not watch.dialogs
    assert not watch.foreign


def test_a_lease_that_ends_under_the_hands_keeps_the_work(
    page: Page, site: Site, standin: Standin
) -> None:
    standin.lease_ttl_s = 3
    sign_in(page, site)
    lease = current_lease(page)
    type_reason(page, "half a thought")
    standin.gone.add(lease)
    standin.leases[lease].state = "expired"
    page.mouse.move(10, 10)
    notice = page.locator(".notice").filter(has_text="has moved on")
    expect(notice.locator(".kept-work")).to_contain_text("half a thought")
    assert current_lease(page) != lease
    notice.get_by_role("button", name="Dismiss").click()
    page.reload()
    expect(page.locator(".task")).to_be_visible()
    expect(notice).to_have_count(0)


def test_the_same_item_under_a_new_lease_has_its_draft(
    page: Page, site: Site, standin: Standin
) -> None:
    sign_in(page, site)
    lease = current_lease(page)
    type_reason(page, "goes with the item")
    page.wait_for_timeout(300)
    standin.leases[lease].state = "released"
    page.reload()
    expect(page.get_by_label("Reason")).to_have_value("goes with the item")
    assert current_lease(page) != lease


def test_a_draft_of_another_form_is_no_blank_page(
    page: Page, site: Site, standin: Standin, watch: Watch
) -> None:
    standin.fill(hold=3, have=[])
    standin.drafts["lease-1"] = {
        "version": 1,
        "state": {"pick": [], "reason": 4},
        "active_ms": 0,
    }
    sign_in(page, site)
    page.wait_for_timeout(200)
    expect(page.locator(".task")).to_be_visible()
    expect(page.locator(".option.is-picked")).to_have_count(0)
    watch.check()


def test_draft_at_the_real_service_in_two_browsers(
    browser: Browser, live_service: LiveService
) -> None:
    tenant = live_service.workspace("Drafts")
    project = tenant.project()
    tenant.load(project, 4)
    body = {"email": "eve@people.example", "name": "Eve", "role": "annotator"}
    invited = tenant.owner.post("/invitations", body)
    with seated(browser, tenant, code=invited["code"]) as page:
        page.keyboard.press("2")
        type_reason(page, "begun at one place")
        page.wait_for_timeout(2200)
        # The same person at another browser: the session, but nothing that was kept.
        with seated(browser, tenant, session=page.context.cookies()) as other:
            expect(other.get_by_label("Reason")).to_have_value("begun at one place")
            expect(other.get_by_role("radio", name="System B")).to_be_checked()
            other.keyboard.press("Enter")
            expect(other.locator(".save-state[data-sent='1']")).to_be_visible()
    assert live_service.sql("SELECT 1 FROM tasks.draft WHERE workspace_id = $1", tenant.id) == []
