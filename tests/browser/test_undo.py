"""Going back: inside a task, and to what was submitted."""

from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Site, Watch
from tests.browser.journeys import answer, current_lease, expect_saved, sign_in
from tests.browser.seats import seated
from tests.browser.standin import Standin
from tests.ground import LiveService

CHOICES = {"1": "System A", "2": "System B", "3": "Tie"}


def expect_choice(page: Page, name: str) -> None:
    expect(page.get_by_role("radio", name=name)).to_be_checked()


def test_steps_inside_a_task_back_and_forth(page: Page, site: Site, watch: Watch) -> None:
    sign_in(page, site)
    for key in CHOICES:
        page.keyboard.press(key)
    page.keyboard.press("r")
    page.keyboard.type("typed in one go")
    page.locator("#task-title").focus()
    page.keyboard.press("u")
    expect(page.get_by_label("Reason")).to_have_value("")
    page.keyboard.press("Control+z")
    expect_choice(page, "System B")
    page.keyboard.press("u")
    expect_choice(page, "System A")
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("y")
    expect_choice(page, "Tie")
    page.keyboard.press("Control+y")
    expect(page.get_by_label("Reason")).to_have_value("typed in one go")
    watch.check()


def test_undo_in_a_field_is_the_fields(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.keyboard.press("1")
    page.keyboard.press("r")
    page.keyboard.type("abc")
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Reason")).to_be_focused()
    expect_choice(page, "System A")


def test_back_to_the_last_answers_in_order(
    page: Page, site: Site, standin: Standin, watch: Watch
) -> None:
    sign_in(page, site)
    answered = [answer(page, key) for key in CHOICES]
    expect_saved(page, 3)
    page.keyboard.press("2")
    shown = current_lease(page)
    page.keyboard.press("u")  # The step of this task first.
    expect(page.locator(".option.is-picked")).to_have_count(0)
    page.keyboard.press("1")
    page.keyboard.press("u")
    for number, name in ((3, "Tie"), (2, "System B"), (1, "System A")):
        page.keyboard.press("u")
        text = page.locator("[data-side='a'] .markdown")
        expect(text).to_have_text(f"Left answer {number}.")
        expect_choice(page, name)
    expect(page.get_by_role("status").first).to_contain_text("Your last answer is back")
    page.keyboard.press("u")
    expect(page.locator(".told")).to_have_text("There is nothing to undo.")
    # Answered anew, the others follow, with what they had.
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect_choice(page, "System B")
    page.keyboard.press("Enter")
    expect_choice(page, "Tie")
    page.keyboard.press("Enter")
    expect_saved(page, 3)
    expect(page.locator(f".task[data-lease='{shown}']")).to_be_visible()
    stand = [lease for lease in standin.answers if standin.leases[lease].state == "submitted"]
    said = {standin.leases[one].item_id: standin.answers[one]["answer"]["choice"] for one in stand}
    assert said == {"item-1": "tie", "item-2": "right", "item-3": "tie"}
    assert {standin.leases[lease].state for lease in answered} == {"withdrawn"}
    watch.check()


def test_after_a_reload_the_server_knows_what_was_answered(page: Page, site: Site) -> None:
    sign_in(page, site)
    answer(page, "2")
    expect_saved(page, 1)
    page.reload()
    expect(page.locator(".task")).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator("[data-side='a'] .markdown")).to_have_text("Left answer 1.")
    expect_choice(page, "System B")


def test_what_the_server_refuses_to_take_back_is_said(
    page: Page, site: Site, standin: Standin
) -> None:
    sign_in(page, site)
    lease = answer(page, "2")
    expect_saved(page, 1)
    standin.leases[lease].state = "settled"
    page.keyboard.press("u")
    expect(page.locator(".told")).to_contain_text("can no longer be taken back")


def test_an_unsent_answer_cannot_be_taken_back_yet(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.route("**/judgments", lambda route: route.abort())
    answer(page, "2")
    expect(page.locator(".save-state")).to_have_text("1 unsent")
    page.keyboard.press("u")
    expect(page.locator(".told")).to_contain_text("has not reached the server yet")


def test_undo_at_the_real_service(browser: Browser, live_service: LiveService) -> None:
    tenant = live_service.workspace("Undo")
    project = tenant.project(settings={"order": "random"})
    tenant.load(project, 6)
    body = {"email": "ada@people.example", "name": "Ada", "role": "annotator"}
    code = tenant.owner.post("/invitations", body)["code"]
    with seated(browser, tenant, code=code) as page:
        prompts: list[str] = []
        for key in CHOICES:
            prompts.append(page.locator(".prompt .markdown").inner_text())
            answer(page, key)
        expect_saved(page, 3)
        for prompt, name in zip(reversed(prompts), ("Tie", "System B", "System A"), strict=True):
            page.keyboard.press("u")
            expect(page.locator(".prompt .markdown")).to_have_text(prompt)
            expect_choice(page, name)
        page.keyboard.press("2")
        for _ in range(3):
            lease = current_lease(page)
            page.keyboard.press("Enter")
            expect(page.locator(f".task[data-lease='{lease}']")).to_have_count(0)
        expect_saved(page, 3)
        page.keyboard.press("t")
        row = page.locator(".summary tr").filter(has_text="Answered").locator("td")
        expect(row).to_have_text(["3", "3"])
    where = "SELECT count(*) AS n FROM judgments.{} WHERE workspace_id = $1"
    assert live_service.sql(where.format("judgment"), tenant.id)[0]["n"] == 6
    assert live_service.sql(where.format("withdrawal"), tenant.id)[0]["n"] == 3
    run = tenant.owner.post(f"/projects/{project}/consensus", {"method": "default"})
    assert run["id"]
